"""What the clients of both platforms share: tokens, deliveries in any number, plain calls, media; and no secret in words.

Every call is made once; only a token the platform names as stale is replaced, and that call made a second time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

import orjson

from bot.clock import Clock
from bot.errors import PlatformFailure
from bot.platforms import answers
from bot.platforms.decisions import Decision, Outcome, outcome_of
from bot.platforms.http import Answer, HttpEngine, Request, Upload, Width
from bot.platforms.meanings import Codes
from bot.platforms.rests import Rests
from bot.platforms.tokens import TokenKeeper, TokenSource
from bot.settings import Account
from bot.store.engine import Store
from bot.store.killpoints import reach

UPLOAD_SECONDS = 60.0
# Platforms want few at a time of the calls that read (WeCom's 45033), and a round of them must not take long.
ASKED_AT_ONCE = 8
MEDIA = "/cgi-bin/media/get"

T = TypeVar("T")


class Call(NamedTuple):
    """One message to send. ``keyed``: it carries a key by which the platform recognises a repeat."""

    path: str
    body: bytes
    keyed: bool = False


class Ask(NamedTuple):
    """One call that delivers nothing: GET without payload, else POST. ``query`` begins with ``&``."""

    path: str
    payload: dict[str, Any] | None = None
    query: str = ""


class Caller:
    """One account's calls. Belongs to the thread of its engine.

    All methods but ``deliver`` raise PlatformFailure. ``pause_seconds``: between tries of what the platform found too
    hasty. A platform's own client says what its codes mean and which token an account has. What the platform was
    asked too fast is not asked again before its time, by any process: the call fails with AGAIN without being made.
    """

    codes: Codes
    source: Callable[[Account], TokenSource]

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
        self._keep_tokens = partial(TokenKeeper, store=store, clock=clock, redis_url=redis_url, http=http)
        self.tokens = self._keep_tokens(self.source(account))
        self._rests = Rests(account.name, clock=clock, redis_url=redis_url)
        self.clock = clock
        self.http = http
        self._pause_seconds = pause_seconds
        self._asking = Width(ASKED_AT_ONCE, ASKED_AT_ONCE)

    def keeper(self, _path: str) -> TokenKeeper:
        """Whose token a path takes."""
        return self.tokens

    def outcome(self, call: Call, answer: Answer, token: str) -> Outcome:
        """What became of a call that delivers a message, made with this token."""
        now, secrets = self.clock.now(), self.secrets(token)
        return answers.outcome(answer, self.codes, keyed=call.keyed, now=now, secrets=secrets)

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
        slow_down = self.codes.busy | self.codes.too_fast
        for attempt, answer in self.http.stream(run.requests, width=width, idle=idle):
            reach("answer_read")
            outcome = run.outcome(attempt, answer)
            if outcome is not None:
                if outcome.code != 0 and (outcome.code in slow_down or outcome.code is None):
                    width.bad()
                else:
                    width.good()
                yield attempt.ticket, outcome
            if run.has_settled:
                yield from run.settled()
        yield from run.settled()

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
        return self._with_token(MEDIA, partial(self._content, query))

    def ask(
        self, path: str, payload: dict[str, Any] | None = None, *, query: str = "", files: tuple[Upload, ...] = ()
    ) -> dict[str, Any]:
        """One call that delivers nothing: GET without payload or files, else POST. ``query`` begins with ``&``."""
        ask = Ask(path, payload, query)
        return self._with_token(path, lambda token: self._once(self._request(ask, token, files)))

    def _with_token(self, path: str, call: Callable[[str], T]) -> T:
        """The call's result; it is made a second time where its token was stale, and not at all while its path rests."""
        keeper, token = self.keeper(path), self._ready(path)
        try:
            try:
                return call(token)
            except answers.Refused as refusal:
                if refusal.code not in self.codes.stale:
                    raise
            return call(keeper.replace(token))
        except answers.Refused as refusal:
            self._keep_rest(path, refusal)
            raise

    def ask_each(self, asks: Sequence[Ask]) -> Iterator[tuple[int, dict[str, Any] | PlatformFailure]]:
        """Makes many such calls, some at a time, and yields each answer with the place of its call, as they come.

        A failure that is not about one call alone begins no more of them: what was not asked is left out. Raises
        PlatformFailure only before anything is asked, where there is no token or a path rests.
        """
        tokens = {path: self._ready(path) for path in {ask.path for ask in asks}}
        waiting = deque((place, False) for place in range(len(asks)))

        def give(room: int) -> list[tuple[tuple[int, bool, str], Request]]:
            given = [waiting.popleft() for _ in range(min(room, len(waiting)))]
            ready = [(place, second, tokens[asks[place].path]) for place, second in given]
            return [(call, self._request(asks[call[0]], call[2])) for call in ready]

        for (place, second, token), answer in self.http.stream(give, width=self._asking):
            path = asks[place].path
            said: dict[str, Any] | PlatformFailure
            try:
                said = answers.body_of(answer, self.codes, now=self.clock.now(), secrets=self.secrets(token))
                self._asking.good()
            except PlatformFailure as failure:
                said = failure
            if isinstance(said, PlatformFailure) and said.code in self.codes.stale and not second:
                try:
                    tokens[path] = self.keeper(path).replace(token)
                    waiting.appendleft((place, True))
                    continue
                except PlatformFailure as failure:
                    said = failure
            if isinstance(said, PlatformFailure) and said.decision not in (Decision.PERSON, Decision.DEFECT):
                self._asking.bad()
                self._keep_rest(path, said)
                waiting.clear()
            yield place, said

    def _ready(self, path: str) -> str:
        """The token for a path. Raises PlatformFailure, also while the path rests."""
        left = self._rests.left(path)
        if left:
            raise answers.failure(f"{self.codes.called}让等一会儿，到时自动再试", None, Decision.AGAIN, left)
        return self.keeper(path).current()

    def _keep_rest(self, path: str, failure: PlatformFailure) -> None:
        if failure.code in self.codes.too_fast and failure.retry_after:
            self._rests.begin(path, failure.retry_after)

    def request(self, path: str, body: bytes | None, token: str, query: str = "") -> Request:
        """A call with its token; POST where it has a body."""
        url = self.address(path, token) + query
        return Request("GET" if body is None else "POST", url, body, secrets=self.secrets(token))

    def address(self, path: str, token: str) -> str:
        return f"{self.account.api_base_url}{path}?access_token={_in_query(token)}"

    def secrets(self, token: str) -> tuple[str, ...]:
        account = self.account
        return (token, account.secret, account.contact_secret, account.token, account.aes_key)

    def _request(self, ask: Ask, token: str, files: tuple[Upload, ...] = ()) -> Request:
        body = None if ask.payload is None else orjson.dumps(ask.payload)
        request = self.request(ask.path, body, token, ask.query)
        if not files:
            return request
        return Request("POST", request.url, files=files, secrets=request.secrets, seconds=UPLOAD_SECONDS)

    def _once(self, request: Request) -> dict[str, Any]:
        return answers.body_of(self.http.call(request), self.codes, now=self.clock.now(), secrets=request.secrets)

    def _content(self, query: str, token: str) -> bytes:
        request = self.request(MEDIA, None, token, query)
        answer = self.http.call(request)
        # A refusal is JSON with an errcode, what stands in between may answer with a page; a picture begins like neither.
        if answer.failure or answer.status != 200 or answer.body.lstrip()[:1] in (b"{", b"<", b""):
            body = answers.body_of(answer, self.codes, now=self.clock.now(), secrets=request.secrets)
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

    def __init__(self, client: Caller, source: Callable[[int], Sequence[tuple[T, Call]]]) -> None:
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
        tokens: dict[str, str] = {}
        if self._halted is None:
            try:
                tokens = {
                    path: self._client.keeper(path).current() for path in {attempt.call.path for attempt in attempts}
                }
            except PlatformFailure as failure:
                self._halted = outcome_of(failure)
        if self._halted is not None:
            self._settled += [(attempt.ticket, self._halted) for attempt in (*attempts, *self._again)]
            self._again.clear()
            return []
        secrets = {path: self._client.secrets(token) for path, token in tokens.items()}
        addresses = {path: self._client.address(path, token) for path, token in tokens.items()}
        for attempt in attempts:
            attempt.token = tokens[attempt.call.path]
        return [
            (attempt, Request("POST", addresses[path], attempt.call.body, secrets=secrets[path]))
            for attempt in attempts
            for path in (attempt.call.path,)
        ]

    def outcome(self, attempt: _Attempt[T], answer: Answer) -> Outcome | None:
        """None: the token was stale, the call is made a second time."""
        client = self._client
        outcome = client.outcome(attempt.call, answer, attempt.token)
        if outcome.code not in client.codes.stale or attempt.second:
            return outcome
        try:
            client.keeper(attempt.call.path).replace(attempt.token)
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
