"""Reads a request's body for as long as is polite: the server itself waits for the rest without end, in a thread of ours."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

BODY_SECONDS = 5.0
# With so many requests waiting for the rest of their bodies, the last free threads are for those who send theirs whole.
CROWD = 32
CROWDED_SECONDS = 0.5
LOOK = 0.25
# struct tcp_info (linux/tcp.h): eight bytes of flags, then 32-bit fields; milliseconds since anything was received.
_TCP_INFO = struct.Struct("8x44xI")


class TooSlow(Exception):
    """The body did not come in time, or its sender left."""


class BodyReader:
    """Reads bodies in the requests' threads; while any is read, a thread looks for who has been at it too long.

    Neither WSGI nor the server has a time limit for a body, and a blocked read cannot be called off; the connection
    underneath can. The server does not say which it is, so those of the same address that have long been silent go.
    """

    def __init__(self) -> None:
        self._reading: dict[int, tuple[float, tuple[str, str]]] = {}
        self._looking = False
        # Held to begin reading and to give up looking, so that nobody begins unseen.
        self._lock = threading.Lock()

    def read(self, environ: WSGIEnvironment, most: int) -> bytes:
        """Up to ``most`` bytes of the body. Raises TooSlow after ``BODY_SECONDS``, sooner where many are waited for."""
        me = threading.get_ident()
        with self._lock:
            self._reading[me] = (time.monotonic(), (environ.get("REMOTE_ADDR", ""), environ["SERVER_PORT"]))
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="patience", daemon=True).start()
        try:
            return get_input_stream(environ).read(most)
        except (ClientDisconnected, OSError) as gone:
            raise TooSlow from gone
        finally:
            del self._reading[me]

    def _look(self) -> None:
        while True:
            time.sleep(LOOK)
            with self._lock:
                waiting = list(self._reading.values())
                if not waiting:
                    self._looking = False
                    return
            allowed = BODY_SECONDS if len(waiting) <= CROWD else CROWDED_SECONDS
            since = time.monotonic() - allowed
            for address, port in {ends for begun, ends in waiting if begun < since}:
                log.warning("body_too_slow connections=%d", _cut_off(address, port, allowed - LOOK))


def _cut_off(address: str, port: str, silent: float) -> int:
    """Ends the connections from ``address`` silent for so many seconds; where none is, somebody drips: all of them."""
    theirs = list(_connections(address, port))
    late = [one for one in theirs if _silence(one) >= silent] or theirs
    for connection in theirs:
        with connection, suppress(OSError):  # it may have ended by itself
            if connection in late:
                connection.shutdown(socket.SHUT_RDWR)
    return len(late)


def _connections(address: str, port: str) -> Iterator[socket.socket]:
    """The open connections from an address to our port, each as a second handle, so that no number is used again."""
    for number in os.listdir("/dev/fd"):
        try:
            handle = os.dup(int(number))
        except OSError:
            continue  # closed since it was listed
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            os.close(handle)
            continue
        connection = socket.socket(fileno=handle)
        if _ends(connection) == (address, port):
            yield connection
        else:
            connection.close()


def _ends(connection: socket.socket) -> tuple[str, str]:
    try:
        own, peer = connection.getsockname(), connection.getpeername()
    except OSError:
        return "", ""  # it listens, or has ended
    if not isinstance(peer, tuple):
        return "", ""  # a Unix socket
    host = ipaddress.ip_address(peer[0].partition("%")[0])
    return str(getattr(host, "ipv4_mapped", None) or host), str(own[1])


def _silence(connection: socket.socket) -> float:
    """Seconds since anything was received; 0 where the system does not say."""
    if not hasattr(socket, "TCP_INFO"):
        return 0.0
    return _TCP_INFO.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size))[0] / 1000
