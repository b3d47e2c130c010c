"""Deal stages and what they mean for the customer. No I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

STAGES = {1: "①", 2: "②", 3: "③", 4: "④"}
STAGE_WORDS = {1: "已谈妥，还没下单", 2: "已下单，在路上", 3: "已收到", 4: "快用完了"}


ITEMS_SHOWN = 30  # characters of an order's items in a line people read


PLACED_AFTER = timedelta(days=1)  # what was agreed, and what was paid, is not left lying longer
ARRIVED_AFTER = timedelta(days=3)  # in the post
SATISFIED_AFTER, SATISFIED_UNTIL = timedelta(days=3), timedelta(days=14)  # after delivery
ASKED_AGAIN = timedelta(days=7)
# An order nobody has moved on for so long is a slip of the pen, and what was used up then has long been replaced.
FORGOTTEN_AFTER = timedelta(days=60)


class Deal(Protocol):
    """What a stage's reminder is decided from."""

    stage: int
    parcel: str | None
    created_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StageDue:
    """Why to speak about an order today, after its items; since when; and the script that helps (empty: none)."""

    words: str
    since: datetime
    script: str = ""


def stage_due(deal: Deal, now: datetime) -> StageDue | None:
    """Whether an order gives a reason to speak: agreed, paid or sent and left lying; delivered some days ago."""
    asked = deal.asked_at
    if deal.stage == 3 and deal.delivered_at is not None:
        passed = now - deal.delivered_at
        if SATISFIED_AFTER <= passed < SATISFIED_UNTIL and (asked is None or asked < deal.delivered_at):
            return StageDue(f"收到{passed.days}天了，回访", deal.delivered_at + SATISFIED_AFTER, "售后回访")
        return None
    if deal.stage > 2 or (asked is not None and now - asked < ASKED_AGAIN):
        return None
    since, after, words, script = deal.created_at, PLACED_AFTER, "谈妥{}天了，还没下单", ""
    if deal.stage == 2:
        since, words = deal.paid_at or deal.created_at, "下单{}天了，还没发货"
        if deal.shipped_at is not None:
            since, after, words, script = deal.shipped_at, ARRIVED_AFTER, "寄出{}天了，问问到了没", "使用说明"
    passed = now - since
    if passed < after:
        return None
    return StageDue(words.format(passed.days), max(since + after, asked + ASKED_AGAIN if asked else since), script)


def article(items: str) -> str:
    """By what an article is known again: the items as written, without letter case, width and doubled spaces."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", items)).strip().lower()


def stage_shown(stage: int) -> str:
    return f"{STAGES[stage]}{STAGE_WORDS[stage]}"


def items_shown(items: str) -> str:
    """The items as far as a line has room for them."""
    return items if len(items) <= ITEMS_SHOWN else f"{items[: ITEMS_SHOWN - 1]}…"


def grade_after(*, grade: str | None, former: str | None, purchased: bool) -> tuple[str | None, str | None]:
    """The grade and the former grade once the ledger says whether an unrefunded purchase stands.

    S lasts while one stands; when none does, the grade from before comes back.
    """
    if purchased and grade != "S":
        return "S", grade
    if not purchased and grade == "S":
        return former, None
    return grade, former
