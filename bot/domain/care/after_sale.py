"""After the sale (售后): what a customer hears of an order by itself, step by step, until it is used up or given back.

Nothing is planned ahead: a step is due while the order stands so, and its letter says that it was said. So whatever
staff take back, move on or book anew, the journey goes on from how the order stands now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from bot.domain.care import letters, rounds, switches
from bot.domain.care.letter_rules import Purpose
from bot.domain.care.models import Letter
from bot.domain.customers import timeline
from bot.domain.customers.models import Customer
from bot.domain.orders import cycles, intervals
from bot.domain.orders.models import Order
from bot.domain.orders.rules import ARRIVED_AFTER, SATISFIED_AFTER, SATISFIED_UNTIL
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.settings import Settings
from bot.store.transaction import Tx

# Who books something wrong notices at once; the customer need not.
SECOND_THOUGHTS = timedelta(minutes=1)
# Several orders at once are asked about once.
ASKED_LATELY = timedelta(days=7)
# A letter that could not go out stands in 今日 like any other reason to speak.
LATE = timedelta(days=1)
AT_ONCE = 100
LETTER_STATES = ("queued", "by_hand", "later", "skipped", "over")
NAME = "after_sale"
OWN_HOW_TO = "使用说明"  # 使用说明面膜 is what is said of an order of 面膜

# A script's words for one customer and order; raises Refusal where a fact they need is not known.
Words = Callable[[Tx, Settings, str, Customer, Order], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to say about an order: ``after`` the moment ``since``, while it ``holds``, and for so long ``worth`` it.

    ``name`` stands in the letter's key, ``word`` is what people call it.
    """

    name: str
    word: str
    script: str
    since: InstrumentedAttribute[datetime | None]
    after: timedelta
    worth: timedelta
    holds: ColumnElement[bool]
    purpose: Purpose = "service"

    def key(self, order_id: int) -> str:
        return f"order:{order_id}:{self.name}"

    def at(self, order: Order) -> datetime | None:
        """When its time comes, by the order as it stands."""
        since = getattr(order, self.since.key)
        return None if since is None else since + self.after


_SENT = and_(Order.stage == 2, Order.shipped_at.is_not(None))
_POSTED = Order.source.in_(("deal", "online"))
_NOT_ASKED = or_(Order.asked_at.is_(None), Order.asked_at < Order.delivered_at)
STEPS: tuple[Step, ...] = (
    Step(
        "ordered",
        "下单告知",
        "下单告知",
        Order.paid_at,
        SECOND_THOUGHTS,
        timedelta(days=1),
        and_(Order.stage == 2, Order.shipped_at.is_(None), _POSTED),
    ),
    Step(
        "sent",
        "发货通知",
        "发货通知",
        Order.shipped_at,
        SECOND_THOUGHTS,
        timedelta(days=2),
        and_(_SENT, Order.parcel.is_not(None)),
    ),
    Step("how_to", "使用说明", "使用说明", Order.shipped_at, timedelta(hours=12), timedelta(days=3), _SENT),
    Step("arrived", "到货询问", "到货询问", Order.shipped_at, ARRIVED_AFTER, timedelta(days=7), _SENT),
    Step(
        "arrived",
        "签收询问",
        "签收询问",
        Order.delivered_at,
        SECOND_THOUGHTS,
        timedelta(days=2),
        and_(Order.stage == 3, _POSTED),
    ),
    Step(
        "satisfaction",
        "售后回访",
        "售后回访",
        Order.delivered_at,
        SATISFIED_AFTER,
        SATISFIED_UNTIL - SATISFIED_AFTER,
        and_(Order.stage == 3, Order.source != "opening", _NOT_ASKED),
    ),
    Step(
        "used_up",
        "用完提醒",
        "用完提醒",
        Order.used_up_due,
        timedelta(0),
        timedelta(days=7),
        and_(Order.stage == 3, Order.bought_again_id.is_(None)),
        # It asks to buy again, whatever else it says.
        "marketing",
    ),
)


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be said now, by order, the oldest reason first; ``is_round``: all there is was looked for and found."""

    steps: Sequence[tuple[int, Step]] = ()
    is_round: bool = False


def due(tx: Tx) -> Due:
    """Nothing while it is switched off."""
    started = switches.on_since(tx, switches.AFTER_SALE)
    if started is None:
        return Due()
    is_round = rounds.is_due(tx, NAME)
    found = [] if is_round else _asked_again(tx)
    for step in STEPS:
        since = started if is_round else max(started, tx.now - rounds.LATELY)
        rows = select(Order.id).where(_is_due(step, tx.now, since)).order_by(step.since, Order.id)
        orders = tx.session.scalars(rows.limit(AT_ONCE)).all()
        found += [(order_id, step) for order_id in orders]
        is_round = is_round and len(orders) < AT_ONCE
    return Due(found, is_round)


def _asked_again(tx: Tx) -> list[tuple[int, Step]]:
    """Letters that could not go out before and may now."""
    waits = select(Letter.key).where(
        Letter.state == "later", Letter.again_at <= tx.now, Letter.key.startswith("order:"), Letter.until > tx.now
    )
    parted = [key.split(":") for key in tx.session.scalars(waits.order_by(Letter.again_at, Letter.id).limit(AT_ONCE))]
    return [(int(number), step) for _order, number, name in parted for step in STEPS if step.name == name]


def round_done(tx: Tx) -> None:
    rounds.done(tx, NAME)


def say(tx: Tx, shop: Settings, order_id: int, step: Step, words: Words) -> bool:
    """Writes the customer what a step says, or keeps why not; False where it is not due any more."""
    started = switches.on_since(tx, switches.AFTER_SALE)
    if started is None:
        return False
    rows = select(Order, Customer).join(Customer, Customer.id == Order.customer_id)
    found = tx.session.execute(rows.where(Order.id == order_id, _is_due(step, tx.now, started))).first()
    if found is None:
        return False
    order, customer = found
    if step.name == "satisfaction" and _asked_lately(tx, customer.id, step):
        _skip(tx, order, customer, step, "前几天刚问过别的单")
        order.asked_at = tx.now
        return True
    try:
        text = words(tx, shop, _script(tx, step, order), customer, order)
    except Refusal as missing:
        _skip(tx, order, customer, step, str(missing))
        return True
    letter = letters.send(
        tx,
        shop,
        customer,
        occasion=step.word,
        key=step.key(order.id),
        purpose=step.purpose,
        text=text,
        staff_id=None,
        until=(step.at(order) or tx.now) + step.worth,
    )
    if letter.state in ("queued", "by_hand"):
        _spoken(tx, order, step, by_itself=letter.state == "queued")
    return True


def _spoken(tx: Tx, order: Order, step: Step, *, by_itself: bool) -> None:
    """What was said (or stands in 今日 with its words) is no second reason to speak."""
    if step.name == "used_up":
        order.stage, order.used_up_at = 4, tx.now
    elif step.name == "satisfaction" or step.word == "到货询问":
        order.asked_at = tx.now
    if by_itself and order.customer_id is not None:
        timeline.add(tx, order.customer_id, "order", f"单号{order.id} {step.word}，自动发的")


def _script(tx: Tx, step: Step, order: Order) -> str:
    """Raises Refusal where nobody has written how this article is used."""
    if step.name != "how_to":
        return step.script
    known = cycles.articles(tx)
    article = intervals.known_as(order.items, known)
    own = f"{OWN_HOW_TO}{article}"
    if own in scripts.own_names(tx):
        return own
    if article not in known:
        raise Refusal(f"没有这件的使用说明。要发的话写一条：话术 新建 {own[:20]}")
    return step.script


def _asked_lately(tx: Tx, customer_id: int, step: Step) -> bool:
    lately = exists().where(
        Letter.customer_id == customer_id,
        Letter.occasion == step.word,
        Letter.day.in_(rounds.days_of(tx.now, ASKED_LATELY)),
    )
    return bool(tx.execute(select(lately)).scalar())


def failed(tx: Tx, order_id: int, step: Step, error: str) -> None:
    """Keeps that a step broke off, so that it holds up no other; it stays in 今日."""
    order = tx.session.get(Order, order_id)
    customer = tx.session.get(Customer, order.customer_id) if order is not None else None
    if order is not None and customer is not None:
        _skip(tx, order, customer, step, f"出错了，没有发（{error}）")


def _skip(tx: Tx, order: Order, customer: Customer, step: Step, reason: str) -> None:
    letters.skip(
        tx,
        customer,
        occasion=step.word,
        key=step.key(order.id),
        purpose=step.purpose,
        reason=reason,
        until=(step.at(order) or tx.now) + step.worth,
    )


def speaks(tx: Tx, script: str) -> bool:
    """Whether the customer hears a script by itself right after an order was moved on, so that staff need not say it."""
    at_once = any(step.script == script and step.after == SECOND_THOUGHTS for step in STEPS)
    return at_once and switches.on_since(tx, switches.AFTER_SALE) is not None


# -- in which orders ---------------------------------------------------------------------------------------------------


def _is_due(step: Step, now: datetime, started: datetime) -> ColumnElement[bool]:
    letter = _letter(step)
    decided = exists().where(letter, or_(Letter.state != "later", Letter.again_at > now))
    since = max(now - step.after - step.worth, started - step.after)
    return and_(
        step.since > since,
        step.since <= now - step.after,
        step.holds,
        Order.customer_id.is_not(None),
        cycles.standing(),
        ~decided,
    )


def _letter(step: Step) -> ColumnElement[bool]:
    return Letter.key == literal("order:") + cast(Order.id, String) + literal(f":{step.name}")


def is_left_to_letters(tx: Tx) -> ColumnElement[bool]:
    """Of which orders a letter speaks today, so that staff need not: as a condition over orders in 今日."""
    started = switches.on_since(tx, switches.AFTER_SALE)
    if started is None:
        return false()

    def speaks(step: Step) -> ColumnElement[bool]:
        refused = exists().where(_letter(step), Letter.state == "skipped")
        today = tx.now - step.after
        known = and_(step.since.is_not(None), step.since > max(started - step.after, today - LATE))
        return and_(step.holds, known, step.since <= today + LATE, ~refused)

    return or_(*(speaks(step) for step in STEPS if step.word in ("到货询问", "售后回访", "用完提醒")))


# -- what came to nothing ----------------------------------------------------------------------------------------------

GIVEN_BACK = "退了款"


def end(tx: Tx, order: Order, why: str) -> None:
    """Takes back what is still to be said about an order."""
    for key in {step.key(order.id) for step in STEPS}:
        letters.take_back(tx, key, why)


def came_to_nothing(tx: Tx, keys: Iterable[str]) -> set[str]:
    """Which of these letters are no longer worth copying: their order was given back, taken back or bought anew."""
    parted = [(key, *key.split(":")[1:3]) for key in keys if key.startswith("order:")]
    if not parted:
        return set()
    numbers = {int(number) for _key, number, _name in parted}
    there = {order.id: order for order in tx.session.scalars(select(Order).where(Order.id.in_(numbers)))}
    return {key for key, number, name in parted if _is_over(there.get(int(number)), name)}


def _is_over(order: Order | None, name: str) -> bool:
    if order is None or order.refunded_fen >= order.amount_fen:
        return True
    return name == "used_up" and order.bought_again_id is not None


# -- for staff ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A step of an order's journey: what became of its letter (None: not written yet), or when its time comes."""

    step: Step
    letter: Letter | None
    became: str
    at: datetime | None


def journey(tx: Tx, order: Order) -> Sequence[Told]:
    """What was said about an order and what is to come, in order."""
    tx.session.flush()
    keys = {step.key(order.id) for step in STEPS}
    written = {one.key: one for one in tx.session.scalars(select(Letter).where(Letter.key.in_(keys)))}
    holding = {
        step.word
        for step in STEPS
        if tx.execute(select(Order.id).where(Order.id == order.id, step.holds, cycles.standing())).first()
    }
    found: list[Told] = []
    for step in STEPS:
        letter, at = written.get(step.key(order.id)), step.at(order)
        if letter is not None and letter.occasion == step.word:
            found.append(Told(step, letter, letters.became(tx, letter), at))
        elif letter is None and step.word in holding and at is not None and at + step.worth > tx.now:
            found.append(Told(step, None, "", at))
    return found


def counts(tx: Tx, since: datetime) -> dict[str, int]:
    """How many letters of orders there were, by their state."""
    # What was written since then ends later, which is what the index knows.
    lately = and_(Letter.state.in_(LETTER_STATES), Letter.until > since, Letter.created_at > since)
    rows = select(Letter.state, func.count()).where(lately, Letter.key.startswith("order:")).group_by(Letter.state)
    return {row[0]: row[1] for row in tx.execute(rows)}
