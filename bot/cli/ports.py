"""Finds ports nobody listens on, and keeps two runs that start at the same moment from choosing the same one."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack

from bot.errors import ShukeError

TRIED = 200


class Ports:
    """The ports one run has taken; a context that gives them back.

    Between the choice and the moment the web part listens there is a second in which another run would find the port
    free as well; a name in the kernel's table of sockets, gone with the process, tells it otherwise.
    """

    def __enter__(self) -> Ports:
        self._taken = ExitStack()
        return self

    def __exit__(self, *_: object) -> None:
        self._taken.close()

    def free(self, host: str, first: int) -> int:
        """Takes the first free port from ``first`` on; raises ShukeError when there is none near."""
        for port in range(first, min(first + TRIED, 65536)):
            if self.take(host, port):
                return port
        raise ShukeError(f"No free port on {host} from {first} on. Set web.listen to one that is free.")

    def take(self, host: str, port: int) -> bool:
        """Takes the port where nobody has it and nobody listens there."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # Connections of a former run that still fade away are no obstacle, a listener is.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return _binds(probe, (host, port)) and self._sign(port)

    def _sign(self, port: int) -> bool:
        if sys.platform != "linux":
            return True
        sign = socket.socket(socket.AF_UNIX)
        if not _binds(sign, f"\0shuke-port-{port}"):
            sign.close()
            return False
        self._taken.enter_context(sign)
        return True


def _binds(probe: socket.socket, address: tuple[str, int] | str) -> bool:
    try:
        probe.bind(address)
    except OSError:
        return False
    return True
