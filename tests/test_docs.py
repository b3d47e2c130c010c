"""What the docs say exists, exists: settings, commands, targets, files; and the generated pages are the table's."""

import re
import shlex
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.cli import configuration
from bot.cli.main import read
from bot.language.intents import NotUnderstood
from bot.language.staff import understand
from bot.settings import ACCOUNT_TABLES, SECTIONS, TABLE, load

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
KEYS = {setting.key for table in (TABLE, *ACCOUNT_TABLES.values()) for setting in table}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page, language):
    return re.findall(rf"^[ ]*```(?:{language})\n(.*?)^[ ]*```", page.read_text(encoding="utf-8"), re.M | re.S)


def inline(page):
    prose = re.sub(r"^[ ]*```.*?^[ ]*```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", prose)


def typed(page):
    """Every line the page tells somebody to type at a terminal."""
    lines = [line.strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return [*lines, *(code for code in inline(page) if code.startswith(("shuke ", ".venv/bin/shuke ", "make ")))]


def test_the_example_is_the_tables():
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == configuration.example(), "make settings"


def test_the_reference_is_the_tables():
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == configuration.reference(), "make settings"


@each_page
def test_commands_can_be_typed(page):
    for line in typed(page):
        words = shlex.split(line.replace("…", "x"))
        if words[0].endswith("shuke") and len(words) > 1 and words[1].isascii() and words[1].islower():
            read(_complete(words[1:]))


def _complete(words):
    """A command named without its arguments gets some, so that only the name is checked."""
    needs = {"staff": ["invite"], "db": ["upgrade"], "export": ["customers"], "broadcast": ["list"]}
    needs["import"] = ["ledger", "FILE"]
    return words + needs.get(words[0], []) if len(words) == 1 else words


@each_page
def test_targets_can_be_made(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {line.split()[1] for line in typed(page) if line.startswith("make ")}
    assert named - targets == set()


@each_page
def test_settings_exist(page):
    named = {code for code in inline(page) if re.fullmatch(rf"({'|'.join(SECTIONS)}|accounts)\.[a-z_]+", code)}
    assert named - KEYS == set()


@each_page
def test_configurations_load(page, tmp_path):
    for block in blocks(page, "toml"):
        (tmp_path / "config.toml").write_text(block, encoding="utf-8")
        assert load(None, {}, tmp_path).accounts


@each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert re.match(r"https?://", target) or (page.parent / target).exists(), target


@each_page
def test_paths_exist(page):
    for code in inline(page):
        if re.fullmatch(r"(bot|handlers|jobs|docs|tests|scripts_library|bench)/[\w./]*", code):
            assert (ROOT / code).exists(), code


def test_both_readmes_tell_the_same():
    english, chinese = ([block.split() for block in blocks(page, "sh|ini|nginx|text")] for page in PAGES[:2])
    assert english == chinese


def test_the_first_ten_lines_are_understood():
    page = (ROOT / "docs" / "first-day.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\d+\. `([^`]+)`", page, re.M)
    now = datetime(2026, 9, 16, 14, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert len(lines) == 10
    assert [line for line in lines if isinstance(understand(line, now), NotUnderstood)] == []
