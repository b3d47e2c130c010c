"""The sender: claims rows, marks them, calls the platform with no transaction open, and records the answers.

One drain keeps a stream of calls going. Rows are claimed ahead and recorded behind in batches, but only as many are
marked as are handed to the network at once: should the process die, no more rows are unclear than calls were in flight.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from bot.clock import Clock
from bot.delivery import handing, lease, limits, pictures
from bot.delivery.calls import Terms, mark, mark_mass, notice_text, record, rest
from bot.delivery.lease import Held
from bot.delivery.rules import has_tasks, message_key, next_claim
from bot.delivery.taps import tap_id
from bot.errors import PlatformFailure
from bot.platforms.decisions import Decision, Outcome, outcome_of
from bot.platforms.http import HttpEngine
from bot.store.bell import Bell
from bot.store.engine import Store
from bot.store.killpoints import reach
from bot.store.speed import Speed
from bot.store.transaction import Tx, reading, transaction

log = logging.getLogger(__name__)

SINGLE_ROUTES = ("custom", "template")
NOTICES = ("subscribe",)
# A welcome has 20 seconds: it stands before everything else.
MEMBER_ROUTES = ("welcome", "custom")
CLAIM_LEAST = 20
CLAIM_MOST = 1_000
CONTENTS_KEPT = 10_000
RENEW_SECONDS = 10.0
# Calls in flight: never more than this, nor than this share of what is due. They go out in so many parts, so that some
# come back while others are marked.
NARROWEST, WIDEST = 16, 512
SHARE_IN_FLIGHT = 32
PARTS_IN_FLIGHT = 8
# So many failures to reach the platform, or to hear from it, in a row; then it gets a moment.
BREAKER_AT = 20
BREAKER_PAUSE = timedelta(seconds=30)
RECORD_PAUSE = 0.5
SPEED_PAUSE = 0.25


class Client(Protocol):
    """What delivery asks of a platform's client; a Call is the client's own business."""

    http: HttpEngine

    def custom_message(self, person_id: str, content: dict[str, Any], **keyed: str) -> Any: ...

    def template_message(
        self, person_id: str, template_id: str, values: Mapping[str, str], *, url: str = "", client_msg_id: str = ""
    ) -> Any: ...

    def subscribe_notice(self, person_id: str, template_id: str, values: Mapping[str, str]) -> Any: ...

    def mass_message(self, person_ids: Sequence[str], content: dict[str, Any], client_msg_id: str) -> Any: ...

    def welcome_message(self, code: str, content: dict[str, Any]) -> Any: ...

    def group_task(
        self, *, sender: str, person_ids: Sequence[str] = (), chat_ids: Sequence[str] = (), content: dict[str, Any]
    ) -> Any: ...

    def upload_media(self, content: bytes, filename: str, kind: str) -> str: ...

    def deliver(
        self,
        source: Callable[[int], Sequence[tuple[Any, Any]]],
        *,
        limit: int = ...,
        idle: Callable[[], None] | None = None,
    ) -> Generator[tuple[Any, Outcome], None, None]: ...


class Sender:
    """Sends what is due for one account, no faster than ``speed``.

    ``stopping`` is asked between steps: once true, nothing new is begun. ``pulse`` is called there now and then, with no
    transaction open. ``media`` is the folder of pictures of ours.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        bell: Bell | None,
        client: Client,
        terms: Terms,
        speed: Speed | None = None,
        stopping: Callable[[], bool] = lambda: False,
        pulse: Callable[[], object] = lambda: None,
        media: Path | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell
        self._client = client
        self._terms = terms
        self._single_routes = SINGLE_ROUTES if terms.notice is None else SINGLE_ROUTES + NOTICES
        self._route_of_many, self._send_to_many = "mass", self._send_mass
        if has_tasks(terms.account):
            self._single_routes = MEMBER_ROUTES
            self._route_of_many, self._send_to_many = "task", self._send_task
        self._speed = speed
        self._granted = 0
        self._stopping = stopping
        self._pulse = pulse
        self._folder = media
        self._account = terms.account.name
        self._end = 0.0
        self._limit = NARROWEST
        self._held: deque[Held] = deque()
        self._flying: dict[int, Held] = {}
        self._answered: list[tuple[Held, Outcome]] = []
        self._contents: dict[int, dict[str, Any]] = {}
        # Whose turn was last: broadcasts that are sent at the same time take turns.
        self._turn = self._mass_turn = 0
        self._media: dict[str, str] = {}
        self._wanted: dict[str, set[int]] = {}
        self._dry = False
        self._claim_size = CLAIM_LEAST
        self._claimed_at = 0.0
        self._renewed_at = 0.0
        self._failed_in_a_row = 0
        self._worked = False
        self._trouble: Exception | None = None

    def work(self, seconds: float) -> bool:
        """Sends until nothing is due or the time is over; returns whether something may be left.

        Raises what went wrong between the calls (the database was away), after those in flight have been answered.
        """
        self._end = time.monotonic() + seconds
        due = self._due()
        if not due:
            return False
        # Whatever is in flight when a worker is killed becomes unknown: a small shop's evening is not to hang on it.
        self._limit = min(WIDEST, max(NARROWEST, due // SHARE_IN_FLIGHT))
        while not self._over():
            worked = self._send_singles() or self._send_suspects() or self._send_to_many()
            if not (self._upload_wanted() or worked):
                return False
        return True

    def _due(self) -> int:
        # Most looks find nothing: they must not keep the database's one writer from a callback.
        with reading(self._store, self._clock) as tx:
            routes = self._open_routes(tx, (*self._single_routes, self._route_of_many))
            return lease.due(tx, self._account, routes, WIDEST * SHARE_IN_FLIGHT)

    def _open_routes(self, tx: Tx, routes: Iterable[str]) -> list[str]:
        resting = limits.resting(tx, self._account, tx.now)
        return [route for route in routes if not {route, limits.WHOLE_ACCOUNT} & resting.keys()]

    def _over(self) -> bool:
        return self._trouble is not None or self._stopping() or time.monotonic() >= self._end

    # -- single messages: one call a row ---------------------------------------------------------------------------

    def _send_singles(self) -> bool:
        self._dry = False
        self._claim_size = CLAIM_LEAST
        self._claimed_at = 0.0
        return self._stream(())

    def _send_suspects(self) -> bool:
        """Rows that were lapsed three times, each on its own: whatever kills a worker then kills no other row."""
        worked = False
        for route in self._single_routes:
            with self._transaction() as tx:
                open_routes = self._open_routes(tx, [route])
                rows = lease.claim_alone(tx, self._account, route, self._terms.lease) if open_routes else []
                rows = self._ready(tx, rows)
            self._dry = True
            worked = self._stream(rows) or worked
        return worked

    def _stream(self, rows: Sequence[Held]) -> bool:
        """Sends the rows given and, until it runs dry, whatever else is due; returns whether there was anything."""
        self._held.extend(rows)
        self._worked = bool(rows)
        self._renewed_at = time.monotonic()
        try:
            with closing(self._client.deliver(self._next_calls, limit=self._limit, idle=self._idle)) as answers:
                for row, outcome in answers:
                    self._answer(row, outcome)
        finally:
            self._flush()
            self._give_back()
            # What is still flying after a failure has no answer; its lease lapses and it is called unknown.
            self._flying.clear()
        if self._trouble is not None:
            raise self._trouble
        return self._worked

    def _next_calls(self, room: int) -> list[tuple[Held, Any]]:
        """Up to ``room`` marked rows with their calls; the network asks for them."""
        # A mark costs a transaction, so it waits until a fair part of the calls in flight has come back; and takes no more,
        # or all would soon go out, and come back, together.
        if self._flying:
            part = max(1, (room + len(self._flying)) // PARTS_IN_FLIGHT)
            if room < part:
                return []
            room = part
        try:
            calls = self._marked_calls(room)
            # What no mark has taken along. Nothing comes between a mark and its calls.
            if not calls:
                self._flush(lasting=False)
        except Exception as error:  # noqa: BLE001  (raised by _stream; leaving now would make unknown what is in flight)
            self._trouble = error
            return []
        for row, _call in calls:
            self._flying[row.id] = row
        return calls

    def _marked_calls(self, room: int) -> list[tuple[Held, Any]]:
        calls: list[tuple[Held, Any]] = []
        # One mark is the last thing before the calls: nothing that may fail or die comes between.
        while not calls and not self._over():
            while len(self._held) < room and self._refill():
                continue
            if not self._held:
                break
            count = self._in_time(min(room, len(self._held)))
            if count == 0:
                break
            # Leases of what is held may have been lost while waiting.
            marked = self._mark([self._held.popleft() for _ in range(min(count, len(self._held)))])
            self._granted -= len(marked)
            for row in marked:
                try:
                    calls.append((row, self._call(row)))
                except (KeyError, TypeError, ValueError) as error:
                    log.error("delivery.unsendable delivery=%s error=%s", row.id, type(error).__name__)
                    self._answered.append((row, Outcome(Decision.DEFECT, None, "内容发不了，请检查话术")))
        return calls

    def _in_time(self, wanted: int) -> int:
        """How many of these calls may begin at the set speed; waits for the first unless an answer may come first."""
        if self._speed is None:
            return wanted
        while self._granted <= 0 and not self._over():
            self._granted, wait = self._speed.take(wanted)
            if self._granted == 0:
                self._flush(lasting=False)
                self._client.http.rest(min(wait, SPEED_PAUSE))
                if self._flying:
                    self._granted, _wait = self._speed.take(wanted)
                    break
                self._idle()
        return max(0, min(wanted, self._granted))

    def _refill(self) -> bool:
        if self._dry:
            return False
        now = time.monotonic()
        if self._claimed_at:
            rate = self._claim_size / max(0.001, now - self._claimed_at)
            lease_seconds = self._terms.lease.total_seconds()
            self._claim_size = next_claim(self._claim_size, rate, lease_seconds, CLAIM_LEAST, CLAIM_MOST)
        self._claimed_at = now
        # A claim that is lost with the power is as good as none.
        with self._transaction(lasting=False) as tx:
            routes = self._open_routes(tx, self._single_routes)
            claimed = lease.claim(
                tx, self._account, routes, count=self._claim_size, lease=self._terms.lease, after=self._turn
            )
            rows = self._ready(tx, claimed)
        reach("claimed")
        self._turn = next((row.broadcast_id for row in reversed(claimed) if row.broadcast_id), self._turn)
        # What waits for its picture would be claimed again and again.
        self._dry = len(claimed) < self._claim_size or len(rows) < len(claimed)
        self._held.extend(rows)
        self._worked = self._worked or bool(rows)
        return bool(rows)

    def _ready(self, tx: Tx, rows: Sequence[Held]) -> list[Held]:
        """Loads what the rows say; those whose picture the account does not know yet are given back until it does."""
        self._load_contents(tx, rows)
        if not any("file" in self._contents.get(row.content_id or 0, ()) for row in rows):
            return list(rows)
        waits = [row for row in rows if (file := self._file(row)) and file not in self._media]
        if not waits:
            return list(rows)
        self._media |= pictures.known(tx, self._account, {self._file(row) for row in waits})
        waits = [row for row in waits if self._file(row) not in self._media]
        for row in waits:
            self._wanted.setdefault(self._file(row), set()).add(row.content_id or 0)
        if waits:
            lease.release(tx, waits)
        gone = {row.id for row in waits}
        return [row for row in rows if row.id not in gone]

    def _file(self, row: Held) -> str:
        return str(self._contents.get(row.content_id or 0, {}).get("file", ""))

    def _upload_wanted(self) -> bool:
        """Gives the platform the pictures rows wait for; returns whether there were any. What does not work is put off."""
        wanted, self._wanted = self._wanted, {}
        for file, contents in wanted.items():
            path = pictures.path_of(self._folder, file) if self._folder else None
            if path is None:
                with self._transaction() as tx:
                    pictures.fail(tx, self._account, contents, pictures.NOT_FETCHED, older_than=pictures.FETCHED_WITHIN)
                    pictures.put_off(tx, self._account, contents, pictures.TRY_AGAIN)
                continue
            try:
                media_id = self._client.upload_media(path.read_bytes(), path.name, "image")
            except PlatformFailure as failure:
                self._not_uploaded(outcome_of(failure), contents)
                continue
            with self._transaction() as tx:
                pictures.keep(tx, self._account, file, media_id)
            self._media[file] = media_id
        return bool(wanted)

    def _not_uploaded(self, outcome: Outcome, contents: set[int]) -> None:
        log.warning("delivery.not_uploaded account=%s code=%s", self._account, outcome.code)
        with self._transaction() as tx:
            if outcome.decision in (Decision.DEFECT, Decision.PERSON) and outcome.code is not None:
                pictures.fail(tx, self._account, contents, f"平台不收这张图片：{outcome.reason}")
            pictures.put_off(tx, self._account, contents, timedelta(seconds=outcome.retry_after or 60))

    def _said(self, row: Held) -> dict[str, Any]:
        """What a row says, in the platform's own ids."""
        content = self._contents[row.content_id] if row.content_id is not None else {}
        if "file" in content:
            return {**content, "media_id": self._media[content["file"]]}
        if content.get("type") == "menu" and row.broadcast_id is not None:
            # The same menu is one content, however many broadcasts it goes out with.
            items = [{**item, "id": tap_id(row.broadcast_id, item["id"])} for item in content["items"]]
            return {**content, "items": items}
        return content

    def _load_contents(self, tx: Tx, rows: Iterable[Held]) -> None:
        missing = {row.content_id for row in rows if row.content_id is not None} - self._contents.keys()
        if len(self._contents) + len(missing) > CONTENTS_KEPT:
            self._contents.clear()
            missing = {row.content_id for row in (*rows, *self._held) if row.content_id is not None}
        if missing:
            self._contents |= lease.contents(tx, missing)

    def _mark(self, batch: Sequence[Held]) -> list[Held]:
        """Marks rows, and records in the same transaction what was answered meanwhile."""
        try:
            # Any answer but a plain yes may open windows and stop paths, which the mark is to know, and which everybody
            # locks before deliveries.
            if any(outcome.decision is not Decision.SENT for _row, outcome in self._answered):
                self._flush(lasting=False)
            with self._transaction() as tx:
                marked = mark(tx, batch, self._terms)
                if self._answered:
                    record(tx, self._answered, self._terms)
        except Exception:
            # The mark may have been committed, but nothing was called: the rows are given back as they were.
            self._held.extendleft(reversed(batch))
            raise
        self._recorded()
        reach("marked")
        return marked

    def _call(self, row: Held) -> Any:
        content = self._said(row)
        if row.route == "template":
            template = content["template"]
            return self._client.template_message(
                row.person_id,
                template["template_id"],
                template["data"],
                url=template.get("url", ""),
                client_msg_id=message_key(row.send_key),
            )
        if row.route == "subscribe":
            notice = self._terms.notice
            values = notice.values(notice_text(content), self._clock.now()) if notice is not None else None
            if notice is None or values is None:
                raise ValueError("this may not stand in a subscribe notice")
            return self._client.subscribe_notice(row.person_id, notice.template_id, values)
        if row.route == "welcome":
            return self._client.welcome_message(content["welcome_code"], content)
        if row.batch_key:
            return self._client.custom_message(row.person_id, content, key=row.batch_key)
        return self._client.custom_message(row.person_id, content)

    def _answer(self, row: Held, outcome: Outcome) -> None:
        reach("answered")
        self._flying.pop(row.id, None)
        self._answered.append((row, outcome))
        if outcome.decision in (Decision.AGAIN, Decision.UNKNOWN):
            self._failed_in_a_row += 1
        else:
            self._failed_in_a_row = 0
        # What stops a path must be known before the next mark.
        if outcome.decision in (Decision.CHANNEL, Decision.ACCOUNT) or self._failed_in_a_row >= BREAKER_AT:
            self._flush()

    def _flush(self, *, lasting: bool = True) -> None:
        """Records what was answered. Answers in hand are worth waiting for a database that is away for a moment."""
        if not self._answered:
            return
        give_up = time.monotonic() + self._terms.lease.total_seconds()
        while True:
            try:
                with self._transaction(lasting=lasting) as tx:
                    if self._failed_in_a_row >= BREAKER_AT:
                        until = tx.now + BREAKER_PAUSE
                        rest(tx, self._terms, limits.WHOLE_ACCOUNT, until=until, stopped=False, reason="连不上微信平台")
                    record(tx, self._answered, self._terms)
                break
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() >= give_up:
                    raise
                log.warning("delivery.record_retry rows=%d error=%s", len(self._answered), type(error).__name__)
                # Meanwhile the calls in flight must not run into their time-outs.
                self._client.http.rest(RECORD_PAUSE)
        if self._failed_in_a_row >= BREAKER_AT:
            self._failed_in_a_row = 0
        self._recorded()

    def _recorded(self) -> None:
        if self._answered:
            self._answered.clear()
            reach("recorded")

    def _idle(self) -> None:
        """Keeps the leases of what is held and flying; what was taken away meanwhile is dropped."""
        now = time.monotonic()
        if now - self._renewed_at >= min(RENEW_SECONDS, self._terms.lease.total_seconds() / 3):
            self._renewed_at = now
            try:
                with self._transaction() as tx:
                    ours = lease.renew(tx, [*self._held, *self._flying.values()], self._terms.lease)
                self._held = deque(row for row in self._held if row.id in ours)
            except (OperationalError, InterfaceError) as error:
                log.warning("delivery.renew_failed error=%s", type(error).__name__)
        self._pulse()

    def _give_back(self) -> None:
        if not self._held:
            return
        with self._transaction() as tx:
            lease.release(tx, self._held)
        self._held.clear()
        reach("released")

    # -- mass calls: one call for many rows ------------------------------------------------------------------------

    def _send_mass(self) -> bool:
        """Makes one mass call; returns whether there were rows for one."""
        with self._transaction() as tx:
            routes = self._open_routes(tx, ("custom", "mass"))
            if "mass" not in routes:
                return False
            rows = lease.claim_mass(
                tx, self._account, self._terms.lease, settled="custom" in routes, after=self._mass_turn
            )
            self._mass_turn = next((row.broadcast_id for row in rows if row.broadcast_id), 0)
            # A suspect makes no call of many; on its own it finds another route.
            rows = rows or lease.claim_alone(tx, self._account, "mass", self._terms.lease)
            rows = self._ready(tx, rows)
        if not rows:
            return False
        reach("claimed")
        with self._transaction() as tx:
            marked = mark_mass(tx, rows, self._terms)
        reach("marked")
        if marked:
            outcome = self._call_mass(marked)
            reach("answered")
            self._answered = [(row, outcome) for row in marked]
            self._flush()
        return True

    def _call_mass(self, rows: Sequence[Held]) -> Outcome:
        people = [row.person_id for row in rows if not row.withdrawn]
        key = rows[0].batch_key
        return self._call_one(key, lambda: self._client.mass_message(people, self._said(rows[0]), key))

    # -- tasks: one call for many rows of one sender ---------------------------------------------------------------

    def _send_task(self) -> bool:
        """Makes one group-send task; returns whether there were rows for one."""
        with self._transaction() as tx:
            if not self._open_routes(tx, ("task",)):
                return False
            rows = lease.claim_task(tx, self._account, self._terms.lease, after=self._mass_turn)
            self._mass_turn = next((row.broadcast_id for row in rows if row.broadcast_id), 0)
            rows = rows or lease.claim_alone(tx, self._account, "task", self._terms.lease)
            rows = self._ready(tx, rows)
        if not rows:
            return False
        reach("claimed")
        with self._transaction() as tx:
            marked = handing.mark_task(tx, rows, self._terms)
        reach("marked")
        if marked:
            outcome = self._call_task(marked)
            reach("answered")
            self._answered = handing.outcomes(marked, outcome)
            self._flush()
        return True

    def _call_task(self, rows: Sequence[Held]) -> Outcome:
        first, ids = rows[0], [row.person_id for row in rows]
        whom = {"chat_ids": ids} if first.customer_id is None else {"person_ids": ids}
        return self._call_one(
            first.batch_key,
            lambda: self._client.group_task(sender=first.sender, content=self._said(first), **whom),
        )

    def _call_one(self, batch_key: str, make: Callable[[], Any]) -> Outcome:
        try:
            calls = [(None, make())]
        except (KeyError, TypeError, ValueError) as error:
            log.error("delivery.unsendable batch=%s error=%s", batch_key, type(error).__name__)
            return Outcome(Decision.DEFECT, None, "内容发不了，请检查话术")
        with closing(self._client.deliver(lambda _room: [calls.pop()] if calls else [])) as answers:
            return next(
                (outcome for _ticket, outcome in answers), Outcome(Decision.UNKNOWN, None, "不确定平台是否收到")
            )

    def _transaction(self, *, lasting: bool = True) -> Any:
        return transaction(self._store, self._clock, self._bell, lasting=lasting)
