"""Writes configuration: the example file and the docs page from the table, and a rehearsal's own file.

``python -m bot.cli.configuration`` (``make settings``) renews ``config.example.toml`` and ``docs/settings.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.settings import ACCOUNT_TABLES, REQUIRED, SECTIONS, TABLE, Account, Setting, as_toml

ROOT = Path(__file__).resolve().parents[2]

EXAMPLE_HEAD = """\
# 熟客: every setting with its default. Copy this file to config.toml and change what you need.
# An unknown setting or a wrong type stops the start and names the right one. Relative paths count from this file.
"""

EXAMPLE_ACCOUNTS = """
# One block for each account; without any, `shuke run` rehearses (演练) on a platform of its own.
# Take the "# " away in front of [[accounts]] and of each setting you fill in.
"""

REFERENCE_HEAD = """\
# Settings

One TOML file: `--config PATH`, else the environment variable `SHUKE_CONFIG`, else `config.toml` of the
current folder, else the defaults below. A file that was named must exist. Relative paths count from the
file's folder, without a file from the current one. Everything is checked before anything starts.

This page and `config.example.toml` are written from the table in `bot/settings.py` by `make settings`.
"""

REFERENCE_ACCOUNTS = """
## [[accounts]]

One block for each account; without any, `shuke run` rehearses on a platform of its own. The secret comes
from the environment variable `SHUKE_<NAME>_SECRET` (the name in capitals, `-` as `_`), else from
`secret_file`, else from `secret`.
"""

REFERENCE_TAIL = """
## The key of erased customers

Whoever has their data erased leaves a keyed hash, so that no import brings them back. The key is made at the first start in
`erasure.key` beside the SQLite file (with PostgreSQL: in `data/` of the configuration's folder), readable for its owner
only; the database holds a proof of it, never the key. It belongs into the backup. Every machine over one PostgreSQL needs
the same: copy the file, or set `SHUKE_ERASURE_KEY` to its content; a machine with none or another does not start its parts.
An older database's key moves into the file by itself, at the first start or `shuke db upgrade`. When it is lost for good:
`shuke db new-key`.

## For rehearsals

`SHUKE_CLOCK_FILE` in the environment lets the shop's clock follow a sandbox started with the same
`--clock-file`. `shuke run` without accounts needs no such thing.
"""


def example() -> str:
    """The text of ``config.example.toml``; as it stands it means what no file at all means."""
    lines: list[str] = []
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for setting in _of(section):
            lines += [f"# {setting.help}", f"{setting.name} = {as_toml(setting.default)}"]
    accounts: list[str] = []
    for table in ACCOUNT_TABLES.values():
        accounts += ["", "# [[accounts]]"]
        for setting in table:
            value = setting.default if setting.example is None else setting.example
            mark = "# # " if setting.name == "secret_file" else "# "
            accounts.append(f"{mark}{setting.name} = {as_toml(value)}  # {setting.help}")
    return EXAMPLE_HEAD + "\n".join(lines) + "\n" + EXAMPLE_ACCOUNTS + "\n".join(accounts) + "\n"


def reference() -> str:
    """The text of ``docs/settings.md``."""
    sections = [f"\n## [{section}]\n\n{_rows(_of(section))}" for section in SECTIONS]
    accounts = [
        f'\nWith `platform = "{platform}"`:\n\n{_rows(table, REQUIRED[platform])}'
        for platform, table in ACCOUNT_TABLES.items()
    ]
    return REFERENCE_HEAD + "".join(sections) + REFERENCE_ACCOUNTS + "".join(accounts) + REFERENCE_TAIL


def compose(given: Mapping[str, str | int], accounts: Iterable[Account]) -> str:
    """A configuration file with these settings (``{"web.listen": …}``) and accounts, their secrets included."""
    lines: list[str] = []
    for section in SECTIONS:
        chosen = [setting for setting in _of(section) if setting.key in given]
        if chosen:
            lines += [f"[{section}]", *(f"{setting.name} = {as_toml(given[setting.key])}" for setting in chosen), ""]
    for account in accounts:
        table = ACCOUNT_TABLES[account.platform]
        values = {setting.name: getattr(account, setting.name, "") for setting in table}
        # What decides which settings there are is never left to a default.
        changed = [s for s in table if values[s.name] != s.default or s.name == "platform"]
        lines += ["[[accounts]]", *(f"{setting.name} = {as_toml(values[setting.name])}" for setting in changed), ""]
    return "\n".join(lines)


def _of(section: str) -> list[Setting]:
    return [setting for setting in TABLE if setting.section == section]


def _rows(settings: Iterable[Setting], needed: Iterable[str] = ()) -> str:
    rows = ["| setting | type | default | what it is for |", "|---|---|---|---|"]
    for setting in settings:
        kind = {str: "text", int: "number", tuple: "list of texts"}[type(setting.default)]
        default = "required" if setting.name in needed else f"`{as_toml(setting.default)}`"
        meaning = setting.help.replace("|", "\\|").replace("<", "&lt;")
        rows.append(f"| `{setting.key}` | {kind} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def renew() -> None:
    (ROOT / "config.example.toml").write_text(example(), encoding="utf-8")
    (ROOT / "docs" / "settings.md").write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    renew()
