"""The simulated customers: who they are, and what they do on a day. All of it follows from the seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from bot.domain.customers import service as customers
from bot.domain.customers import tags
from bot.domain.customers.models import Customer, Identity
from bot.domain.orders import service as orders
from bot.rehearsal import phones
from bot.rehearsal.dice import Dice
from bot.rehearsal.phones import Got
from bot.rehearsal.shop import PlayedShop
from bot.sandbox import acts
from bot.sandbox.fans import Fan
from bot.store.transaction import Tx, transaction

# Of a hundred customers.
BIRTHDAY_KNOWN, LUNAR, BOUGHT, VIP, TEACHER, OPTED_OUT = 65, 20, 65, 4, 3, 3
# How many of a thousand do it on one day.
WRITE, TAP, LEAVE, COME_BACK, OPT_OUT, OPT_IN, COMPLAIN, NEW = 2.0, 1.0, 0.15, 4.0, 0.1, 2.0, 0.1, 0.2
ANSWER = 30  # of a thousand who got a message
WORDS = ("在吗", "有新款吗", "几点开门", "好的，谢谢", "帮我留一件", "周末来", "多少钱", "上次的很好")
ANSWERS = ("谢谢老板", "收到啦，谢谢", "好的，谢谢", "你们也节日快乐", "周末过去看看", "太贴心了", "有什么新的吗？")
GOODS = ("洗面奶", "面膜", "护手霜", "连衣裙", "衬衫", "茶叶")
FIRST_BOUGHT_WITHIN = 700  # days


class Wishes:
    """Since when somebody wants no marketing, by openid."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def wants(self, openid: str) -> bool:
        spans = self._spans.get(openid)
        return not spans or spans[-1][1] != float("inf")

    def out(self, openid: str, at: float) -> None:
        self._spans[openid].append((at, float("inf")))

    def back(self, openid: str, at: float) -> None:
        since, _until = self._spans[openid].pop()
        self._spans[openid].append((since, at))

    def against(self, got: Got) -> bool:
        """Whether this message reached somebody who had said that they want none."""
        at = got.at.timestamp()
        return any(since < at < until for since, until in self._spans.get(got.openid, ()))


class Crowd:
    """Everybody who follows, and those who come and go. ``did`` counts what they have done."""

    def __init__(self, shop: PlayedShop, dice: Dice, staff: set[str]) -> None:
        self._shop = shop
        self._dice = dice
        self._staff = staff
        self.wishes = Wishes()
        self.did: Counter[str] = Counter()
        self._looked_at = 0
        self._answering: list[tuple[Fan, str]] = []
        for fan in self._shop.platform.fans:
            # They live by this seed, not by the platform's own habits.
            fan.habit = None

    # -- who they are -------------------------------------------------------------------------------------------------

    def write_files(self, today: date, *, staff_id: int) -> None:
        """What the shop knows of them on the first morning: names, birthdays, what they bought, who is a VIP."""
        with transaction(self._shop.store, self._shop.clock) as tx:
            rows = select(Customer, Identity.person_id).join(Identity, Identity.customer_id == Customer.id)
            known = {openid: customer for customer, openid in tx.session.execute(rows) if not customer.is_staff}
            # In the platform's order, which follows from the seed.
            filed = [known[fan.openid] for fan in self._shop.platform.fans if fan.openid in known]
            names = {fan.openid: fan.name for fan in self._shop.platform.fans}
            openids = {customer.id: openid for openid, customer in known.items()}
            for customer in filed:
                customers.rename(tx, customer, names[openids[customer.id]], staff_id=staff_id)
                customer.sex = self._dice.choice("男女女")
            for customer in self._share(filed, BIRTHDAY_KNOWN):
                self._born(customer)
            for customer in self._share(filed, BOUGHT):
                self._has_bought(tx, customer, today)
            for customer in self._share(filed, VIP):
                customer.vip = customer.purchased = customer.visited = True
            tags.apply(tx, self._share(filed, TEACHER), tags.edit(["老师"], []), staff_id=staff_id, source="chat")
            unwilling = self._share(filed, OPTED_OUT)
            for customer in unwilling:
                customer.opted_out, customer.opted_out_at = True, tx.now
                self.wishes.out(openids[customer.id], 0.0)

    def _share(self, among: Sequence[Customer], per_cent: float) -> list[Customer]:
        return self._dice.sample(among, -(-len(among) * int(per_cent) // 100))

    def _born(self, customer: Customer) -> None:
        customer.birth_lunar = self._dice.randrange(100) < LUNAR
        customer.birth_month = self._dice.randint(1, 12)
        most = 30 if customer.birth_lunar else (date(2028, customer.birth_month % 12 + 1, 1) - timedelta(days=1)).day
        customer.birth_day = self._dice.randint(1, most)
        if self._dice.randrange(2):
            customer.birth_year = self._dice.randint(1955, 2005)

    def _has_bought(self, tx: Tx, customer: Customer, today: date) -> None:
        for _ in range(self._dice.randint(1, 3)):
            day = today - timedelta(days=self._dice.randint(1, FIRST_BOUGHT_WITHIN))
            at = datetime.combine(day, time(self._dice.randint(10, 19)), self._shop.settings.timezone)
            amount = self._dice.randrange(30, 900) * 100
            goods = self._dice.choice(GOODS)
            order = orders.received(tx, None, amount_fen=amount, items=goods, note="", source="bill", at=at)
            order.customer_id = customer.id
        orders.recount(tx, customer)
        customer.visited = True

    # -- what they do -------------------------------------------------------------------------------------------------

    @property
    def fans(self) -> list[Fan]:
        return [fan for fan in self._shop.platform.fans if fan.role == "customer" and fan.openid not in self._staff]

    def live(self, day: date, share: float) -> None:
        """A part of the day in their lives."""
        fans = self.fans
        inside = [fan for fan in fans if fan.follows]
        outside = [fan for fan in fans if not fan.follows and fan.followed_before]
        answering, self._answering = self._answering, []
        for fan, words in answering:
            self._do("answer", acts.say, fan, words)
        for fan in self._dice.some(inside, WRITE * share):
            self._do("write", acts.say, fan, self._dice.choice(WORDS))
        for fan in self._dice.some(inside, TAP * share):
            self._do("tap", acts.tap_menu, fan, self._dice.choice(("活动", "我的")))
        self._change_their_minds(inside, share)
        for fan in self._dice.some(inside, COMPLAIN * share):
            self._do("complain", acts.say, fan, "投诉 上次买的坏了")
        for fan in self._dice.some(inside, LEAVE * share):
            self._do("unfollow", acts.unfollow, fan)
        for fan in self._dice.some(outside, COME_BACK * share):
            self._do("follow again", acts.follow, fan)
        for _ in range(self._dice.how_many(len(fans), NEW * share)):
            with self._shop.platform.lock:
                fan = self._shop.platform.fans.add(f"新客{len(fans)}{day:%m%d}{self._dice.randrange(10**6)}")
            self._do("follow", acts.follow, fan)

    def _change_their_minds(self, inside: Sequence[Fan], share: float) -> None:
        now = self._shop.platform.clock.now
        for fan in self._dice.some(inside, OPT_OUT * share):
            if self.wishes.wants(fan.openid):
                self._do("opt out", acts.say, fan, "退订")
                self.wishes.out(fan.openid, now())
        for fan in self._dice.some([fan for fan in inside if not self.wishes.wants(fan.openid)], OPT_IN * share):
            self._do("opt in", acts.say, fan, "订阅")
            self.wishes.back(fan.openid, now())

    def read(self) -> None:
        """They look at what has come since; some will answer when they next live."""
        fresh, self._looked_at = phones.fresh(self._shop.platform, self._shop.settings.timezone, self._looked_at)
        for got in fresh:
            if got.openid in self._staff or self._dice.randrange(1000) >= ANSWER:
                continue
            fan = self._shop.platform.fans.find(got.openid)
            if fan is not None:
                self._answering.append((fan, self._dice.choice(ANSWERS)))

    def _do(self, what: str, act: Any, fan: Fan, *more: str) -> None:
        if act is not acts.follow and not fan.follows:
            return
        self._shop.act(act, fan, *more)
        self.did[what] += 1
