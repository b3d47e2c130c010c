"""``shuke run``: everything in one terminal, each part a process of its own, embedded services included."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from bot.cli import embedded
from bot.cli.aside import Aside
from bot.cli.commands import Commands
from bot.cli.demo import START, Stage, current
from bot.cli.ports import Ports
from bot.cli.screen import Screen
from bot.cli.supervisor import Part, Supervisor
from bot.errors import SettingsError, ShukeError
from bot.platforms.abilities import abilities
from bot.settings import Settings

WORKERS = 2
SANDBOX_PORT = 8001
WEB_PATIENCE = 15.0
LOOK = 0.25


def run(settings: Settings, environ: Mapping[str, str], commands: Commands) -> int:
    """Starts all parts and keeps them alive until SIGINT or SIGTERM; the exit code.

    Raises SettingsError where a configured port is taken, ShukeError where another run works in the same folder or the
    database cannot be used.
    """
    screen = Screen(sys.stdout.fileno())
    with _alone(settings), Ports() as ports, Supervisor(screen) as supervisor:
        settings = _with_free_port(settings, ports)
        redis = None if settings.redis_url else embedded.prepare(settings)
        if redis is not None:
            supervisor.start(redis)
        phone = None if settings.accounts else ports.free("127.0.0.1", SANDBOX_PORT)
        run = _Run(settings, environ, commands, supervisor, f"http://127.0.0.1:{phone}" if phone else "")
        try:
            if phone is not None:
                _start_sandbox(run, phone)
            _bring_up(run)
            supervisor.watch()
            screen.say("正在停止……")
            supervisor.stop()
        finally:
            embedded.clear(settings)
    screen.say("熟客已停止。")
    return 0


@dataclass
class _Run:
    """What one run has chosen: the settings with the port it listens on, where the sandbox of a rehearsal answers."""

    settings: Settings
    environ: Mapping[str, str]
    commands: Commands
    supervisor: Supervisor
    phone: str


def several_workers(settings: Settings, environ: Mapping[str, str], commands: Commands, count: int) -> int:
    """``shuke worker -n N``: N worker processes, kept alive until SIGINT or SIGTERM; the exit code."""
    with Supervisor(Screen(sys.stdout.fileno())) as supervisor:
        commands.preload(settings)
        for number in range(1, count + 1):
            supervisor.start(_job_part(f"worker {number}", "worker", settings, environ, commands))
        supervisor.watch()
    return 0


def part_argv(part: str, settings: Settings, *options: str) -> tuple[str, ...]:
    """The command line of ``shuke PART`` as the process list shall show it, with the same configuration file."""
    script = Path(sys.executable).with_name("shuke")
    program = script if script.is_file() else Path(__file__).resolve().parents[2] / "app.py"
    configuration = ("--config", str(settings.file)) if settings.file else ()
    return (sys.executable, str(program), part, *configuration, *options)


def _bring_up(run: _Run) -> None:
    """The order counts for the time to the first answer: web before all that nobody waits for."""
    supervisor, settings = run.supervisor, run.settings
    aside = Aside([lambda: _upgrade(settings), lambda: _morning(run), lambda: _owner_code(run)])
    try:
        supervisor.watch(until=lambda: aside.done(2))
        if supervisor.stopping:
            return
        aside.answer(1)
        environ = _part_environ(run.environ)
        supervisor.start(Part("web", part_argv("web", settings, "--listen", settings.listen), environ))
        deadline = time.monotonic() + WEB_PATIENCE
        supervisor.watch(until=lambda: _answers(settings) or time.monotonic() > deadline)
        # Three processes that share what stands loaded here take the memory of little more than one.
        run.commands.preload(settings)
        jobs = [(f"worker {number}", "worker") for number in range(1, WORKERS + 1)] + [("scheduler", "scheduler")]
        for name, command in jobs:
            supervisor.start(_job_part(name, command, settings, run.environ, run.commands))
        supervisor.watch(until=lambda: aside.done(3))
        if not supervisor.stopping:
            supervisor.screen.say(_greeting(run, aside.answer(2)))
    finally:
        aside.close()


def _upgrade(settings: Settings) -> None:
    from bot.cli import database  # start-up cost: only the child that prepares the start needs SQLAlchemy
    from bot.clock import SystemClock  # start-up cost: as above

    with database.opened(settings.store_url, database.key_of(settings)) as store:
        database.upgrade(store)
        database.settle_key(store, SystemClock())


def _morning(run: _Run) -> None:
    if run.phone:
        from bot.cli.morning import wait_for_morning  # start-up cost: only this child needs HTTP

        wait_for_morning(run.phone, Stage(run.settings).clock)


def _owner_code(run: _Run) -> str | None:
    return run.commands.first_owner_code(*current(run.settings, run.environ))


def _start_sandbox(run: _Run, port: int) -> None:
    stage = Stage(run.settings)
    stage.write(run.settings, run.commands.demo_accounts(), sandbox_url=run.phone)
    options = ("--port", str(port), "--start", START, "--clock-file", str(stage.clock))
    files = ("--state", str(stage.state), "--account", str(stage.account))
    argv = part_argv("sandbox", run.settings, *options, *files)
    run.supervisor.start(Part("sandbox", argv, _part_environ(run.environ), service=True))


def _job_part(name: str, command: str, settings: Settings, environ: Mapping[str, str], commands: Commands) -> Part:
    """A worker or the scheduler, forked from here; for the process list and for itself as if it had been typed."""
    argv = part_argv(command, settings)

    def work() -> int:
        from bot.cli.main import main  # cycle: it is what starts us

        return main(argv[2:], commands)

    return Part(name, argv, _part_environ(environ), work=work)


def _part_environ(environ: Mapping[str, str]) -> dict[str, str]:
    # Logs come through a pipe, where Python would keep them back until there are 8 KiB.
    return {**environ, "PYTHONUNBUFFERED": "1"}


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One run a folder: a second would take the first one's Redis socket away."""
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    with (settings.state_folder / "run.lock").open("a+") as file:
        _lock(file, settings)
        yield


def _lock(file: IO[str], settings: Settings) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        raise ShukeError(
            f"Another `shuke run` (process {file.read().strip() or 'unknown'}) works in {settings.state_folder}. "
            "Stop it first. More workers: `shuke worker -n 2`; another shop: another folder."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()


def _with_free_port(settings: Settings, ports: Ports) -> Settings:
    host, port = settings.listen_host, settings.listen_port
    if not settings.listen_configured:
        return replace(settings, listen_port=ports.free(host, port))
    if not ports.take(host, port):
        raise SettingsError(
            f"{settings.file.name if settings.file else 'config.toml'}: web.listen: {host}:{port} cannot be used, "
            "another program listens there or it is not this machine's. Stop that program or write another port."
        )
    return settings


def _answers(settings: Settings) -> bool:
    """Whether the web part answers HTTP: an open port alone may belong to a server that is still loading."""
    host, _, port = settings.local_url.removeprefix("http://").rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=LOOK) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def _greeting(run: _Run, code: str | None) -> str:
    settings = run.settings
    shop, _ = current(settings, run.environ)
    rows = [] if not run.phone else [("手机页", f"{run.phone}/phone/", "在这里扮演老板和顾客")]
    for account in shop.accounts:
        rows.append(("回调地址", f"{settings.public_url or settings.local_url}/callback/{account.name}", account.name))
    rows += [
        ("健康检查", f"{settings.local_url}/healthz", ""),
        ("数据库", re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", settings.store_url), ""),
        ("Redis", *_redis_row(settings)),
        ("时钟", f"跟随演练平台，从 {START} 开始" if run.phone else f"本机时间，时区 {settings.timezone}", ""),
    ]
    if code is not None:
        where, named = "在手机页里用“老板”发送", ""
        if not run.phone:
            companies = all(abilities(account).members for account in shop.accounts)
            where = "用老板的企业微信给应用发送" if companies else "用老板的微信给公众号发送"
            named = "、".join(owner for account in shop.accounts for owner in account.owners)
        rows.append(("绑定老板", f"{where}：绑定 {code}", f"{named} 在配置里，不用绑定" if named else ""))
    title = "演练中：没有配置公众号，用自带的演练平台" if run.phone else shop.shop_name
    lines = [f"  {_padded(name)}{value}{f'  ({note})' if note else ''}" for name, value, note in rows]
    hints = (
        [] if run.phone or settings.public_url else ["  提示：web.public_url 还没有填，平台要用公网地址才能找到这里"]
    )
    silent = [] if _answers(settings) else ["  注意：网页部分还没有应答，请看上面的日志"]
    return "\n".join(["", f"熟客已启动 · {title}", *lines, *hints, *silent, "  按 Ctrl-C 停止", ""])


def _redis_row(settings: Settings) -> tuple[str, str]:
    if settings.redis_url:
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", settings.redis_url), ""
    if embedded.find_program() is None:
        return "没有", "这台机器上没有 Redis 程序；消息不会丢，只是慢几秒"
    return embedded.redis_url(settings), "自带"


def _padded(name: str) -> str:
    """To one width in a terminal, where a Chinese character takes two columns."""
    return name + " " * (12 - sum(2 if ord(character) > 0x2E80 else 1 for character in name))
