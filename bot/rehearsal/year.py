"""Plays the days one after another: the clock's hours, the owner, the customers; and reads at the end what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.domain.campaigns.models import Broadcast
from bot.domain.care import occasions
from bot.domain.care.letter_rules import LETTERS_FROM
from bot.rehearsal.books import Played, read
from bot.rehearsal.dice import Dice
from bot.rehearsal.owner import Owner
from bot.rehearsal.people import Crowd
from bot.rehearsal.plans import Plans
from bot.rehearsal.shop import ACCOUNT, Building, PlatformPort, PlayedShop
from bot.sandbox import DEMO_AES_KEY, DEMO_APP_ID, DEMO_SECRET, DEMO_TOKEN, Platform
from bot.sandbox import Settings as PlatformSettings
from bot.sandbox.settings import DEMO_STAFF_TEMPLATE
from bot.settings import Account, Settings
from bot.store.transaction import reading
from jobs.schedule import SCHEDULE, Entry

DAY = timedelta(days=1)
# Nothing of it has to survive a power cut.
MEMORY = Path("/dev/shm")
# When customers live a part of their day, and the owner looks into the chat.
MORNING, LATER = LETTERS_FROM, time(17, 40)
LIVED = {MORNING: 0.5, LATER: 0.5}
# A tick or two after: what staff are told is collected for a few seconds, and mass jobs report.
A_MOMENT = 20.0  # seconds
MOMENTS = 8
# What has something to do only because others just had; all else that falls due in these seconds waits for the next hour.
FOLLOWING = tuple(entry for entry in SCHEDULE if entry.name in ("campaigns", "notices"))
TOLD_EVERY = 30  # days


Strike = Callable[[PlayedShop, Sequence[Entry]], int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played: from which day, how many of them, with how many customers, by which seed."""

    first: date
    days: int
    customers: int
    seed: int

    @property
    def last(self) -> date:
        return self.first + (self.days - 1) * DAY


def rehearse(
    building: Building,
    shop: Settings,
    wanted: Wanted,
    plans: Plans | None,
    *,
    tell: Callable[[str], object] = str,
    strike: Strike = PlayedShop.strike,
) -> Played:
    """Plays it in a folder that is thrown away.

    ``plans`` None: everything that ships, switched on. ``tell`` hears now and then how far it is. ``strike`` strikes the
    clock once; a drill has other ways to do so.
    """
    with tempfile.TemporaryDirectory(prefix="shuke-rehearsal-", dir=MEMORY if MEMORY.is_dir() else None) as place:
        port = PlatformPort()
        played = _shop(building, shop, wanted, port, Path(place))
        try:
            return Year(played, wanted, plans, strike).play(tell)
        finally:
            played.close()
            port.close()


def _shop(building: Building, shop: Settings, wanted: Wanted, port: PlatformPort, folder: Path) -> PlayedShop:
    account = Account(
        ACCOUNT,
        app_id=DEMO_APP_ID,
        secret=DEMO_SECRET,
        token=DEMO_TOKEN,
        aes_key=DEMO_AES_KEY,
        api_base_url=port.url,
        staff_notice_template=DEMO_STAFF_TEMPLATE,
    )
    # The day before is for binding, files and switches: who has just read something is not reminded of it.
    begins = datetime.combine(wanted.first - DAY, time(11, 0), shop.timezone)
    own = replace(
        shop,
        folder=folder,
        store_url=f"sqlite:///{folder}/data/shuke.db",
        redis_url="",
        accounts=(account,),
        erasure_key="",
        group_robot="",
        per_second=0,
        file=None,
    )
    building.set_up(own)
    chosen = PlatformSettings(
        callback=f"http://shop/callback/{ACCOUNT}",
        population=wanted.customers,
        following=wanted.customers,
        seed=wanted.seed,
        offset=begins.timestamp() - datetime.now(begins.tzinfo).timestamp(),
        stands=True,
        base_url=port.url,
    )

    def platform_of(push: Callable[..., tuple[int, bytes]]) -> Platform:
        platform = Platform(chosen, transport=push)
        # To the second: two runs of one seed are to show the same moments.
        platform.set_clock(begins.timestamp())
        return platform

    return PlayedShop(building, own, port, platform_of)


class Year:
    """A shop whose days are played."""

    def __init__(self, shop: PlayedShop, wanted: Wanted, plans: Plans | None, strike: Strike) -> None:
        self._shop = shop
        self._wanted = wanted
        self._strike = strike
        self._dice = Dice(wanted.seed)
        self._shop.take_in(wanted.customers)
        self._owner = Owner(shop, self._dice)
        self._crowd = Crowd(shop, self._dice, {self._owner.openid})
        self._crowd.write_files(wanted.first, staff_id=self._owner.staff_id)
        if plans is None:
            self._owner.switch_on()
        else:
            plans.put_into(shop.store, shop.clock, staff_id=self._owner.staff_id)
            self._owner.keeps_to_plans()
        self._hours = sorted({*LIVED, *self._hours_of_plans()})

    def play(self, tell: Callable[[str], object]) -> Played:
        for number in range(self._wanted.days):
            self._day(self._wanted.first + number * DAY)
            if number % TOLD_EVERY == TOLD_EVERY - 1:
                tell(f"{self._wanted.first + number * DAY}")
        self._at(self._wanted.last + DAY, time(0, 1))
        self._beat()
        return read(self._shop, self._wanted.first, self._wanted.last, self._owner.openid, self._crowd, self._owner)

    def _day(self, day: date) -> None:
        for hour in self._hours:
            self._at(day, hour)
            if hour in LIVED:
                self._crowd.live(day, LIVED[hour])
            self._beat()
            if hour == MORNING:
                self._owner.morning(day)
            elif hour == LATER:
                self._owner.later(day)
            self._crowd.read()

    def _hours_of_plans(self) -> set[time]:
        with reading(self._shop.store, self._shop.clock) as tx:
            plans = {plan.hour for plan in occasions.plans(tx) if plan.position == "send"}
            starts = {row[0] for row in tx.execute(select(Broadcast.start_at).where(Broadcast.repeats != ""))}
        zone = self._shop.settings.timezone
        repeated = {at.astimezone(zone).time() for at in starts if at is not None}
        return {self._shop.settings.digest_at, LETTERS_FROM, *plans, *repeated}

    def _at(self, day: date, hour: time) -> None:
        self._shop.at(f"{day} {hour}")
        self._shop.settle()

    def _beat(self) -> None:
        """The clock is struck and a worker works, until nothing more follows."""
        for moment in range(MOMENTS):
            before = self._shop.changes()
            self._strike(self._shop, FOLLOWING if moment else SCHEDULE)
            struck = self._shop.changes() != before
            if struck or moment == 0:
                self._shop.send()
            if not struck:
                return
            self._shop.later(seconds=A_MOMENT)
            self._shop.settle()
