"""``shuke …``: reads the command line, opens what the command needs, and says in words what went wrong.

Only light modules stand on top: ``shuke web`` answers within a second, and most of that belongs to the web part.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from bot.cli.commands import Commands
from bot.cli.demo import current
from bot.clock import Clock
from bot.errors import ShukeError
from bot.settings import Settings, load

EXPORTS = ("customers", "tags", "orders", "messages", "deliveries", "broadcasts")
IMPORTS = ("customers", "ledger")
BROADCAST_ACTIONS = ("list", "show", "pause", "resume", "cancel")
EPILOG = "Every command takes --config PATH after its name. Start with: shuke run"


def main(argv: Sequence[str], commands: Commands, environ: Mapping[str, str] = os.environ) -> int:
    """Runs one command; the exit code: 0 done, 1 it failed (said on standard error), 2 a mistyped command line."""
    arguments = read(argv)
    try:
        return _run(arguments, commands, environ)
    except ShukeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `shuke export … | head`: the reader has enough. Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def read(argv: Sequence[str]) -> argparse.Namespace:
    """The command line as ``command`` and its arguments; ends the process with code 2 and a hint on a mistake."""
    parser = build_parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command != "sandbox":
        parser.error(f"unrecognized arguments: {' '.join(rest)} (see shuke {arguments.command} --help)")
    arguments.rest = rest
    return arguments


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shuke", description="熟客: keeps a shop's regulars", epilog=EPILOG)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, help_text: str, *, own_help: bool = True) -> argparse.ArgumentParser:
        added = subparsers.add_parser(
            name, help=help_text, description=help_text, add_help=own_help, allow_abbrev=False
        )
        added.add_argument("--config", type=Path, metavar="PATH", help="the configuration file")
        return added

    command("run", "start everything in this terminal")
    command("web", "the web part: callbacks and health").add_argument("--listen", metavar="HOST:PORT")
    worker = command("worker", "sends what is due and works off what waits")
    worker.add_argument("-n", dest="count", type=_positive, default=1, metavar="N", help="so many processes")
    command("scheduler", "strikes the hours: plans, reminders, digests")
    command("sandbox", "the platform simulator alone (shuke sandbox --help tells its options)", own_help=False)
    staff = command("staff", "staff: a one-time code for 绑定 CODE")
    staff.add_argument("action", choices=["invite"])
    staff.add_argument("--role", choices=["owner", "staff"], default="staff")
    command("doctor", "checks configuration, database, Redis, clock and platform access")
    command("db", "the database's tables").add_argument("action", choices=["upgrade", "new-key"])
    export = command("export", "prints what the shop knows, one record a line")
    export.add_argument("subject", choices=EXPORTS)
    export.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
    taken_in = command("import", "takes in customers or a WeChat Pay bill from a CSV or XLSX file")
    taken_in.add_argument("subject", choices=IMPORTS)
    taken_in.add_argument("file", type=Path, metavar="FILE")
    taken_in.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
    taken_in.add_argument("--partial", action="store_true", help="leave out the lines that are refused")
    broadcast = command("broadcast", "broadcasts: list them, show, pause, resume or cancel one")
    broadcast.add_argument("action", choices=BROADCAST_ACTIONS)
    broadcast.add_argument("number", type=_positive, nargs="?", help="which one; every action but list needs it")
    sync = command("sync", "goes through an account's followers or contacts once more, and says what differed")
    sync.add_argument("account", metavar="ACCOUNT")
    _add_rehearsal(command("rehearse", "plays the coming days with simulated customers; nothing real is touched"))
    return parser


def _add_rehearsal(rehearse: argparse.ArgumentParser) -> None:
    rehearse.add_argument(
        "--from", dest="first", type=date.fromisoformat, metavar="DATE", help="the first day, like 2027-01-01 (today)"
    )
    rehearse.add_argument("--days", type=_positive, default=365, metavar="N", help="so many days (365)")
    rehearse.add_argument("--customers", type=_positive, default=300, metavar="N", help="so many customers (300)")
    rehearse.add_argument("--seed", type=int, default=1, metavar="N", help="another seed is another year (1)")
    rehearse.add_argument("--messages", type=Path, metavar="FILE", help="every message as JSON, a line each")


def _run(arguments: argparse.Namespace, commands: Commands, environ: Mapping[str, str]) -> int:
    if arguments.command == "sandbox":
        return commands.sandbox(arguments.rest)
    if arguments.command == "doctor":
        from bot.cli.doctor import examine  # start-up cost: brings Redis and HTTP along

        return examine(arguments.config, environ, commands.reach)
    settings = load(arguments.config, environ)
    if arguments.command == "run":
        from bot.cli.run import run  # start-up cost: no part needs the supervisor

        return run(settings, environ, commands)
    if arguments.command == "rehearse":
        return _rehearse(arguments, current(settings, environ)[0], commands)
    if arguments.command == "worker" and arguments.count > 1:
        from bot.cli.run import several_workers  # start-up cost: no part needs the supervisor

        return several_workers(settings, environ, commands, arguments.count)
    return _Opened(*current(settings, environ), commands).run(arguments)


@dataclass(frozen=True)
class _Opened:
    """A shop whose settings and clock are known, and the commands that work on it."""

    settings: Settings
    clock: Clock
    commands: Commands

    def run(self, arguments: argparse.Namespace) -> int:
        name = arguments.command
        if name == "web" and arguments.listen:
            return _Opened(self.settings.listening_on(arguments.listen), self.clock, self.commands)._run_part(name)
        if name in ("web", "worker", "scheduler"):
            return self._run_part(name)
        if name == "db":
            return self._upgrade() if arguments.action == "upgrade" else self._new_key()
        self._require_database()
        if name == "staff":
            self._invite(arguments.role)
        elif name == "export":
            self.commands.export(self.settings, self.clock, arguments.subject, arguments.format, sys.stdout)
        elif name == "import":
            return self._import(arguments)
        elif name == "sync":
            return self.commands.sync(self.settings, self.clock, arguments.account, partial(print, flush=True))
        else:
            if arguments.number is None and arguments.action != "list":
                raise ShukeError(
                    f"Which one? For example: shuke broadcast {arguments.action} 12 (shuke broadcast list)"
                )
            print(self.commands.broadcast(self.settings, self.clock, arguments.action, arguments.number))
        return 0

    def _import(self, arguments: argparse.Namespace) -> int:
        report = self.commands.bring_in(
            self.settings,
            self.clock,
            arguments.subject,
            arguments.file,
            dry_run=arguments.dry_run,
            partial=arguments.partial,
        )
        # Programs read what was done on standard output, people why nothing was on the other.
        print("\n".join(report.lines), file=sys.stdout if report.ok else sys.stderr)
        return 0 if report.ok else 1

    def _run_part(self, name: str) -> int:
        part = {"web": self.commands.web, "worker": self.commands.worker, "scheduler": self.commands.scheduler}[name]
        self._require_database(is_part=True, may_be_away=name == "web")
        part(self.settings, self.clock)
        return 0

    def _require_database(self, *, is_part: bool = False, may_be_away: bool = False) -> None:
        from bot.cli import database  # start-up cost: SQLAlchemy, which `shuke run` and the sandbox do without

        try:
            with database.opened(self.settings.store_url, database.key_of(self.settings)) as store:
                database.require(store)
                if is_part:
                    database.settle_key(store, self.clock)
        except database.UnreachableError as error:
            if not may_be_away:
                raise
            # Callbacks go to the spool until the database is back.
            print(error, file=sys.stderr)

    def _upgrade(self) -> int:
        from bot.cli import database  # start-up cost: as above

        with database.opened(self.settings.store_url, database.key_of(self.settings)) as store:
            before = database.upgrade(store)
            database.settle_key(store, self.clock)
        if before.ready:
            print(f"The database is up to date ({before.head}).")
        else:
            print(f"The database was upgraded: {before.current or 'empty'} → {before.head}.")
        return 0

    def _new_key(self) -> int:
        from bot.cli import database  # start-up cost: as above

        self._require_database()
        with database.opened(self.settings.store_url, database.key_of(self.settings)) as store:
            count = database.new_key(store, self.clock)
        print(
            f"A new key stands in {database.key_of(self.settings).path}. "
            f"{count} erased addresses and phones cannot be known again; an import may bring these people back."
        )
        return 0

    def _invite(self, role: str) -> None:
        code = self.commands.invite(self.settings, self.clock, role)
        who = "老板" if role == "owner" else "店员"
        print(f"{who}的一次性绑定码。请本人用微信给公众号发送：绑定 {code}")
        # The last line is the code alone, for programs.
        print(code)


def _rehearse(arguments: argparse.Namespace, settings: Settings, commands: Commands) -> int:
    from bot.cli import database  # start-up cost: as above

    with ExitStack() as opened:
        # Before a minute of playing: a file that cannot be written.
        messages = None if arguments.messages is None else opened.enter_context(_writable(arguments.messages))
        report = commands.rehearse(
            settings,
            own_plans=database.stands(settings),
            first=arguments.first or datetime.now(settings.timezone).date(),
            days=arguments.days,
            customers=arguments.customers,
            seed=arguments.seed,
            messages=messages,
            tell=lambda words: print(words, file=sys.stderr, flush=True),
        )
    print("\n".join(report.lines))
    return 0 if report.ok else 1


def _writable(file: Path) -> TextIO:
    try:
        return file.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ShukeError(f"{file}: cannot be written: {error.strerror}. Name another file for --messages") from error


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # start-up cost: 20 ms for a line nobody asked for

        print(f"熟客 shuke {version('shuke')}")
        parser.exit()
