"""Calls to the Official Account platform: messages in any number, and the plain calls of everyday work.

Source of paths and limits: vendor manual (服务号 and 公众号 trees, 2026). Every call is made once; only a token the
platform names as stale is replaced, and that call made a second time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import orjson

from bot.clock import Clock
from bot.errors import PlatformFailure
from bot.platforms.decisions import Decision, Outcome, outcome_of
from bot.platforms.http import Answer, HttpEngine, Request, Upload, Width
from bot.platforms.official_account import answers, calls, fans, tags
from bot.platforms.official_account.calls import Call
from bot.platforms.official_account.codes import BUSY_CODES, STALE_TOKEN
from bot.platforms.official_account.fans import Fan, FanPage
from bot.platforms.official_account.tags import Tag
from bot.platforms.official_account.tokens import TokenKeeper
from bot.settings import Account
from bot.store.engine import Store
from bot.store.killpoints import reach

PLATFORM_URL = "https://api.weixin.qq.com"
PICTURE_URL = "https://mp.weixin.qq.com"
QR_LONGEST_SECONDS = 2_592_000
SCENE_CHARACTERS = 64
TOO_FAST = 45011
UPLOAD_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QrCode:
    """A channel code: ``url`` is what the code says, ``picture`` the address of its image (no token in it)."""

    ticket: str
    url: str
    picture: str


class OfficialAccount:
    """One account's calls. Belongs to the thread of its engine.

    All methods but ``deliver`` raise PlatformFailure. ``pause_seconds``: between tries of a tag change the platform
    found too hasty.
    """

    def __init__(
        self,
        account: Account,
        *,
        store: Store,
        clock: Clock,
        redis_url: str | None,
        http: HttpEngine,
        pause_seconds: float = 1.0,
    ) -> None:
        self.account = account
        self.tokens = TokenKeeper(account, store=store, clock=clock, redis_url=redis_url, http=http)
        self.clock = clock
        self.http = http
        self._pause_seconds = pause_seconds

    # --- messages ---

    custom_message = staticmethod(calls.custom_message)
    template_message = staticmethod(calls.template_message)
    subscribe_notice = staticmethod(calls.subscribe_notice)
    mass_message = staticmethod(calls.mass_message)

    def deliver(
        self,
        source: Callable[[int], Sequence[tuple[T, Call]]],
        *,
        initial: int = 16,
        limit: int = 512,
        idle: Callable[[], None] | None = None,
    ) -> Iterator[tuple[T, Outcome]]:
        """Makes the calls ``source`` gives and yields what became of each, with its ticket.

        ``source(n)`` gives up to n more; giving none while calls are in flight only means "not now", with none in
        flight it ends the iterator. Calls in flight begin at ``initial`` and grow to ``limit`` while the answers are
        good. Without a token nothing is called: what the source gave last comes back as AGAIN or ACCOUNT, and the
        iterator ends. ``idle`` is called at least every half second. Closing the iterator drops calls in flight, whose
        outcome is then unknown.
        """
        run = _Run(self, source)
        width = Width(initial, limit)
        for attempt, answer in self.http.stream(run.requests, width=width, idle=idle):
            reach("answer_read")
            outcome = run.outcome(attempt, answer)
            if outcome is not None:
                if outcome.code != 0 and (outcome.code in _SLOW_DOWN or outcome.code is None):
                    width.bad()
                else:
                    width.good()
                yield attempt.ticket, outcome
            if run.has_settled:
                yield from run.settled()
        yield from run.settled()

    def mass_status(self, msg_id: str) -> str:
        """``SEND_SUCCESS``, ``SENDING``, ``SEND_FAIL`` or ``DELETE``; the platform counts nobody here."""
        return str(self.ask("/cgi-bin/message/mass/get", {"msg_id": msg_id}).get("msg_status") or "")

    # --- people and tags ---

    def fans(self, after: str = "") -> FanPage:
        """Followers after the one named; 500 calls a day."""
        body = self.ask("/cgi-bin/user/get", query=f"&next_openid={quote(after, safe='')}" if after else "")
        with answers.complete():
            return fans.page_of(body, after)

    def every_fan(self) -> Iterator[FanPage]:
        """All pages; ends also where the platform's cursor runs in a circle."""
        seen: set[str] = {""}
        page = self.fans()
        yield page
        while page.next not in seen:
            seen.add(page.next)
            page = self.fans(page.next)
            yield page

    def people(self, person_ids: Sequence[str]) -> list[Fan]:
        """What is known of these people, asked a hundred at a time."""
        found: list[Fan] = []
        for start in range(0, len(person_ids), fans.PEOPLE_A_CALL):
            wanted = [{"openid": person, "lang": "zh_CN"} for person in person_ids[start : start + fans.PEOPLE_A_CALL]]
            body = self.ask("/cgi-bin/user/info/batchget", {"user_list": wanted})
            with answers.complete():
                found += [fans.fan_of(row) for row in body["user_info_list"]]
        return found

    def remark(self, person_id: str, remark: str) -> None:
        """Sets staff's note to a person's name; the platform takes fewer than 30 bytes."""
        self.ask("/cgi-bin/user/info/updateremark", {"openid": person_id, "remark": remark})

    def tags_list(self) -> list[Tag]:
        return tags.listed(self._ask)

    def tags_create(self, name: str) -> int:
        """The id of the tag, which may have been there already."""
        return tags.create(self._ask, name)

    def tag(self, tag_id: int, person_ids: Sequence[str]) -> dict[str, Outcome]:
        """Puts the tag on people, fifty a call; returns those for whom it did not work, with the reason."""
        return tags.change(self._ask, self._rest, tags.TAG, tag_id, person_ids)

    def untag(self, tag_id: int, person_ids: Sequence[str]) -> dict[str, Outcome]:
        """Takes the tag off; else like ``tag``."""
        return tags.change(self._ask, self._rest, tags.UNTAG, tag_id, person_ids)

    # --- channels, media, the account itself ---

    def qr_code(self, scene: str, *, expire_seconds: int | None = None) -> QrCode:
        """A code for ``scene`` (1…64 characters): permanent, or for up to 30 days.

        Permanent ones are limited to 100,000 in all; repeating the call with the same scene costs none of them anew.
        Raises ValueError for a scene or time the platform cannot take.
        """
        if not 1 <= len(scene) <= SCENE_CHARACTERS:
            raise ValueError(f"a scene has 1 to {SCENE_CHARACTERS} characters")
        asked: dict[str, Any] = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
        if expire_seconds is not None:
            if not 1 <= expire_seconds <= QR_LONGEST_SECONDS:
                raise ValueError(f"a temporary code lives 1 to {QR_LONGEST_SECONDS} seconds")
            asked |= {"action_name": "QR_STR_SCENE", "expire_seconds": expire_seconds}
        body = self.ask("/cgi-bin/qrcode/create", asked)
        host = PICTURE_URL if self.account.api_base_url == PLATFORM_URL else self.account.api_base_url
        with answers.complete():
            ticket = str(body["ticket"])
        picture = f"{host}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"
        return QrCode(ticket, str(body.get("url") or ""), picture)

    def upload_media(self, content: bytes, filename: str, kind: str) -> str:
        """The media id of a temporary upload; the platform forgets it after 3 days.

        ``kind``: ``image`` (10 MB), ``voice`` (2 MB, 60 s), ``video`` (10 MB, mp4) or ``thumb`` (64 KB, jpg).
        """
        upload = Upload("media", filename, _MEDIA_TYPES.get(filename.rpartition(".")[2].lower(), _ANY_TYPE), content)
        body = self.ask("/cgi-bin/media/upload", files=(upload,), query=f"&type={quote(kind, safe='')}")
        with answers.complete():
            # Thumbs come back under a name of their own.
            return str(body.get("media_id") or body["thumb_media_id"])

    def download_media(self, media_id: str) -> bytes:
        """What a temporary media id stands for, as long as the platform keeps it (3 days); no videos.

        Longer ones than the engine takes come back as a PlatformFailure like any answer that breaks off.
        """
        query = f"&media_id={quote(media_id, safe='')}"
        token = self.tokens.current()
        try:
            return self._content(token, query)
        except answers.Refused as refusal:
            if refusal.code not in STALE_TOKEN:
                raise
        return self._content(self.tokens.replace(token), query)

    def menu(self) -> dict[str, Any]:
        """The menu as customers see it, in the platform's own form; made in the console or through the interface."""
        return self.ask("/cgi-bin/get_current_selfmenu_info")

    def menu_create(self, buttons: Sequence[dict[str, Any]]) -> None:
        self.ask("/cgi-bin/menu/create", {"button": list(buttons)})

    def menu_delete(self) -> None:
        """Takes the menu away, and every conditional menu with it."""
        self.ask("/cgi-bin/menu/delete")

    def menu_add_conditional(self, buttons: Sequence[dict[str, Any]], tag_id: int) -> str:
        """Adds a conditional menu (个性化菜单) for who was given this tag last; returns its id. Needs a default menu."""
        body = self.ask("/cgi-bin/menu/addconditional", {"button": list(buttons), "matchrule": {"tag_id": str(tag_id)}})
        with answers.complete():
            return str(body["menuid"])

    def menu_delete_conditional(self, menu_id: str) -> None:
        self.ask("/cgi-bin/menu/delconditional", {"menuid": menu_id})

    def menu_match(self, person_id: str) -> list[dict[str, Any]]:
        """The buttons a follower sees."""
        body = self.ask("/cgi-bin/menu/trymatch", {"user_id": person_id})
        menu = body.get("menu") or body  # older copies of the manual put the buttons one level deeper
        return list(menu.get("button") or ())

    def templates(self) -> list[dict[str, Any]]:
        """The account's message templates: ``template_id``, ``title``, ``content`` …"""
        return list(self.ask("/cgi-bin/template/get_all_private_template").get("template_list") or ())

    def notice_templates(self) -> list[dict[str, Any]]:
        """The account's templates of subscribe notices: ``priTmplId``, ``title``, ``content`` …"""
        return list(self.ask("/wxaapi/newtmpl/gettemplate").get("data") or ())

    def callback_addresses(self) -> list[str]:
        """Where callbacks come from; changes, so ask daily."""
        return list(self.ask("/cgi-bin/getcallbackip").get("ip_list") or ())

    def api_addresses(self) -> list[str]:
        return list(self.ask("/cgi-bin/get_api_domain_ip").get("ip_list") or ())

    def quota(self, path: str) -> dict[str, Any]:
        """Today's use of one interface: ``{"daily_limit", "used", "remain"}``."""
        return dict(self.ask("/cgi-bin/openapi/quota/get", {"cgi_path": path}).get("quota") or {})

    def ask(
        self, path: str, payload: dict[str, Any] | None = None, *, query: str = "", files: tuple[Upload, ...] = ()
    ) -> dict[str, Any]:
        """One call that delivers nothing: GET without payload or files, else POST. ``query`` begins with ``&``."""
        body = None if payload is None else orjson.dumps(payload)
        token = self.tokens.current()
        try:
            return self._once(path, body, token, query, files)
        except answers.Refused as refusal:
            if refusal.code not in STALE_TOKEN:
                raise
        return self._once(path, body, self.tokens.replace(token), query, files)

    def request(self, path: str, body: bytes | None, token: str, query: str = "") -> Request:
        """A call with its token; POST where it has a body."""
        url = self.address(path, token) + query
        return Request("GET" if body is None else "POST", url, body, secrets=self.secrets(token))

    def address(self, path: str, token: str) -> str:
        return f"{self.account.api_base_url}{path}?access_token={_in_query(token)}"

    def secrets(self, token: str) -> tuple[str, ...]:
        return (token, self.account.secret, self.account.token, self.account.aes_key)

    def _once(self, path: str, body: bytes | None, token: str, query: str, files: tuple[Upload, ...]) -> dict[str, Any]:
        request = self.request(path, body, token, query)
        if files:
            request = Request("POST", request.url, files=files, secrets=request.secrets, seconds=UPLOAD_SECONDS)
        return answers.body_of(self.http.call(request), now=self.clock.now(), secrets=request.secrets)

    def _content(self, token: str, query: str) -> bytes:
        request = self.request("/cgi-bin/media/get", None, token, query)
        answer = self.http.call(request)
        # A refusal is JSON with an errcode, what stands in between may answer with a page; a picture begins like neither.
        if answer.failure or answer.status != 200 or answer.body.lstrip()[:1] in (b"{", b"<", b""):
            body = answers.body_of(answer, now=self.clock.now(), secrets=request.secrets)
            words = "微信平台给的不是图片" if body else "微信平台给的是空的"
            raise answers.failure(words, None, Decision.DEFECT, None)
        return answer.body

    def _ask(self, path: str, payload: dict[str, Any] | None) -> dict[str, Any]:
        return self.ask(path, payload)

    def _rest(self) -> None:
        self.http.rest(self._pause_seconds)


@lru_cache(maxsize=8)
def _in_query(token: str) -> str:
    return quote(token, safe="")


_SLOW_DOWN = BUSY_CODES | {TOO_FAST}
_ANY_TYPE = "application/octet-stream"
_MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "amr": "audio/amr",
}


@dataclass(slots=True)
class _Attempt(Generic[T]):
    ticket: T
    call: Call
    token: str = ""
    second: bool = False


class _Run(Generic[T]):
    """One delivery's calls between the source and the engine."""

    def __init__(self, client: OfficialAccount, source: Callable[[int], Sequence[tuple[T, Call]]]) -> None:
        self._client = client
        self._source = source
        self._halted: Outcome | None = None
        self._again: deque[_Attempt[T]] = deque()
        self._settled: deque[tuple[T, Outcome]] = deque()

    def requests(self, room: int) -> list[tuple[_Attempt[T], Request]]:
        attempts = [self._again.popleft() for _ in range(min(room, len(self._again)))]
        if self._halted is None and room > len(attempts):
            attempts += [_Attempt(ticket, call) for ticket, call in self._source(room - len(attempts))]
        if not attempts:
            return []
        if self._halted is None:
            try:
                token = self._client.tokens.current()
            except PlatformFailure as failure:
                self._halted = outcome_of(failure)
        if self._halted is not None:
            self._settled += [(attempt.ticket, self._halted) for attempt in (*attempts, *self._again)]
            self._again.clear()
            return []
        secrets = self._client.secrets(token)
        addresses = {path: self._client.address(path, token) for path in {attempt.call.path for attempt in attempts}}
        for attempt in attempts:
            attempt.token = token
        return [
            (attempt, Request("POST", addresses[attempt.call.path], attempt.call.body, secrets=secrets))
            for attempt in attempts
        ]

    def outcome(self, attempt: _Attempt[T], answer: Answer) -> Outcome | None:
        """None: the token was stale, the call is made a second time."""
        if (sent := answers.plain_success(answer)) is not None:
            return sent
        client = self._client
        secrets = client.secrets(attempt.token)
        outcome = answers.outcome(answer, keyed=attempt.call.keyed, now=client.clock.now(), secrets=secrets)
        if outcome.code not in STALE_TOKEN or attempt.second:
            return outcome
        try:
            client.tokens.replace(attempt.token)
        except PlatformFailure as failure:
            self._halted = outcome_of(failure)
            return self._halted
        attempt.second = True
        self._again.append(attempt)
        return None

    @property
    def has_settled(self) -> bool:
        return bool(self._settled)

    def settled(self) -> Iterator[tuple[T, Outcome]]:
        while self._settled:
            yield self._settled.popleft()
