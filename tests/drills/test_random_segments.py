"""Random segments over a small random shop: what SQL finds on both databases is what the tree plainly says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from house import FULL
from sqlalchemy import insert

import app
from bot.clock import SetClock
from bot.delivery.models import Delivery
from bot.domain.campaigns.models import Broadcast
from bot.domain.care.rules import lunar_day, solar_day
from bot.domain.customers import saved_segments, segment_reasons, segments
from bot.domain.customers.models import Customer, CustomerTag, Identity, SavedSegment, Tag
from bot.domain.orders.models import Order
from bot.language.segments import (
    And,
    ClassTerm,
    Everyone,
    Field,
    Name,
    Not,
    Or,
    TagTerm,
    Tree,
    all_of,
    any_of,
    explain,
    negation,
    parse_segment,
    show,
)
from bot.settings import load
from bot.store.engine import open_store
from bot.store.transaction import Tx, transaction

EXPRESSIONS = 10_000 if FULL else 200
PEOPLE = 60
ZONE = ZoneInfo("Asia/Shanghai")
# The end of a lunar month of 29 days and of a February of 28 are among the days looked at.
NOWS = [
    datetime(2026, 9, 21, 10, tzinfo=ZONE),
    datetime(2026, 2, 28, 10, tzinfo=ZONE),
    datetime(2025, 7, 24, 9, tzinfo=ZONE),
]
TAGS = ["北京", "老客", "或许", "高频", "没人有"]
SAVED = {
    "存一": "M 且 非北京",
    "存二": "存一 或 级别=A 且 非(VIP 或 老客)",
    "存三": "非 存二 且 消费额>=300",
    "高频": "标签=高频 且 Y",
}
DAYS = [0, 1, 7, 30, 60]
STATES = ["planned", "claimed", "sent", "unknown", "failed", "skipped", "by_hand", "cancelled", "handed"]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}


@dataclass
class Small:
    """The shop as plain values, from which its tables are filled."""

    now: datetime
    customers: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[int, set[str]] = field(default_factory=dict)
    accounts: dict[int, set[str]] = field(default_factory=dict)
    stages: dict[int, list[int]] = field(default_factory=dict)
    deliveries: list[dict[str, Any]] = field(default_factory=list)


def furnished(chance: Random, now: datetime) -> Small:
    small = Small(now)
    for number in range(1, PEOPLE + 1):
        purchases = chance.choice([0, 0, 1, 2, 3])
        lunar, month = chance.random() < 0.4, chance.choice([None, 1, 2, 6, 8, 9, 9, 12])
        edge = timedelta(days=chance.choice(DAYS), milliseconds=chance.choice([-1, 0, 0, 1]))
        small.customers.append(
            {
                "id": number,
                "created_at": now,
                "is_staff": chance.random() < 0.05,
                "visited": chance.random() < 0.5,
                "purchased": purchases > 0,
                "vip": chance.random() < 0.2,
                "grade": chance.choice([None, "S", "A", "B"]),
                "follow_up": chance.choice([None, "a", "b"]),
                "sex": chance.choice([None, "男", "女"]),
                "city": chance.choice([None, "北京", "New York"]),
                "channel": chance.choice([None, "门店海报"]),
                "spent_fen": chance.choice([10000, 30000, 30000, 50000]) if purchases else 0,
                "purchases": purchases,
                "last_purchase_at": now - edge if purchases else None,
                "last_contact_at": chance.choice([None, now - edge]),
                "birth_lunar": lunar,
                "birth_month": month,
                "birth_day": chance.choice([None, 1, 11, 21, 28, 29, 30 if lunar or month != 2 else 29]) if month else None,
            }
        )  # fmt: skip
        small.tags[number] = {tag for tag in TAGS[:-1] if chance.random() < 0.4}
        small.accounts[number] = {account for account in ("main", "corp") if chance.random() < 0.5}
        small.stages[number] = [chance.randint(1, 4) for _ in range(chance.choice([0, 1, 2]))]
    for broadcast in (1, 2, 3):
        for number in chance.sample(range(1, PEOPLE + 1), PEOPLE // 2):
            small.deliveries.append(
                {
                    "account": "main",
                    "broadcast_id": broadcast,
                    "customer_id": number,
                    "purpose": "marketing",
                    "send_key": f"{broadcast}:{number}",
                    "state": chance.choice(STATES),
                    "reason": chance.choice(["", "发送太频繁", "内容涉嫌违规"]),
                    "due_at": now,
                    "planned_at": now,
                    "calling_since": chance.choice([None, now]),
                    "replied_at": chance.choice([None, None, now]),
                }
            )
    return small


def keep(small: Small, tx: Tx) -> None:
    now = small.now
    tx.execute(insert(Customer), small.customers)
    tx.execute(insert(Tag), [{"id": place, "name": tag, "created_at": now} for place, tag in enumerate(TAGS, 1)])
    tx.execute(
        insert(CustomerTag),
        [
            {"customer_id": number, "tag_id": TAGS.index(tag) + 1, "since": now}
            for number, tags in small.tags.items()
            for tag in sorted(tags)
        ],
    )
    identity = {"relation_at": now, "person_id": ""}
    tx.execute(
        insert(Identity),
        [
            identity
            | {
                "customer_id": number,
                "account": account,
                "person_id": f"p{number}",
                "relation": "active" if account in accounts else "gone",
            }
            for number, accounts in small.accounts.items()
            for account in ("main", "corp")
        ],
    )
    order = {"amount_fen": 100, "items": "", "note": "", "source": "shop", "created_at": now}
    tx.execute(
        insert(Order),
        [
            order | {"customer_id": number, "stage": stage}
            for number, stages in small.stages.items()
            for stage in stages
        ],
    )
    broadcast = {"staff_id": 1, "segment": "全部", "scripts": [], "hold_out": 0, "state": "done", "created_at": now}
    tx.execute(
        insert(Broadcast),
        [
            broadcast | {"id": 1, "kind": "", "source_id": None},
            broadcast | {"id": 2, "kind": "", "source_id": None},
            broadcast | {"id": 3, "kind": "retry", "source_id": 1},
        ],
    )
    tx.execute(insert(Delivery), small.deliveries)
    tx.execute(
        insert(SavedSegment),
        [{"name": name, "expression": expression, "created_at": now} for name, expression in SAVED.items()],
    )


# --- what a tree plainly says -----------------------------------------------------------------------------------------


class Plain:
    """The tree over plain values, one customer after another."""

    def __init__(self, small: Small) -> None:
        self.small = small
        self.now = small.now
        buyers = [one for one in small.customers if one["spent_fen"] and not one["is_staff"]]
        self.ranked = [one["id"] for one in sorted(buyers, key=lambda one: (-one["spent_fen"], one["id"]))]

    def members(self, tree: Tree) -> list[int]:
        return [one["id"] for one in self.small.customers if not one["is_staff"] and self.holds(tree, one)]

    def holds(self, tree: Tree, one: dict[str, Any]) -> bool:
        match tree:
            case And(parts):
                return all(self.holds(part, one) for part in parts)
            case Or(parts):
                return any(self.holds(part, one) for part in parts)
            case Not(part):
                return not self.holds(part, one)
            case Everyone():
                return True
            case ClassTerm(code):
                column = {"N": "visited", "Y": "visited", "O": "purchased", "M": "purchased", "VIP": "vip"}[code]
                return bool(one[column]) is (code not in "NO")
            case Name(text):
                return (
                    self.holds(parse_segment(SAVED[text]), one) if text in SAVED else text in self.small.tags[one["id"]]
                )
            case TagTerm(name):
                return name in self.small.tags[one["id"]]
            case Field(name, op, value):
                return bool(getattr(self, name, lambda one, op, value: one[name] == value)(one, op, value))
        raise AssertionError(tree)

    def stage(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return self.small.stages[one["id"]][-1:] == [value]

    def account(self, one: dict[str, Any], _op: str, value: str) -> bool:
        return value in self.small.accounts[one["id"]]

    def spent(self, one: dict[str, Any], op: str, value: int) -> bool:
        return COMPARE[op](one["spent_fen"], value)

    def purchases(self, one: dict[str, Any], op: str, value: int) -> bool:
        return COMPARE[op](one["purchases"], value)

    def last_purchase(self, one: dict[str, Any], op: str, value: int) -> bool:
        return self._days(one["last_purchase_at"], op, value)

    def last_contact(self, one: dict[str, Any], op: str, value: int) -> bool:
        return self._days(one["last_contact_at"], op, value)

    def _days(self, moment: datetime | None, op: str, value: int) -> bool:
        return moment is not None and COMPARE[op](self.now - moment, timedelta(days=value))

    def not_bought(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return one["last_purchase_at"] is None or self.last_purchase(one, ">=", value)

    def top(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return one["id"] in self.ranked[: ceil(len(self.ranked) * value / 100)]

    def birthday(self, one: dict[str, Any], _op: str, value: str | int) -> bool:
        today = self.now.date()
        if one["birth_month"] is None or one["birth_day"] is None:
            return False
        kept = lunar_day if one["birth_lunar"] else solar_day
        days = [kept(today.year + shift, one["birth_month"], one["birth_day"]) for shift in (-1, 0, 1)]
        if value == "month":
            return any((day.year, day.month) == (today.year, today.month) for day in days)
        ahead = 0 if value == "today" else int(value)
        return ahead >= 366 or any(timedelta(0) <= day - today <= timedelta(days=ahead) for day in days)

    def _rows(self, one: dict[str, Any], broadcast: int) -> list[dict[str, Any]]:
        return [
            row for row in self.small.deliveries if row["broadcast_id"] == broadcast and row["customer_id"] == one["id"]
        ]

    def sent(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return any(map(_got, self._rows(one, value)))

    def replied(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return any(row["replied_at"] for row in self._rows(one, value))

    def silent(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return any(_got(row) and not row["replied_at"] for row in self._rows(one, value))

    def failed(self, one: dict[str, Any], _op: str, value: int) -> bool:
        return any(row["state"] == "failed" for row in self._rows(one, value))

    def retry(self, one: dict[str, Any], _op: str, value: int) -> bool:
        hopeful = any(row["state"] == "failed" and "涉嫌" not in row["reason"] for row in self._rows(one, value))
        again = self._rows(one, 3) if value == 1 else []
        return hopeful and not any(_got(row) or row["state"] == "planned" for row in again)


def _got(row: dict[str, Any]) -> bool:
    begun = row["state"] in ("planned", "claimed") and row["calling_since"]
    return bool(row["state"] in ("sent", "unknown", "handed") or begun)


# --- random trees -----------------------------------------------------------------------------------------------------


def term(chance: Random) -> Tree:
    compare = chance.choice(list(COMPARE))
    return chance.choice(
        [
            lambda: ClassTerm(chance.choice(["N", "Y", "O", "M", "VIP"])),
            lambda: Name(chance.choice([*TAGS, *SAVED])),
            lambda: Name(chance.choice([*TAGS, *SAVED])),
            lambda: TagTerm(chance.choice(TAGS)),
            lambda: Everyone(),
            lambda: Field("grade", "=", chance.choice("SABC")),
            lambda: Field("follow_up", "=", chance.choice("abc")),
            lambda: Field("stage", "=", chance.randint(1, 4)),
            lambda: Field("sex", "=", chance.choice("男女")),
            lambda: Field("city", "=", chance.choice(["北京", "New York"])),
            lambda: Field("channel", "=", "门店海报"),
            lambda: Field("account", "=", chance.choice(["main", "corp"])),
            lambda: Field("spent", compare, chance.choice([0, 10000, 30000])),
            lambda: Field("purchases", compare, chance.randint(0, 3)),
            lambda: Field(chance.choice(["last_purchase", "last_contact"]), compare, chance.choice(DAYS)),
            lambda: Field("not_bought", ">=", chance.choice(DAYS[1:])),
            lambda: Field("birthday", "=", chance.choice(["month", "today"])),
            lambda: Field("birthday", "<=", chance.choice([0, 7, 45, 366])),
            lambda: Field(chance.choice(["sent", "replied", "silent", "failed", "retry"]), "=", chance.randint(1, 4)),
            lambda: Field("top", "=", chance.choice([1, 20, 50, 100])),
        ]
    )()


def random_tree(chance: Random, depth: int) -> Tree:
    if depth == 0 or chance.random() < 0.2:
        return term(chance)
    if chance.random() < 0.25:
        return negation(random_tree(chance, depth - 1))
    parts = [random_tree(chance, depth - 1) for _ in range(chance.choice([2, 2, 3, 4]))]
    return chance.choice([all_of, any_of])(parts)


def test_sql_finds_whom_the_tree_names(database: str, tmp_path: Path, chance: Random) -> None:
    app.create_router(load(None, {}, tmp_path))
    store = open_store(database.replace("sqlite:///", f"sqlite:///{tmp_path}/"))
    small = furnished(chance, chance.choice(NOWS))
    plain = Plain(small)
    with transaction(store, SetClock(small.now.astimezone(UTC))) as tx:
        keep(small, tx)
        for place in range(EXPRESSIONS):
            tree = random_tree(chance, chance.randint(0, 4))
            text = show(tree)
            assert len(text) > 200 or parse_segment(text) == tree
            expected = plain.members(tree)
            assert segments.members(tx, tree, plain.now) == expected, text
            if place % 10 == 0:
                _ask_otherwise(tx, tree, plain.now, expected, chance.choice(small.customers)["id"])
    store.close()


def _ask_otherwise(tx: Tx, tree: Tree, now: datetime, expected: list[int], one: int) -> None:
    """Every other way to ask gives the same answer."""
    text = show(tree)
    count, examples = segments.look(tx, tree, now)
    assert (count, [person.id for person in examples]) == (len(expected), expected[:3]), text
    assert segments.sample(tx, tree, now, PEOPLE) == (len(expected), expected), text
    assert segments.holds(tx, tree, one, now) is (one in expected), text
    belongs, lines = segment_reasons.belongs(tx, tree, tx.session.get_one(Customer, one), now)
    assert (belongs, bool(lines)) == (one in expected, True), text
    assert explain(saved_segments.meaning(tx, tree))
