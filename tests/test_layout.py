"""The plan of the house, as data: which room may import which, how the domain's rooms stand, what has no place.

Style is a matter of taste, this is not: an import the other way round is how a house turns into one big room.
"""

import ast
import re
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

TOP_LEVEL = {
    "app.py",
    "bench",
    "bot",
    "CHANGELOG.md",
    "config.example.toml",
    "docs",
    "handlers",
    "jobs",
    "LICENSE",
    "Makefile",
    "pyproject.toml",
    "README.md",
    "README.zh-CN.md",
    "requirements.lock",
    "scripts_library",
    "tests",
    ".ci",
    ".gitignore",
}
# What tools and runs leave behind; .gitignore keeps it out of the repository.
PRODUCED = {".git", ".venv", "data", "build", "config.toml", "__pycache__"}

# Every room may use the words for failures and the types of settings and clock; reading them is another matter.
COMMON = {"bot.errors", "bot.clock", "bot.settings"}
# What of delivery is asked when planning: rows to write and what they say, what became of them, limits, and its rules,
# which are free of I/O.
PLANNING = {
    f"bot.delivery.{module}"
    for module in ("outbox", "contents", "broadcasts", "confirming", "limits", "rules", "taps", "tasks")
}
# What an account can do, asked by whoever would otherwise ask for a platform by name.
ABLE = {"bot.platforms.abilities"}
# The two things every handler is handed: what came in, and the transaction it is answered in.
HANDED = {"bot.platforms.messages", "bot.store.transaction"}

# room: the rooms it may import, besides itself
MAY_IMPORT = {
    "handlers": {"bot.gateway.router", "bot.language", "bot.domain", *PLANNING, *HANDED, *ABLE, *COMMON},
    "jobs": {"bot.gateway", "bot.domain", "bot.delivery", "bot.platforms", "bot.store", *COMMON},
    "bot.cli": {"bot", *COMMON},
    "bot.rehearsal": {
        *("bot.sandbox", "bot.gateway", "bot.domain", "bot.delivery", "bot.language", "bot.store", "jobs"),
        *COMMON,
    },
    "bot.language": {"bot.errors"},
    "bot.gateway": {"bot.platforms", "bot.store", *COMMON},
    "bot.domain": {"bot.store", "bot.language", *PLANNING, *ABLE, *COMMON},
    "bot.domain.scripts": {"scripts_library", "bot.domain", "bot.store", "bot.language", *PLANNING, *ABLE, *COMMON},
    "bot.delivery": {"bot.platforms", "bot.store", *COMMON},
    "bot.platforms": {"bot.store", *COMMON},
    "bot.store": {"bot.clock", "bot.errors"},
    "bot.migrations": {"bot"},
    "bot.sandbox": set(),
    "scripts_library": set(),
    "bot.settings": {"bot.errors"},
    "bot.clock": set(),
    "bot.errors": set(),
}
NOT_EVEN = {"bot.cli": ("bot.sandbox", "bot.rehearsal")}

# From left to right; each may import only what stands to its left.
ROW = (
    "merchants",
    "customers",
    "scripts",
    "orders",
    "activities",
    "referrals",
    "complaints",
    # Left of care, whose red packets name a group; of the customers in one it asks only who they are.
    "groups",
    "care",
    "campaigns",
    "analytics",
    "journeys",
    "contacts",
    "working_day",
    "morning",
    "play_trial",
)

# Libraries that stay where they belong; all others are free.
KEPT = {
    "flask": {"app", "bot.console", "bot.gateway", "bot.rehearsal", "bot.sandbox"},
    "werkzeug": {"app", "bot.console", "bot.gateway", "bot.sandbox"},
    "wechatpy": {"bot.platforms"},
    "pycurl": {"bot.platforms"},
    "requests": {"bot.platforms"},
    "httpx": {"bot.platforms"},
    "cryptography": {"bot.platforms", "bot.sandbox"},
    # rq's worker throws redis' errors at whoever runs it; the doctor asks Redis how open its door is.
    "redis": {"bot.store", "bot.platforms", "jobs.worker", "bot.cli.doctor"},
    "rq": {"bot.store", "jobs"},
    "alembic": {"bot.migrations", "bot.cli"},
    "granian": {"app"},
}

# Imports inside functions: app.py builds each part only when it is asked for, and says so on its first lines.
BUILDS_LATE = {"app"}
REASON = re.compile(r"#.*(start|cost|cycle)")

EMPTY_NAMES = {"util", "utils", "helper", "helpers", "misc", "manager", "managers", "data", "info"}


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def ours():
    for room in ("app.py", "bot", "handlers", "jobs", "scripts_library"):
        place = ROOT / room
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


SOURCES = {module_of(path): path for path in ours()}


@cache
def tree_of(module):
    return ast.parse(SOURCES[module].read_text(encoding="utf-8"))


def is_in(module, room):
    return module == room or module.startswith(f"{room}.")


def room_of(module):
    """The narrowest room of the table the module stands in."""
    rooms = [room for room in MAY_IMPORT if is_in(module, room)]
    return max(rooms, key=len, default=None)


def imported(module):
    """What a module imports, as (line, full dotted name)."""
    package = module if SOURCES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).strip(".")
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if whole in SOURCES else base


def words_of(name):
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def comments_of(module):
    with SOURCES[module].open("rb") as file:
        return {t.start[0]: t.string for t in tokenize.tokenize(file.readline) if t.type == tokenize.COMMENT}


def test_nothing_new_lies_on_the_doorstep():
    hidden = re.compile(r"\..*_cache|\.hypothesis|.*\.egg-info")
    found = {entry.name for entry in ROOT.iterdir() if not hidden.fullmatch(entry.name)}
    assert found - TOP_LEVEL - PRODUCED == set()


def test_every_module_has_a_room():
    assert [module for module in SOURCES if room_of(module) is None and module not in ("app", "bot")] == []


def test_rooms_import_only_what_the_table_allows():
    wrong = []
    for module in SOURCES:
        room = room_of(module)
        if room is None:
            continue
        for line, target in imported(module):
            if target.split(".")[0] not in ("app", "bot", "handlers", "jobs", "scripts_library", "tests", "bench"):
                continue
            allowed = is_in(target, room) or any(is_in(target, other) for other in MAY_IMPORT[room])
            if not allowed or any(is_in(target, other) for other in NOT_EVEN.get(room, ())):
                wrong.append(f"{SOURCES[module].relative_to(ROOT)}:{line} imports {target}")
    assert wrong == []


def test_rooms_of_the_domain_import_only_leftwards():
    wrong = []
    for module in SOURCES:
        if not module.startswith("bot.domain."):
            continue
        room = module.split(".")[2]
        assert room in ROW, f"{module}: give {room} its place in the row"
        for line, target in imported(module):
            if target.startswith("bot.domain.") and ROW.index(target.split(".")[2]) > ROW.index(room):
                wrong.append(f"{SOURCES[module].relative_to(ROOT)}:{line} imports {target}")
    assert wrong == []


def test_libraries_stay_where_they_belong():
    wrong = []
    for module in SOURCES:
        for line, target in imported(module):
            homes = KEPT.get(target.split(".")[0])
            if homes is not None and not any(is_in(module, home) for home in homes):
                wrong.append(f"{SOURCES[module].relative_to(ROOT)}:{line} imports {target}")
    assert wrong == []


def test_imports_stand_on_top_or_say_why_not():
    wrong = []
    for module in SOURCES:
        if module in BUILDS_LATE:
            continue
        comments = comments_of(module)
        for function in ast.walk(tree_of(module)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    near = " ".join(comments.get(line, "") for line in range(node.lineno - 2, node.end_lineno + 1))
                    if not REASON.search(near):
                        wrong.append(f"{SOURCES[module].relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_only_app_and_the_command_line_read_the_configuration():
    wrong = []
    for module in SOURCES:
        if is_in(module, "bot.cli") or module in ("app", "bot.settings"):
            continue
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ImportFrom) and node.module == "bot.settings":
                wrong += [f"{module}: {alias.name}" for alias in node.names if alias.name in ("load", "find")]
    assert wrong == []


def test_names_say_what_a_thing_is():
    wrong = []
    for module, path in SOURCES.items():
        if words_of(path.stem) & EMPTY_NAMES:
            wrong.append(str(path.relative_to(ROOT)))
        for node in ast.walk(tree_of(module)):
            named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if named and words_of(node.name) & EMPTY_NAMES:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert wrong == []


def test_a_module_says_on_top_whether_to_read_on():
    silent = [module for module in SOURCES if tree_of(module).body and not ast.get_docstring(tree_of(module))]
    assert silent == []
