"""The fastest Python server we know, answering a few bytes: what the load generator is checked against."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from granian.constants import Interfaces
from granian.server import Server


def hello(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


if __name__ == "__main__":
    Server(
        "bench.hello:hello", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.WSGI, log_enabled=False
    ).serve()
