"""An access token of an account: one for all processes, fetched by one of them at a time.

Redis is a cache and the usual lock; the database row is the truth and the lock where there is no Redis. A token is only
ever replaced by compare: "the one I used was refused, is it still the current one?"
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from redis import RedisError
from sqlalchemy import String, insert, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from bot.clock import Clock
from bot.errors import PlatformFailure
from bot.platforms.answers import Refused, body_of
from bot.platforms.decisions import Decision
from bot.platforms.http import HttpEngine, Request
from bot.platforms.meanings import Codes
from bot.store import bell
from bot.store.base import Base, to_milliseconds
from bot.store.engine import Store
from bot.store.transaction import Tx, reading, transaction

MARGIN_SECONDS = 300
# A token whose rest is shorter than the margin is used this long, else every call would fetch it once more.
SHORTEST_SECONDS = 30
LOCK_SECONDS = 10
WAIT_SECONDS = 12.0
LOOK_SECONDS = 0.05
REFUSALS = 3
# Then the platform is left in peace; a little less than delivery's half hour between two tries of a stopped account.
REFUSED_REST_SECONDS = 25 * 60.0
FAULT_REST_SECONDS = 2.0

# Leases count on the database's own clock: the machines' clocks differ, and a rehearsal's clock jumps.
_DATABASE_CLOCK = {
    True: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    False: "CAST(extract(epoch from clock_timestamp()) * 1000 AS bigint)",
}
_TAKE_LEASE = """
    UPDATE platform_tokens SET lease_owner = :owner, lease_until = {clock} + :lease
    WHERE account = :account AND (lease_until IS NULL OR lease_until < {clock})
"""
# Only the owner releases: a holder who was late must not free the lock of the next.
_RELEASE_LOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class PlatformToken(Base):
    """One access token; ``account``: the account's name, with an addition for a second token of the same account.

    ``expires_at``: from when on it is not used any more, five minutes before its real end. ``fence`` grows with every
    write, so that a late one changes nothing. ``credential``: fingerprint of app id, secret and address it belongs to.
    ``refusals``: fetches refused in a row, with the last ``refused_code``; before ``rests_until`` nobody fetches.
    ``lease_until`` counts on the database's clock.
    """

    __tablename__ = "platform_tokens"

    account: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(1024), default="")
    expires_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    credential: Mapped[str] = mapped_column(default="")
    refusals: Mapped[int] = mapped_column(default=0)
    refused_code: Mapped[int | None]
    rests_until: Mapped[datetime | None]
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where a token comes from: ``request`` is the whole call, ``named`` what it belongs to (ids, secret, address)."""

    name: str
    named: tuple[str, ...] = field(repr=False)
    request: Request = field(repr=False)
    codes: Codes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    until: datetime


class TokenKeeper:
    """Hands out the access token of one source. Belongs to the thread of its engine.

    ``redis_failures`` counts times Redis did not answer; the database stood in.
    """

    def __init__(
        self, source: TokenSource, *, store: Store, clock: Clock, redis_url: str | None, http: HttpEngine
    ) -> None:
        self.redis_failures = 0
        self._source = source
        self._store = store
        self._clock = clock
        self._http = http
        self._redis = bell.connect_redis(redis_url) if redis_url else None
        self._credential = hashlib.sha256("\0".join(source.named).encode()).hexdigest()[:16]
        self._held: _Held | None = None

    def current(self) -> str:
        """A token to call with. Raises PlatformFailure: AGAIN for a passing trouble, ACCOUNT when it is refused."""
        return self._any_but("")

    def replace(self, stale: str) -> str:
        """The token that follows ``stale``, which the platform has just refused; fetched only if nobody else has.

        Raises PlatformFailure like ``current``.
        """
        return self._any_but(stale)

    def _any_but(self, stale: str) -> str:
        if not self._fits(self._held, stale):
            self._held = self._from_redis()
        if not self._fits(self._held, stale):
            try:
                self._held = self._refreshed(stale)
            except SQLAlchemyError as error:
                # Answers of calls in flight must not be lost because the database is away for a moment.
                words, decision = "访问凭证存取失败，数据库忙，稍后自动再试", Decision.AGAIN
                raise PlatformFailure(words, code=None, decision=decision, retry_after=FAULT_REST_SECONDS) from error
        assert self._held is not None
        return self._held.token

    def _fits(self, held: _Held | None, stale: str) -> bool:
        return held is not None and held.token != stale and self._clock.now() < held.until

    def _refreshed(self, stale: str) -> _Held:
        """From the database, or fetched by us, or by whoever holds the lock."""
        patience = time.monotonic() + WAIT_SECONDS
        while True:
            found = self._row_held(self._row(), stale)
            if found:
                return found
            with self._lock() as ours:
                if ours:
                    # Again, now that nobody else can be fetching: the last holder may just have finished.
                    row = self._row()
                    return self._row_held(row, stale) or self._fetch(row, stale)
            if time.monotonic() > patience:
                raise PlatformFailure(
                    "访问凭证正在更换，请稍后再试", code=None, decision=Decision.AGAIN, retry_after=FAULT_REST_SECONDS
                )
            self._http.rest(LOOK_SECONDS)

    # --- the row ---

    def _row(self) -> PlatformToken:
        with reading(self._store, self._clock) as tx:
            row = _select(tx, self._source.name)
        if row is None:
            with transaction(self._store, self._clock) as tx:
                try:
                    with tx.savepoint():
                        tx.execute(insert(PlatformToken).values(account=self._source.name))
                except IntegrityError:
                    pass  # another process was quicker; its row serves as well
                row = _select(tx, self._source.name)
        assert row is not None
        return row

    def _row_held(self, row: PlatformToken, stale: str) -> _Held | None:
        """The row's token where it serves. Raises PlatformFailure while fetching rests."""
        if row.credential != self._credential:
            return None
        if row.token and row.expires_at is not None:
            held = _Held(row.token, row.expires_at)
            if self._fits(held, stale):
                self._publish(held)
                return held
        if row.rests_until is not None and self._clock.now() < row.rests_until:
            left = (row.rests_until - self._clock.now()).total_seconds()
            raise self._failure(row.refusals, row.refused_code, left)
        return None

    def _write(self, row: PlatformToken, **values: Any) -> bool:
        """Writes if nobody has written since ``row`` was read."""
        with transaction(self._store, self._clock) as tx:
            statement = (
                update(PlatformToken)
                .where(PlatformToken.account == row.account, PlatformToken.fence == row.fence)
                .values(fence=row.fence + 1, credential=self._credential, **values)
            )
            return tx.execute(statement).rowcount == 1

    # --- the fetch ---

    def _fetch(self, row: PlatformToken, stale: str) -> _Held:
        request, codes, began = self._source.request, self._source.codes, self._clock.now()
        try:
            body = body_of(self._http.call(request), codes, now=began, secrets=request.secrets)
        except Refused as refusal:
            raise self._refused(row, refusal) from None
        except PlatformFailure as fault:
            raise self._fault(row, fault.retry_after) from None
        token, seconds = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise self._fault(row, None)
        if token == stale:
            # The platform takes it for valid and refuses it all the same; asking again gives it again.
            raise self._counted(row, min(codes.stale), None)
        lasts = max(seconds - MARGIN_SECONDS, min(seconds, SHORTEST_SECONDS))
        held = _Held(token, began + timedelta(seconds=lasts))
        if self._write(row, token=token, expires_at=held.until, refusals=0, refused_code=None, rests_until=None):
            self._publish(held)
        return held

    def _refused(self, row: PlatformToken, refusal: Refused) -> PlatformFailure:
        assert refusal.code is not None
        if refusal.code in self._source.codes.stale:
            # At this call it is the secret that is wrong: there is no token in it.
            return self._counted(row, self._source.codes.wrong_secret, None)
        if refusal.decision in (Decision.AGAIN, Decision.CHANNEL) and refusal.retry_after is not None:
            return self._fault(row, refusal.retry_after)
        return self._counted(row, refusal.code, refusal.retry_after)

    def _counted(self, row: PlatformToken, code: int, pause: float | None) -> PlatformFailure:
        refusals = (row.refusals if row.credential == self._credential else 0) + 1
        rests = None
        if refusals >= REFUSALS:
            rests = self._clock.now() + timedelta(seconds=pause or REFUSED_REST_SECONDS)
        self._write(row, token="", expires_at=None, refusals=refusals, refused_code=code, rests_until=rests)
        return self._failure(refusals, code, pause or FAULT_REST_SECONDS)

    def _fault(self, row: PlatformToken, pause: float | None) -> PlatformFailure:
        seconds = pause or FAULT_REST_SECONDS
        refusals = row.refusals if row.credential == self._credential else 0
        rests = self._clock.now() + timedelta(seconds=seconds)
        self._write(row, token="", expires_at=None, refusals=refusals, refused_code=None, rests_until=rests)
        return self._failure(refusals, None, seconds)

    def _failure(self, refusals: int, code: int | None, left: float) -> PlatformFailure:
        if code is None:
            words, decision = "暂时换不到访问凭证，稍后自动再试", Decision.AGAIN
            return PlatformFailure(words, code=None, decision=decision, retry_after=left)
        meaning = self._source.codes.meaning_of(code)
        if refusals < REFUSALS:
            return PlatformFailure(meaning.reason, code=code, decision=Decision.AGAIN, retry_after=FAULT_REST_SECONDS)
        # Without a pause of the platform's own, nothing but a person's hand will change it.
        pause = left if meaning.pause is not None else None
        words = f"访问凭证失效：{meaning.reason}"
        return PlatformFailure(words, code=code, decision=Decision.ACCOUNT, retry_after=pause)

    # --- Redis: cache and lock ---

    def _from_redis(self) -> _Held | None:
        if self._redis is None:
            return None
        try:
            kept = self._redis.get(self._name("token"))
            token, until, credential = orjson.loads(kept) if kept else ("", "", "")
        except (RedisError, ValueError, TypeError):
            self.redis_failures += 1
            return None
        return _Held(token, datetime.fromisoformat(until)) if credential == self._credential else None

    def _publish(self, held: _Held) -> None:
        left = to_milliseconds(held.until) - to_milliseconds(self._clock.now())
        if self._redis is None or left <= 0:
            return
        value = orjson.dumps([held.token, held.until.isoformat(), self._credential])
        try:
            self._redis.set(self._name("token"), value, px=left)
        except RedisError:
            self.redis_failures += 1

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """True for the one who may fetch now."""
        owner = secrets.token_hex(8)
        in_redis = self._take_in_redis(owner)
        ours = self._take_lease(owner) if in_redis is None else in_redis
        try:
            yield ours
        finally:
            if in_redis:
                self._release_in_redis(owner)
            elif ours:
                self._release_lease(owner)

    def _take_in_redis(self, owner: str) -> bool | None:
        """None: there is no Redis to decide it."""
        if self._redis is None:
            return None
        try:
            return bool(self._redis.set(self._name("token-lock"), owner, nx=True, px=LOCK_SECONDS * 1000))
        except RedisError:
            self.redis_failures += 1
            return None

    def _release_in_redis(self, owner: str) -> None:
        assert self._redis is not None
        try:
            self._redis.eval(_RELEASE_LOCK, 1, self._name("token-lock"), owner)
        except RedisError:
            self.redis_failures += 1  # it lapses by itself

    def _take_lease(self, owner: str) -> bool:
        statement = text(_TAKE_LEASE.format(clock=_DATABASE_CLOCK[self._store.sqlite]))
        values = {"owner": owner, "lease": LOCK_SECONDS * 1000, "account": self._source.name}
        with transaction(self._store, self._clock) as tx:
            return tx.execute(statement, values).rowcount == 1

    def _release_lease(self, owner: str) -> None:
        mine = (PlatformToken.account == self._source.name, PlatformToken.lease_owner == owner)
        with transaction(self._store, self._clock) as tx:
            tx.execute(update(PlatformToken).where(*mine).values(lease_until=None))

    def _name(self, what: str) -> str:
        return f"shuke:{what}:{self._source.name}"


def _select(tx: Tx, account: str) -> PlatformToken | None:
    row = tx.session.scalars(select(PlatformToken).where(PlatformToken.account == account)).one_or_none()
    if row is not None:
        tx.session.expunge(row)
    return row
