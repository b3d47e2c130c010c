"""The simulated owner: switches the plans on, plans red packets, reads the day's list and does some of it.

Everything is typed, as a person would; what came of it is read from the answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.care import holidays
from bot.domain.merchants.models import StaffIdentity
from bot.rehearsal.dice import Dice
from bot.rehearsal.people import GOODS
from bot.rehearsal.shop import PlayedShop
from bot.sandbox import acts
from bot.store.transaction import reading

NAME = "王姐"
# Everything by itself.
SWITCHED_ON = ("关怀 全开", "售后 开", "唤醒 开 流失", "唤醒 开 跟进", "打法 全开")
# What scripts ask for, as a shop that has settled in has told it.
FACTS = (
    *("店铺 营业 10:00-22:00", "店铺 地址 朝阳区建国路88号", "店铺 电话 010-88886666"),
    "话术 新建 使用说明面膜 {{称呼}}，面膜洗完脸敷 15 分钟就好，敷完不用再洗。有哪里不清楚，随时问我。",
    "话术 新建 使用说明洗面奶 {{称呼}}，洗面奶挤黄豆大小，打出泡再上脸，早晚各一次就够。有哪里不清楚，随时问我。",
    "话术 新建 使用说明茶叶 {{称呼}}，茶叶抓一小把，水烧开放半分钟再冲，头一泡倒掉更香。喝着怎么样，跟我说一声。",
    *("周期 面膜 30天", "周期 洗面奶 45天", "周期 茶叶 60天"),
)
# Holiday, to whom, how much in all, how many.
PACKETS = (
    ("元旦", "老客群", 100, 20),
    ("春节", "VIP", 400, 20),
    ("元宵", "老客群", 100, 20),
    ("端午", "老客群", 200, 20),
    ("七夕", "老客群", 100, 10),
    ("中秋", "老客群", 300, 30),
    ("国庆", "老客群", 200, 20),
    ("冬至", "老客群", 100, 20),
)
PACKET_PLANNED = timedelta(days=12)  # before the holiday
FORGOTTEN = 8  # of a hundred packets nobody books on the day
# On these days there is time for so many who are written to by hand, and for so many others who can wait.
TALKING_DAYS, BY_HAND, TALKS = (0, 2, 4), 3, 2
# For these there is time on every day.
DAYS_OF_THEIR_OWN = ("生日", "首购周年")
BOUGHT, ORDERED = 2.0, 0.7  # of a thousand customers a day: in the shop, and to be sent
_CODE = re.compile(r"确认 [A-Z0-9]{4}\b")
_LISTED = re.compile(r"^(\d+)\. (.*?#(\d+).*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the day's list: its place, the customer's number, what it says."""

    place: int
    customer: int
    words: str


class Owner:
    """王姐, the shop's owner, with a phone of her own. ``did`` counts what she has done."""

    def __init__(self, shop: PlayedShop, dice: Dice) -> None:
        self._shop = shop
        self._dice = dice
        self.did: Counter[str] = Counter()
        with shop.platform.lock:
            self._fan = shop.platform.fans.add(NAME, role="merchant")
        self.openid = self._fan.openid
        shop.act(acts.follow, self._fan)
        self.says(f"绑定 {shop.invitation('owner')} {NAME}")
        with reading(shop.store, shop.clock) as tx:
            (self.staff_id,) = tx.session.query(StaffIdentity.staff_id).filter_by(person_id=self.openid).one()
        self._plans_packets = True
        self._parcels = 0
        self._under_way: list[tuple[date, str]] = []

    def says(self, line: str) -> str:
        """Types a line and reads the answer."""
        return self._shop.act(acts.say, self._fan, line)

    def switch_on(self) -> None:
        """Every plan that ships, by itself, and the facts they speak of."""
        for line in (*FACTS, *SWITCHED_ON):
            asked = _CODE.search(self.says(line))
            if asked is not None:
                self.says(asked[0])

    # -- a day --------------------------------------------------------------------------------------------------------

    def morning(self, today: date) -> None:
        """Reads what is new; those who wait come first, others on days with time for them."""
        self._plan_packets(today)
        self._sell(today)
        patient = today.weekday() in TALKING_DAYS
        time_for = {True: BY_HAND, False: TALKS} if patient else Counter[bool]()
        listed = self.says("今日")
        self._work_off(listed, time_for)
        if time_for[True] and "下一批" in listed:
            self._work_off(self.says("下一批"), time_for)
        self._shop.send()

    def later(self, today: date) -> None:
        """Looks who waits, where her phone has told her that somebody does; and hands out red packets."""
        if self._shop.rows("SELECT 1 FROM utterances WHERE waiting LIMIT 1"):
            for number in dict.fromkeys(re.findall(r"#(\d+)", self.says("待回"))):
                self._answer(int(number))
            self._shop.send()
        self._book_packets(today)

    def _work_off(self, listed: str, time_for: MutableMapping[bool, int]) -> None:
        """Those who wait and complain come first; then there is time for so many by hand (True), and others."""
        for task in self._read(listed):
            by_hand = "要人工发" in task.words
            if "等回复" in task.words:
                self._answer(task.customer, task.place)
            elif "投诉" in task.words:
                self.says(f"完成 {task.place} 已经换了新的")
                self.did["complaint"] += 1
            elif by_hand and any(day in task.words for day in DAYS_OF_THEIR_OWN):
                self._talk(task, by_hand=True)
            elif time_for[by_hand] and (by_hand or "生日" not in task.words):
                # A birthday is congratulated on the day, by its letter.
                time_for[by_hand] -= 1
                self._talk(task, by_hand=by_hand)

    def _talk(self, task: Listed, *, by_hand: bool) -> None:
        """Copies the words into a chat of her own phone, or calls, then says that it is done."""
        if by_hand:
            self.says(f"文案 {task.place}")
        called = " 打过电话" if "电话" in task.words else ""
        self.says(f"完成 {task.place}{called}")
        self.did["by hand" if by_hand else "talk"] += 1

    def _read(self, listed: str) -> list[Listed]:
        return [Listed(int(place), int(number), words) for place, words, number in _LISTED.findall(listed)]

    def _answer(self, customer: int, place: int | None = None) -> None:
        said = self.says(f"回 #{customer} 您好，在的，您说")
        if "没有发出去" not in said:
            self.did["answer"] += 1
        elif place is not None:
            self.says(f"完成 {place} 打过电话")

    # -- sales --------------------------------------------------------------------------------------------------------

    def _sell(self, today: date) -> None:
        for day, line in self._due(today):
            self.says(line)
            if line.startswith("发货"):
                self._under_way.append((day + timedelta(days=3), f"签收 {line.split()[1]}"))
        numbers = [row[0] for row in self._shop.rows("SELECT id FROM customers WHERE NOT is_staff ORDER BY id")]
        for _ in range(self._dice.how_many(len(numbers), BOUGHT)):
            self.says(f"消费 #{self._dice.choice(numbers)} {self._dice.randrange(30, 900)} {self._dice.choice(GOODS)}")
            self.did["sale"] += 1
        for _ in range(self._dice.how_many(len(numbers), ORDERED)):
            self.says(f"成交 #{self._dice.choice(numbers)} {self._dice.randrange(30, 900)} {self._dice.choice(GOODS)}")
            ((order,),) = self._shop.rows("SELECT MAX(id) FROM orders")
            self.says(f"下单 {order}")
            self._parcels += 1
            parcel = f"SF{self._parcels:010}"
            self._under_way.append((today + timedelta(days=1), f"发货 {order} 顺丰 {parcel}"))
            self.did["parcel"] += 1

    def _due(self, today: date) -> list[tuple[date, str]]:
        due = [step for step in self._under_way if step[0] <= today]
        self._under_way = [step for step in self._under_way if step[0] > today]
        return due

    # -- red packets --------------------------------------------------------------------------------------------------

    def _plan_packets(self, today: date) -> None:
        for holiday, whom, yuan, count in PACKETS if self._plans_packets else ():
            if holidays.next_day(holiday, today) == today + PACKET_PLANNED:
                self.says(f"红包 计划 {holiday} {whom} {yuan}元 {count}个")

    def keeps_to_plans(self) -> None:
        """The shop has plans of its own: nothing is planned beside them."""
        self._plans_packets = False

    def _book_packets(self, today: date) -> None:
        waiting = self._shop.rows("SELECT id, on_day FROM packet_plans WHERE state = 'planned' ORDER BY on_day, id")
        for number, on_day in waiting:
            late = date.fromisoformat(on_day) < today
            if on_day <= today.isoformat() and (late or self._dice.randrange(100) >= FORGOTTEN):
                self.says(f"红包 已发 {number}")
        asked = "SELECT id, budget_fen, count FROM packet_plans WHERE state = 'done' AND NOT spent_known AND on_day < :today"
        for number, budget, count in self._shop.rows(f"{asked} ORDER BY id", today=today.isoformat()):
            unclaimed = self._dice.randint(0, max(1, count // 5))
            self.says(f"红包 已发 {number} 实发{(budget - budget // count * unclaimed) / 100:.2f}元")
