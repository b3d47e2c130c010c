"""Deal stages and what they mean for the customer. No I/O."""

from __future__ import annotations

STAGES = {1: "①", 2: "②", 3: "③", 4: "④"}
STAGE_WORDS = {1: "已谈妥，还没下单", 2: "已下单，在路上", 3: "已收到", 4: "快用完了"}


ITEMS_SHOWN = 30  # characters of an order's items in a line people read


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
