"""One HTTP exchange of a push: a connection of its own, and a limit for the whole of it."""

import http.client
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

# (method, url, body, headers, seconds) → (status, body); raises TimeoutError or another OSError
Transport = Callable[[str, str, bytes, Mapping[str, str], float], tuple[int, bytes]]
MOST_BYTES = 1024 * 1024


def over_http(method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    """Send and read everything within `seconds`: `TimeoutError` when it takes longer, `OSError` for the rest."""
    ends = time.monotonic() + seconds
    parts = urlsplit(url)
    opener = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = opener(parts.hostname or "", parts.port, timeout=seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body or None, {**headers, "Connection": "close"})
        _shorten(connection, ends)
        response = connection.getresponse()
        received = b""
        while chunk := response.read1(65536):
            received += chunk
            if len(received) > MOST_BYTES:
                raise OSError("the answer is longer than any reply")
            _shorten(connection, ends)
        return response.status, received
    except http.client.HTTPException as error:
        raise ConnectionError(f"no complete HTTP answer: {error!r}") from error
    finally:
        connection.close()


def _shorten(connection: http.client.HTTPConnection, ends: float) -> None:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the whole answer took too long")
    if connection.sock is not None:  # gone once the response has taken it over after `Connection: close`
        connection.sock.settimeout(left)
