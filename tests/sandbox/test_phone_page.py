"""The phone page in a real browser, against a sandbox process and a shop that answers `success`."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from bot.sandbox import DEMO_APP_ID, DEMO_SECRET

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (pip install -e .[dev])"
)
expect = playwright_api.expect

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("SHUKE_CHROMIUM") or shutil.which("chromium")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 375, "height": 812}
HOSTILE = (
    '<img src=x onerror="document.title=1"><script>document.title=2</script> '
    '<a href="javascript:alert(3)">点我</a> {{7*7}}'
)


@dataclass
class Shop:
    """The other end of the callback: hears everything, answers `success`."""

    address: str
    heard: Queue[dict[str, str]] = field(default_factory=Queue)

    def hears(self, **wanted: str) -> dict[str, str]:
        """The next push with these fields; others before it are dropped."""
        while True:
            push = self.heard.get(timeout=10)
            if all(push.get(name) == value for name, value in wanted.items()):
                return push


@dataclass
class Sandbox:
    """A sandbox process on a port of its own, and the account's side of the real wire."""

    process: subprocess.Popen[str]
    address: str
    start: Callable[[int], tuple[subprocess.Popen[str], str]]

    def call(self, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        url = f"{self.address}{path}?{urllib.parse.urlencode(query)}"
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data=content), timeout=10) as response:
            return json.load(response)

    def as_account(self, path: str, body: dict[str, Any] | None = None) -> None:
        token = self.call("/cgi-bin/token", grant_type="client_credential", appid=DEMO_APP_ID, secret=DEMO_SECRET)
        answer = self.call(path, body, access_token=token["access_token"])
        assert answer["errcode"] == 0, answer

    def writes_to(self, openid: str, text: str) -> None:
        message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        self.as_account("/cgi-bin/message/custom/send", message)

    def someone_new(self, name: str) -> str:
        return self.call("/_sandbox/people", {"name": name})["openid"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def start_again(self) -> None:
        self.process, self.address = self.start(urllib.parse.urlsplit(self.address).port or 0)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    heard: Queue[dict[str, str]] = Queue()

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            self._answer(query.get("echostr", [""])[0].encode())

        def do_POST(self) -> None:
            push = ET.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
            heard.put({child.tag: child.text or "" for child in push})
            self._answer(b"success")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Shop(f"http://127.0.0.1:{server.server_port}/callback/main", heard)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def sandbox(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    kept = tmp_path_factory.mktemp("sandbox") / "state"
    run = "import sys; from bot.sandbox import serve; sys.exit(serve(sys.argv[1:]))"
    options = [
        "--mode",
        "plain",
        "--population",
        "6",
        "--friends",
        "40",
        "--seed",
        "7",
        "--start",
        "10:00",
        "--with-parent",
    ]

    def start(port: int) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", run, *options, "--callback", shop.address, "--state", str(kept)]
        process = subprocess.Popen([*command, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        ready = process.stdout.readline()
        address = re.search(r"http://[\d.:]+", ready)
        assert address, f"the sandbox did not say where it is: {ready!r}"
        return process, address[0]

    running = Sandbox(*start(0), start)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium, or name one in SHUKE_CHROMIUM")
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield chromium
        chromium.close()


@pytest.fixture
def window(browser: Any, sandbox: Sandbox) -> Iterator[Callable[..., Any]]:
    """Open the phone page; any error of its scripts fails the test."""
    contexts: list[Any] = []
    errors: list[Exception] = []

    def look(address: str = "/phone/", size: dict[str, int] | None = None) -> Any:
        context = browser.new_context(viewport=size or DESKTOP)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(sandbox.address + address)
        return page

    yield look
    for context in contexts:
        context.close()
    assert errors == []


def said(phone: Any, text: str) -> Any:
    return phone.get_by_test_id("message").filter(has_text=text)


def type_and_send(phone: Any, text: str) -> None:
    phone.get_by_test_id("input").fill(text)
    phone.get_by_test_id("input").press("Enter")


def newcomer(page: Any, name: str) -> tuple[Any, str]:
    """Make a customer on the page and follow; returns the phone and the openid."""
    page.get_by_test_id("person-new").click()
    page.get_by_test_id("person-name").fill(name)
    page.get_by_test_id("person-send").click()
    phone = page.get_by_role("region", name=f"{name}的手机")
    phone.get_by_test_id("follow").click()
    expect(phone).to_have_attribute("data-follows", "true")
    return phone, phone.get_attribute("data-openid")


def test_a_new_customer_follows_talks_and_is_answered_without_reloading(
    window: Callable[..., Any], sandbox: Sandbox, shop: Shop
) -> None:
    page = window()
    page.evaluate("window.stillTheSamePage = true")
    phone, mei = newcomer(page, "小美")
    expect(said(phone, "关注了公众号")).to_have_attribute("data-type", "system")
    shop.hears(Event="subscribe", FromUserName=mei)

    type_and_send(phone, "几点开门?")
    expect(said(phone, "几点开门?")).to_have_attribute("data-from", "person")
    expect(said(phone, "几点开门?")).to_have_attribute("data-id", re.compile(r"\d+"))
    assert shop.hears(MsgType="text", FromUserName=mei)["Content"] == "几点开门?"

    sandbox.writes_to(mei, "十点开门,周一休息。\n地图 https://shop.example/map")
    answer = said(phone, "十点开门")
    expect(answer).to_have_attribute("data-from", "account")
    expect(answer.get_by_role("link")).to_have_attribute("href", "https://shop.example/map")
    expect(phone.get_by_test_id("message")).to_have_count(3)
    assert page.evaluate("window.stillTheSamePage")


def test_hostile_text_stays_text_from_either_side(window: Callable[..., Any], sandbox: Sandbox) -> None:
    page = window()
    phone, bobby = newcomer(page, "<b>Bobby</b>")
    type_and_send(phone, HOSTILE)
    sandbox.writes_to(bobby, HOSTILE)
    for sender in ("person", "account"):
        bubble = phone.locator(f"[data-testid=message][data-from={sender}][data-type=text][data-id]:not([data-id=''])")
        expect(bubble.locator(".bubble")).to_have_text(HOSTILE)
        assert bubble.locator("img, script, a").count() == 0
    assert page.title() == "演练平台"


def test_a_text_that_did_not_get_through_is_marked_and_goes_out_once_on_retry(
    window: Callable[..., Any], shop: Shop
) -> None:
    page = window()
    phone, qiang = newcomer(page, "阿强")
    page.route("**/say", lambda route: route.abort())
    type_and_send(phone, "在吗")
    expect(said(phone, "在吗")).to_have_attribute("data-state", "failed")
    page.unroute("**/say")
    phone.get_by_test_id("retry").click()
    expect(said(phone, "在吗")).to_have_attribute("data-id", re.compile(r"\d+"))
    expect(said(phone, "在吗")).to_have_count(1)
    assert shop.hears(MsgType="text", FromUserName=qiang)["Content"] == "在吗"


def test_on_a_small_screen_list_and_talk_take_turns_and_the_menu_works(
    window: Callable[..., Any], sandbox: Sandbox, shop: Shop
) -> None:
    lin = sandbox.someone_new("林姐")
    page = window(size=PHONE)
    page.get_by_test_id("people-search").fill("林姐")
    page.get_by_test_id(f"person-{lin}").click()
    expect(page.get_by_test_id("people-list")).to_be_hidden()
    page.get_by_test_id("follow").click()
    expect(page.get_by_test_id("input")).to_be_visible()

    buttons = [{"type": "click", "name": "我的", "key": "ME"}, {"type": "click", "name": "积分", "key": "POINTS"}]
    sandbox.as_account("/cgi-bin/menu/create", {"button": [{"name": "会员", "sub_button": buttons}]})
    page.get_by_test_id("menu-button").click()
    page.get_by_test_id("menu-item").filter(has_text="积分").click()
    assert shop.hears(Event="CLICK", FromUserName=lin)["EventKey"] == "POINTS"

    page.get_by_test_id("menu-toggle").click()
    expect(page.get_by_test_id("input")).to_be_focused()
    sandbox.as_account("/cgi-bin/menu/delete")
    expect(page.get_by_test_id("menu-toggle")).to_be_hidden()
    page.get_by_test_id("back").click()
    expect(page.get_by_test_id(f"person-{lin}")).to_be_visible()


def test_the_clock_is_moved_from_the_page_and_followed_by_it(window: Callable[..., Any], sandbox: Sandbox) -> None:
    page = window()
    clock = page.get_by_test_id("clock")
    page.get_by_test_id("clock-open").click()
    page.get_by_test_id("clock-input").fill("2027-09-14T18:30")
    page.get_by_test_id("clock-set").click()
    expect(clock).to_contain_text("2027年9月14日 周二 18:30")
    page.get_by_test_id("clock-tomorrow").click()
    expect(clock).to_contain_text("9月15日 周三 10:00")
    sandbox.call("/_sandbox/clock", {"advance": 3600})
    expect(clock).to_contain_text("11:00")


def test_after_a_restart_of_the_sandbox_the_page_catches_up_and_doubles_nothing(
    window: Callable[..., Any], sandbox: Sandbox
) -> None:
    page = window()
    phone, zhou = newcomer(page, "老周")
    type_and_send(phone, "先问一句")
    expect(said(phone, "先问一句")).to_have_attribute("data-id", re.compile(r"\d+"))

    sandbox.stop()
    expect(page.get_by_test_id("banner")).to_be_visible()
    sandbox.start_again()
    sandbox.writes_to(zhou, "断线的时候说的")
    expect(page.get_by_test_id("banner")).to_be_hidden(timeout=15_000)
    expect(said(phone, "断线的时候说的")).to_have_count(1)
    sandbox.writes_to(zhou, "连上以后说的")
    expect(phone.get_by_test_id("message").locator(".bubble")).to_have_text(
        ["先问一句", "断线的时候说的", "连上以后说的"]
    )
