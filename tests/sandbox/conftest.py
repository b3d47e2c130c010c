"""A sandbox in this process, a shop that answers its pushes, and people with phones."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import xmltodict

from bot.sandbox import DEMO_APP_ID, DEMO_SECRET, Platform, Settings, create_app

CUSTOM = "/cgi-bin/message/custom/send"


class Desk:
    """The shop's and the tester's hands on one platform: API calls by `api`, control calls by `ask`."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.client = create_app(platform).test_client()
        self._token: str | None = None

    def raw(self, method: str, path: str, **more: Any) -> Any:
        return self.client.open(path, method=method, **more)

    def api(
        self, path: str, body: dict[str, Any] | bytes | None = None, *, token: str | None = None, **query: Any
    ) -> Any:
        """POST with a body, GET without; the JSON that came back."""
        method = "GET" if body is None else "POST"
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body, ensure_ascii=False).encode()
        query["access_token"] = self.token() if token is None else token
        return json.loads(self.raw(method, path, data=sent, query_string=query).data)

    def token(self) -> str:
        if self._token is None:
            self._token = self.new_token()["access_token"]
        return self._token

    def new_token(self, **changes: Any) -> dict[str, Any]:
        given = {"grant_type": "client_credential", "appid": DEMO_APP_ID, "secret": DEMO_SECRET} | changes
        return self.raw("GET", "/cgi-bin/token", query_string=given).get_json(force=True)

    def stable_token(self, **changes: Any) -> dict[str, Any]:
        given = {"grant_type": "client_credential", "appid": DEMO_APP_ID, "secret": DEMO_SECRET} | changes
        return self.raw("POST", "/cgi-bin/stable_token", data=json.dumps(given)).get_json(force=True)

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        response = self.raw(method or ("GET" if body is None else "POST"), f"/_sandbox{path}", json=body)
        assert response.status_code == 200, response.data.decode()
        return response.get_json(force=True)

    def advance(self, seconds: float) -> None:
        self.ask("/clock", {"advance": seconds})
        if seconds > 300:
            self._token = None  # it may have expired on the way

    def person(self, name: str, **more: Any) -> "Person":
        return Person(self, self.ask("/people", {"name": name, **more}))

    def fan(self, name: str, **more: Any) -> "Person":
        """Somebody who follows since a while: the allowance of the follow itself is over."""
        person = self.person(name, **more)
        person.does("follow")
        self.advance(61)
        return person

    def write(self, person: "Person", text: str = "您好") -> int:
        """The errcode of a customer message."""
        body = {"touser": person.openid, "msgtype": "text", "text": {"content": text}}
        return self.api(CUSTOM, body)["errcode"]

    def ledger(self, person: "Person | None" = None) -> list[Any]:
        entries = self.ask("/ledger" + (f"?openid={person.openid}" if person else ""))["entries"]
        return [entry["content"] for entry in entries]


class Person:
    def __init__(self, desk: Desk, shown: dict[str, Any]) -> None:
        self._desk = desk
        self.openid = shown["openid"]
        self.name = shown["name"]

    def does(self, act: str, **body: Any) -> dict[str, Any]:
        return self._desk.ask(f"/people/{self.openid}/{act}", body)

    def says(self, text: str) -> dict[str, Any]:
        return self.does("say", text=text)

    @property
    def phone(self) -> list[dict[str, Any]]:
        return self._desk.ask(f"/people/{self.openid}/messages")["messages"]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.phone]


class Received:
    """One request that reached the shop."""

    def __init__(self, method: str, target: str, body: bytes) -> None:
        self.method = method
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        self.body = body

    @property
    def fields(self) -> dict[str, Any]:
        return xmltodict.parse(self.body)["xml"]


Answerer = Callable[[Received], tuple[int, bytes] | None]


class Shop:
    """A callback server on a real port; `answer` decides what each push gets, None hangs up."""

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.answer: Answerer = lambda _received: (200, b"success")
        self._news = threading.Condition()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                received = Received(self.command, self.path, body)
                with shop._news:
                    shop.got.append(received)
                    shop._news.notify_all()
                answer = shop.answer(received)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

            do_GET = do_POST

            def log_message(self, *_args: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            request_queue_size = 256  # the default of 5 drops connections when many pushes come at once

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/callback/shop?shop=1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for(self, count: int) -> list[Received]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, 10), f"{len(self.got)} of {count} pushes came"
        return self.got

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    platforms: list[Platform] = []

    def make(**settings: Any) -> Desk:
        platforms.append(Platform(Settings(**({"population": 0} | settings))))
        return Desk(platforms[-1])

    yield make
    for platform in platforms:
        platform.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()
