"""The shop that delivery's tests send from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sink import Platform
from sqlalchemy import text

from bot.clock import SetClock
from bot.delivery import lease, limits, outbox
from bot.delivery.calls import Terms
from bot.delivery.contents import content_id
from bot.delivery.models import Delivery
from bot.delivery.outbox import NewDelivery
from bot.delivery.sender import Sender
from bot.platforms.http import HttpEngine
from bot.platforms.official_account.client import OfficialAccount
from bot.settings import Account, QuietHours
from bot.store.engine import Store
from bot.store.speed import Speed
from bot.store.transaction import Tx, transaction

ZONE = ZoneInfo("Asia/Shanghai")
# A Wednesday morning in the shop, well outside the quiet hours.
MORNING = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TEXT = {"type": "text", "text": "新款到店,欢迎来看看"}


class Shop:
    """What tests do with a shop; every call is a transaction of its own."""

    def __init__(self, store: Store, platform: Platform) -> None:
        self.store = store
        self.platform = platform
        self.clock = SetClock(MORNING)
        self.account = Account("main", app_id="wx1", secret="secret", api_base_url=platform.url)
        self.engine = HttpEngine(call_seconds=1.0)
        self.learned: list[tuple[str, str]] = []
        self.alarms: list[str] = []
        self.quiet: QuietHours | None = QuietHours(time(21), time(9))
        self.lease = timedelta(seconds=30)
        self.per_day, self.per_month = 1, 4
        self.redis_url: str | None = None
        self.speed: Speed | None = None
        self.client = OfficialAccount(
            self.account, store=store, clock=self.clock, redis_url=self.redis_url, http=self.engine
        )

    def tx(self) -> Any:
        return transaction(self.store, self.clock)

    @property
    def terms(self) -> Terms:
        return Terms(
            account=self.account,
            zone=ZONE,
            quiet=self.quiet,
            marketing_per_day=self.per_day,
            marketing_per_month=self.per_month,
            lease=self.lease,
            learned=lambda _tx, _account, person, relation: self.learned.append((person, relation)),
            alarm=lambda _tx, _account, words: self.alarms.append(words),
        )

    def another(self) -> Shop:
        """The same shop for another thread, with an engine of its own."""
        return Shop(self.store, self.platform)

    def be(self, kind: str) -> None:
        self.account = replace(self.account, kind=kind)

    def sender(
        self, stopping: Callable[[], bool] = lambda: False, pulse: Callable[[], object] = lambda: None
    ) -> Sender:
        return Sender(
            store=self.store,
            clock=self.clock,
            bell=None,
            client=self.client,
            terms=self.terms,
            speed=self.speed,
            stopping=stopping,
            pulse=pulse,
        )

    def send(self) -> bool:
        return self.sender().work(20)

    def send_all(self) -> None:
        """Sends until nothing is planned; what a busy machine could not even connect for waits for its next try."""
        self.send()
        while "planned" in self.states():
            self.later(minutes=2)
            self.send()

    def sweep(self) -> None:
        with self.tx() as tx:
            lease.sweep(tx)

    def lapse_all(self) -> None:
        """The database's clock goes on past every lease; nobody becomes suspect for it."""
        with self.tx() as tx:
            tx.execute(text("UPDATE deliveries SET lease_until = 0, lapses = 0 WHERE state = 'claimed'"))
        self.sweep()

    def later(self, **span: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**span))

    def talks(self, *people: str) -> None:
        with self.tx() as tx:
            for person in people:
                limits.opened(tx, "main", person, "talk", tx.now)

    def broadcast(
        self,
        people: list[str],
        *,
        number: int = 1,
        route: Any = "custom",
        content: dict[str, Any] | None = None,
        purpose: Any = "marketing",
        **more: Any,
    ) -> None:
        """Plans a broadcast; person ``p7`` is customer 7."""
        with self.tx() as tx:
            said = content_id(tx, content or TEXT)
            rows = [
                NewDelivery(
                    account="main",
                    person_id=person,
                    customer_id=int(person[1:]),
                    purpose=purpose,
                    broadcast_id=number,
                    route=route,
                    content_id=said,
                    **more,
                )
                for person in people
            ]
            outbox.plan(tx, rows)

    def rows(self, **where: Any) -> list[Delivery]:
        with self.tx() as tx:
            return list(tx.session.query(Delivery).filter_by(**where).order_by(Delivery.id))

    def row(self, person: str) -> Delivery:
        (row,) = self.rows(person_id=person)
        return row

    def states(self, number: int = 1) -> dict[str, int]:
        with self.tx() as tx:
            return outbox.counts(tx, number)

    def do(self, work: Callable[[Tx], Any]) -> Any:
        with self.tx() as tx:
            return work(tx)
