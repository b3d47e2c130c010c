"""A season of a shop in minutes: customers live by a seed, staff broadcast every week, the platform keeps its quotas.

What must hold whatever happens: the platform never refuses us for a rule we could have known, nobody gets more than a cap
allows or what they do not want, every plan is what then happens, and every ledger adds up. The platform's own ledger of
what each phone received is the judge. The same seed plays the same season.

    python tests/season.py --people 10000 --days 90 --seed 2026
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shop import CODE, PlatformPort, Shop, code_in

from bot.cli.database import upgrade
from bot.rehearsal import phones
from bot.rehearsal.dice import Dice
from bot.rehearsal.people import Wishes
from bot.sandbox import acts
from bot.sandbox.fans import Fan
from bot.store.engine import open_store

FIRST_DAY = date(2026, 9, 21)  # a Monday; two months end, and three holidays stand, within 90 days
MARK = "本周上新"  # stands in every marketing text of a season, and in nothing else
WAYS = {"客服消息": "custom", "群发接口": "mass", "人工发": "by_hand"}
FINAL = {"sent", "failed", "unknown", "skipped", "by_hand", "cancelled"}

# How many of a thousand customers do it on one day.
WRITE, TAP, LEAVE, COME_BACK, OPT_OUT, OPT_IN, COMPLAIN = 30, 8, 1.5, 20, 0.7, 10, 0.4
NEW, BOUGHT = 2, 4
WORDS = ("在吗", "有新款吗", "几点开门", "好的，谢谢", "帮我留一件", "周末来", "多少钱", "上次的很好")
# Weekdays (Monday 0) and what is said on them; {n} is the week's number.
WEEKLY = (
    (1, "群发 O 用 称呼{n}"),
    (2, "群发 全部 用 上新{n}"),
    (4, "群发 VIP 用 贵宾{n}"),
    (5, "群发 最近联系<3天 用 周末{n} 避开疲劳"),
)


@dataclass
class Report:
    """What came of a season. All of `wrong` and `refused` must be empty."""

    people: int = 0
    days: int = 0
    seed: int = 0
    said: Counter[str] = field(default_factory=Counter)
    broadcasts: int = 0
    planned_exactly: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    most_a_day: int = 0
    most_a_month: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        acted = "，".join(f"{what} {count}" for what, count in sorted(self.said.items()))
        return [
            f"{self.people} customers, {self.days} days, seed {self.seed}",
            f"they: {acted}",
            f"broadcasts: {self.broadcasts}, {self.planned_exactly} of them planned one by one, to the number",
            f"rows: {dict(sorted(self.rows.items()))}; sent by {dict(sorted(self.routes.items()))}",
            f"calls: {dict(sorted(self.calls.items()))}",
            f"marketing messages to one person: at most {self.most_a_day} a day, {self.most_a_month} a month",
            f"refused by the platform: {dict(self.refused) or 'none'}",
            f"wrong: {len(self.wrong)}",
            *self.wrong[:20],
        ]


class Season:
    """Plays one; `report` at its end."""

    def __init__(self, shop: Shop, people: int, seed: int) -> None:
        self.shop = shop
        self.platform = shop.platform
        self._chance = Dice(seed)
        self._report = Report(people=people, seed=seed)
        self._calls_seen = 0
        self._numbers: dict[str, int] = {}
        self._told: dict[int, dict[str, int]] = {}
        self._wishes = Wishes()
        # The phone page would not wait so long; these are real seconds.
        shop.ask("/limits", {"say_seconds": 60})
        for fan in self._fans:
            # They live by this season's seed, not by the sandbox's own habits.
            fan.habit = None
        self.boss = shop.staff("王姐", "owner")
        self._take_in(people)

    def _take_in(self, people: int) -> None:
        """Who followed before the shop came to us."""
        self.shop.take_in(people)
        self._learn_numbers()
        customers = sorted(self._numbers.values())
        vips = self._chance.sample(customers, max(1, people // 50))
        for start in range(0, len(vips), 15):
            self._says(f"{'、'.join(f'#{number}' for number in vips[start : start + 15])} +VIP")

    # -- days ---------------------------------------------------------------------------------------------------------

    def play(self, days: int, tell: Callable[[str], object] = str) -> Report:
        """``tell`` hears now and then how far it is."""
        for number in range(days):
            self._day(FIRST_DAY + timedelta(days=number), number)
            if number % 10 == 9:
                tell(f"day {number + 1}: {self._report.broadcasts} broadcasts, refused {dict(self._report.refused)}")
        self._report.days = days
        self._at(FIRST_DAY + timedelta(days=days), "09:05")
        self._go_on(times=4)
        self._judge()
        return self._report

    def _day(self, day: date, number: int) -> None:
        self._at(day, "08:40")
        self._live(day, share=0.15)
        self._at(day, "09:31")
        self._go_on()
        self._staff(day)
        self._at(day, "10:00")
        self._broadcast(day, number)
        for hour, share in (("11:30", 0.3), ("15:10", 0.3), ("19:20", 0.2)):
            self._at(day, hour)
            self._live(day, share=share)
            self._go_on()
        self._at(day, "20:50")
        self._live(day, share=0.05)
        if day.weekday() == 6:
            self._plan(f"群发 M 用 周一{number // 7} 明天9点", number // 7)
        self._go_on()
        self._look_at_calls(day)

    def _at(self, day: date, hour: str) -> None:
        self.shop.at(f"{day} {hour}")
        self.shop.settle()

    def _go_on(self, times: int = 1) -> None:
        for _ in range(times):
            self.shop.goes_on()

    # -- what customers do ----------------------------------------------------------------------------------------------

    @property
    def _fans(self) -> list[Fan]:
        return [fan for fan in self.platform.fans if fan.role == "customer"]

    def _live(self, day: date, *, share: float) -> None:
        """A part of the day in the customers' lives."""
        fans = [fan for fan in self._fans if fan.openid != self.boss.openid]
        inside = [fan for fan in fans if fan.follows]
        outside = [fan for fan in fans if not fan.follows]
        writing = [(acts.say, fan, self._chance.choice(WORDS)) for fan in self._chance.some(inside, WRITE * share)]
        tapping = self._chance.some(inside, TAP * share)
        self.shop.act_at_once(writing)
        self.shop.act_at_once((acts.tap_menu, fan, self._chance.choice(("活动", "我的"))) for fan in tapping)
        self._report.said.update({"write": len(writing), "tap": len(tapping)})
        for fan in self._chance.some(inside, OPT_OUT * share):
            if self._wishes.wants(fan.openid):
                self._do("opt out", acts.say, fan, "退订")
                self._wishes.out(fan.openid, self.platform.clock.now())
        for fan in self._chance.some([fan for fan in inside if not self._wishes.wants(fan.openid)], OPT_IN * share):
            self._do("opt in", acts.say, fan, "订阅")
            self._wishes.back(fan.openid, self.platform.clock.now())
        for fan in self._chance.some(inside, COMPLAIN * share):
            self._do("complain", acts.say, fan, "投诉 衣服破了")
        for fan in self._chance.some(inside, LEAVE * share):
            self._do("unfollow", acts.unfollow, fan)
        for fan in self._chance.some(outside, COME_BACK * share):
            self._do("follow again", acts.follow, fan)
        for _ in range(self._chance.how_many(len(fans), NEW * share)):
            with self.platform.lock:
                fan = self.platform.fans.add(f"新客{len(fans)}-{day:%m%d}-{self._chance.randrange(10**6)}")
            self._do("follow", acts.follow, fan)

    def _do(self, what: str, act: Any, fan: Fan, *more: str) -> None:
        if act not in (acts.follow,) and not fan.follows:
            return
        self.shop.act(act, fan, *more)
        self._report.said[what] += 1

    # -- what staff do --------------------------------------------------------------------------------------------------

    def _staff(self, day: date) -> None:
        self._says("今日")
        self._learn_numbers()
        numbers = sorted(self._numbers.values())
        for _ in range(self._chance.how_many(len(numbers), BOUGHT)):
            self._says(f"消费 #{self._chance.choice(numbers)} {self._chance.randrange(30, 900)} 衣服")
        self._says(f"提醒 {day.month}月{day.day}日 15:00 给#{self._chance.choice(numbers)}打电话")
        for number in self._waiting()[:5]:
            self._says(f"回 #{number} 您好，都在的")
        if day.weekday() == 0:
            self._says(f"活动 新建 茶会{day:%m%d} {(day + timedelta(days=3)):%-m月%-d日}14:00 名额20 地点 本店")
            (latest,) = self.shop.rows("SELECT MAX(id) FROM activities")
            for fan in self._chance.sample([fan for fan in self._fans if fan.follows], 3):
                self._do("join", acts.say, fan, f"报名 {latest[0]}")
        if day.weekday() == 3 and "投诉" in self._says("今日"):
            self._says("完成 1 已经换了新的")

    def _waiting(self) -> list[int]:
        rows = self.shop.rows("SELECT DISTINCT customer_id FROM utterances WHERE waiting ORDER BY customer_id LIMIT 5")
        return [row[0] for row in rows]

    def _broadcast(self, day: date, number: int) -> None:
        week = number // 7
        for weekday, line in WEEKLY:
            if weekday == day.weekday():
                self._plan(line.format(n=week), week)

    def _plan(self, line: str, week: int) -> None:
        """One broadcast: planned, held to its numbers when it has gone out."""
        name = re.search(r"用 (\S+)", line)[1]
        salutation = '{{ c.name|default("亲") }}，' if name.startswith("称呼") else ""
        self._says(f"话术 新建 {name} {salutation}{MARK}第{week}期（{name}），欢迎来看看")
        words = self._says(line)
        while "更多" in words.splitlines()[-1]:
            words = words.rsplit("\n", 1)[0] + "\n" + self._says("更多")
        if CODE.search(words) is None:
            self._report.said["nobody to send to"] += 1
            return
        number = int(re.search(r"群发 (\d+) 的计划", words)[1])
        confirmed = self._says(f"确认 {code_in(words)}")
        assert "已确认" in confirmed, confirmed
        self._report.broadcasts += 1
        if "明天" in line:
            return
        if "推算" not in words:
            self._told[number] = promised(words)
        self._go_on()

    def _says(self, line: str) -> str:
        return self.boss.says(line)

    def _learn_numbers(self) -> None:
        rows = self.shop.rows("SELECT person_id, customer_id FROM identities")
        staff = {row[0] for row in self.shop.rows("SELECT id FROM customers WHERE is_staff")}
        self._numbers = {person: number for person, number in rows if number not in staff}

    # -- the judgement --------------------------------------------------------------------------------------------------

    def _look_at_calls(self, day: date) -> None:
        with self.platform.lock:
            fresh = self.platform.calls.after(self._calls_seen)
        for call in fresh:
            path = call.path.rsplit("/cgi-bin/", 1)[-1]
            self._report.calls[path] += 1
            if call.errcode or call.status != 200:
                self._report.refused[f"{path} {call.errcode}"] += 1
        if fresh:
            if self._calls_seen and fresh[0].id != self._calls_seen + 1:
                self._report.wrong.append(f"{day}: calls nobody looked at")
            self._calls_seen = fresh[-1].id

    def _judge(self) -> None:
        self._look_at_calls(FIRST_DAY)
        self._judge_phones()
        self._judge_ledgers()
        self._judge_mass_jobs()

    def _judge_phones(self) -> None:
        """By the platform's own ledger: caps, opt-outs, the same words twice."""
        got = phones.received(self.platform, self.shop.settings.timezone)
        # What staff are told may quote it.
        got = [one for one in got if MARK in one.text and one.openid != self.boss.openid]
        self._report.routes.update(one.via for one in got)
        days, months = ([(one.openid, f"{one.at:{of}}") for one in got] for of in ("%Y-%m-%d", "%Y-%m"))
        self._report.most_a_day = max(Counter(days).values(), default=0)
        self._report.most_a_month = max(Counter(months).values(), default=0)
        settings = self.shop.settings
        wrong = {
            "in the quiet hours": phones.in_quiet_hours([one.at for one in got], settings.quiet_hours),
            "more than a day allows": phones.more_than(settings.marketing_per_day, days),
            "more than a month allows": phones.more_than(settings.marketing_per_month, months),
            "the same words twice": phones.more_than(1, [(one.openid, one.text) for one in got]),
            "to who had opted out": [f"{one.openid} {one.at:%m-%d %H:%M}" for one in got if self._wishes.against(one)],
        }
        self._report.wrong += [f"{what}: {which}" for what, found in wrong.items() for which in found[:5]]

    def _judge_ledgers(self) -> None:
        """Audience = sent + failed + unknown + skipped + by hand + cancelled; a plan's numbers are the outcome's."""
        states: dict[int, Counter[str]] = defaultdict(Counter)
        ways: dict[int, Counter[str]] = defaultdict(Counter)
        for number, state, route, count in self.shop.rows(
            "SELECT broadcast_id, state, route, COUNT(*) FROM deliveries WHERE broadcast_id IS NOT NULL GROUP BY 1, 2, 3"
        ):
            states[number][state] += count
            ways[number][route if state in ("sent", "by_hand") else state] += count
        audiences = {
            row[0]: row[1] for row in self.shop.rows("SELECT id, audience FROM broadcasts WHERE state <> 'draft'")
        }
        for number, audience in audiences.items():
            counts = states[number]
            self._report.rows.update(counts)
            if sum(counts.values()) != audience or not counts.keys() <= FINAL:
                self._report.wrong.append(f"broadcast {number} to {audience} ended as {dict(counts)}")
            told = self._told.get(number)
            if told is None:
                continue
            if told == {way: ways[number].get(way, 0) for way in told}:
                self._report.planned_exactly += 1
            else:
                self._report.wrong.append(f"broadcast {number} was planned as {told} and ended as {dict(ways[number])}")
        sent = self._scalar(
            "SELECT COUNT(*) FROM deliveries WHERE state = 'sent' AND route IN ('custom', 'mass') AND purpose = 'marketing'"
        )
        if sent != sum(self._report.routes.values()):
            self._report.wrong.append(f"{sent} rows sent, {sum(self._report.routes.values())} messages on phones")

    def _judge_mass_jobs(self) -> None:
        """Who is filtered silently was refused as well: a fifth in the month, somebody who has left."""
        for (counts,) in self.shop.rows("SELECT counts FROM mass_results"):
            told = json.loads(counts) if isinstance(counts, str) else counts
            filtered = int(told["TotalCount"]) - int(told["FilterCount"])
            if filtered:
                self._report.refused["mass filtered"] += filtered

    def _scalar(self, statement: str) -> int:
        return int(self.shop.rows(statement)[0][0])


def promised(words: str) -> dict[str, int]:
    """The numbers of a plan: people by way, and those left out."""
    told = {way: re.search(rf"· {word}[^\n]* (\d+) 位", words) for word, way in WAYS.items()}
    none = re.search(r"不发 (\d+) 位", words)
    return {way: int(found[1]) if found else 0 for way, found in told.items()} | {
        "skipped": int(none[1]) if none else 0
    }


def play(
    folder: Path, port: PlatformPort, *, people: int, days: int, seed: int, tell: Callable[[str], object] = str
) -> Report:
    """A season in a folder of its own, on SQLite."""
    (folder / "data").mkdir(exist_ok=True)
    store = open_store(f"sqlite:///{folder}/data/shuke.db")
    upgrade(store)
    store.close()
    shop = Shop(
        "sqlite:///data/shuke.db",
        folder,
        port,
        redis_url="",
        start=f"{FIRST_DAY} 08:00",
        following=people,
        seed=seed,
        # A busy machine is not what is on trial here.
        played=True,
    )
    try:
        return Season(shop, people, seed).play(days, tell)
    finally:
        shop.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Plays a season and prints what came of it.")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = time.monotonic()
    port = PlatformPort()
    with tempfile.TemporaryDirectory(prefix="shuke-season-") as folder:
        report = play(
            Path(folder),
            port,
            people=arguments.people,
            days=arguments.days,
            seed=arguments.seed,
            tell=lambda words: print(words, file=sys.stderr),
        )
    port.close()
    if arguments.json:
        print(json.dumps(vars(report) | {"seconds": time.monotonic() - began}, ensure_ascii=False))
    else:
        print("\n".join([*report.lines(), f"{time.monotonic() - began:.0f} s"]))
    return 1 if report.wrong or report.refused else 0


if __name__ == "__main__":
    sys.exit(main())
