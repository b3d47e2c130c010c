"""The day's work (今日): who to talk to, why, in which order, with which script; and dealing it out among staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, not_, or_, select

from bot.delivery import limits, outbox
from bot.delivery.outbox import Content, Delivery
from bot.domain.activities.models import Activity
from bot.domain.activities.rules import facts as activity_facts
from bot.domain.campaigns import replies
from bot.domain.campaigns.models import Broadcast
from bot.domain.care import playing
from bot.domain.care.rules import next_yearly
from bot.domain.complaints import service as complaints
from bot.domain.customers import forgetting, segments, waiting
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import addressed, ago
from bot.domain.journeys import being_answered
from bot.domain.merchants import desk
from bot.domain.merchants.models import Dealt
from bot.domain.merchants.service import active_staff
from bot.domain.orders import service as orders
from bot.domain.orders.models import Order
from bot.domain.orders.rules import PLACED_AFTER, SATISFIED_AFTER, SATISFIED_UNTIL, STAGES, items_shown, stage_due
from bot.domain.scripts import kinds
from bot.domain.scripts import service as scripts
from bot.domain.scripts.rules import compile_template
from bot.language.money import show_money
from bot.language.playbook_text import Step
from bot.settings import Settings
from bot.store.transaction import Tx

BY_HAND_SHOWN = 200
# Spare-time talks in the list at once: five batches are more than an hour.
TALKS_SHOWN = 25
# Fewer is better: a buyer nobody spoke with this long is worth a word.
TALK_AFTER = timedelta(days=30)
CALL_AFTER = timedelta(days=182)  # two phone calls a year
BIRTHDAY_AHEAD = 3  # days
LONG_UNSEEN = timedelta(days=90)
# An order nobody has moved on for so long is a slip of the pen, no reason to speak.
FORGOTTEN_AFTER = timedelta(days=60)
GROUPS = "ABC"
# Who waits and who complains is nobody's alone and cannot wait until tomorrow.
URGENT = ("complaint", "waiting")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do today.

    ``kind``: ``complaint``, ``waiting``, ``follow_up``, ``birthday``, ``stage``, ``used_up``, ``call``, ``play`` (a step
    of a playbook), ``by_hand`` or ``talk``. ``text`` is ready to copy; else ``script`` names the wording that gives it,
    or both are empty. ``row`` is the case, the order, the step or the delivery to send by hand. ``since`` when it has
    been waiting to be done; None for what passes by itself or has time.
    """

    kind: str
    customer: Customer
    why: str
    text: str = ""
    row: int = 0
    script: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A member's things to do, in order, and how many others each colleague has been dealt and not done yet."""

    tasks: list[Task]
    elsewhere: Counter[int]


def day(tx: Tx, shop: Settings, now: datetime, staff_id: int) -> Day:
    """What should be done today, in order: complaints, who waits for an answer; what is due (VIPs, then buyers, then
    others); rows by hand; buyers to talk with in spare time, the newest first.

    ``now`` is in the shop's zone. A customer stands in the list once, with the first reason. After what is urgent, a
    member's own customers and nobody's come before those a colleague looks after.
    """
    dealt = select(Dealt.customer_id, Dealt.staff_id).where(Dealt.day == now.date().isoformat())
    elsewhere = {row.customer_id: row.staff_id for row in tx.execute(dealt.where(Dealt.staff_id != staff_id))}
    keepers = {staff.id for staff in active_staff(tx)} - {staff_id}
    found = everything(tx, shop, now, talks=TALKS_SHOWN + len(elsewhere))
    found.sort(key=lambda task: task.kind not in URGENT and task.customer.keeper_id in keepers)
    first_reason: dict[int, Task] = {}
    for task in found:
        first_reason.setdefault(task.customer.id, task)
    with_colleagues = Counter(elsewhere[number] for number in first_reason if number in elsewhere)
    return Day([task for number, task in first_reason.items() if number not in elsewhere], with_colleagues)


def everything(tx: Tx, shop: Settings, now: datetime, *, talks: int) -> list[Task]:
    """All there is to do today, whoever does it, in order; a customer stands in it with every reason.

    ``talks``: how many spare-time talks at most.
    """
    end = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    due = [
        *_follow_ups(tx, end),
        *_birthdays(tx, now, end),
        *_stages(tx, now, end),
        *_calls(tx, now, end),
        *_plays(tx, end),
    ]
    due.sort(key=lambda task: _class_rank(task.customer))
    return [*_complaints(tx), *_waiting(tx), *due, *_by_hand(tx, shop, now, end), *_talks(tx, now, end, talks)]


def _class_rank(customer: Customer) -> int:
    return 0 if customer.vip else 1 if customer.purchased else 2


# -- dealing -----------------------------------------------------------------------------------------------------------


def deal(tx: Tx, found: Sequence[Task], count: int, *, staff_id: int, today: date) -> list[Task]:
    """The first ``count`` of ``found`` that are this member's from now on; who was just dealt to a colleague is left."""
    dealt: list[Task] = []
    rest = list(found)
    while rest and len(dealt) < count:
        wanted, rest = rest[: count - len(dealt)], rest[count - len(dealt) :]
        ours = desk.take(tx, staff_id, [task.customer.id for task in wanted], today.isoformat())
        dealt += [task for task in wanted if task.customer.id in ours]
    return dealt


# -- where the tasks come from -----------------------------------------------------------------------------------------


def _complaints(tx: Tx) -> Iterable[Task]:
    for case, customer in complaints.open_complaints(tx):
        why = f"投诉 {case.id} 还没处理完：{case.text[:20]}"
        yield Task("complaint", customer, why, row=case.id, script="投诉倾听", since=case.at)


def _waiting(tx: Tx) -> Iterable[Task]:
    """Should an answer that is on its way not arrive, the lines wait again."""
    answers = being_answered(tx)
    found = waiting.list_waiting(tx)
    scripts = replies.answered(tx, found)
    for item in found:
        if item.customer.id not in answers or answers[item.customer.id][0] < item.newest:
            about = f"（答{scripts[item.customer.id]}）" if item.customer.id in scripts else ""
            why = f"等回复 {item.count} 条{about}：{item.text[:20]}"
            yield Task("waiting", item.customer, why, since=item.since)


def _rested(end: datetime) -> tuple[ColumnElement[bool], ...]:
    """Who may be spoken with: no staff, nobody who had their file erased, nobody who is left alone until later."""
    erased = Customer.name.is_not_distinct_from(forgetting.GONE)
    return (Customer.is_staff.is_(False), not_(erased), or_(Customer.rest_until.is_(None), Customer.rest_until < end))


def _follow_ups(tx: Tx, end: datetime) -> Iterable[Task]:
    due = select(Customer).where(Customer.next_at < end, Customer.is_staff.is_(False)).order_by(Customer.next_at)
    for customer in tx.session.scalars(due):
        script = "打消顾虑" if customer.follow_up in ("a", "b") else f"新品问需{_group(customer)}"
        why = f"跟进：{customer.next_step or '约好的时间到了'}"
        yield Task("follow_up", customer, why, script=script, since=customer.next_at)


def _birthdays(tx: Tx, now: datetime, end: datetime) -> Iterable[Task]:
    born = segments.born_within(now.date(), BIRTHDAY_AHEAD)
    for customer in tx.session.scalars(select(Customer).where(born, *_rested(end)).order_by(Customer.id)):
        left = days_to_birthday(customer, now.date())
        when = {0: "今天生日", 1: "明天生日"}.get(left, f"{left}天后生日")
        yield Task("birthday", customer, when, script="VIP生日" if customer.vip else "生日祝福")


def days_to_birthday(customer: Customer, today: date) -> int:
    """In how many days the birthday comes round; the customer's month and day must be known."""
    month, day = customer.birth_month or 1, customer.birth_day or 1
    return (next_yearly(month, day, lunar=customer.birth_lunar, on_or_after=today) - today).days


def _stages(tx: Tx, now: datetime, end: datetime) -> Iterable[Task]:
    """The four good reasons to speak again: agreed, on its way, arrived, used up."""
    open_orders = or_(
        and_(Order.stage < 3, Order.created_at > now - FORGOTTEN_AFTER, Order.created_at <= now - PLACED_AFTER),
        and_(Order.stage == 3, Order.delivered_at > now - SATISFIED_UNTIL, Order.delivered_at <= now - SATISFIED_AFTER),
        and_(Order.used_up_due < end, Order.stage < 4),
    )
    standing = Order.refunded_fen < Order.amount_fen
    rows = select(Order, Customer).join(Customer, Customer.id == Order.customer_id).where(open_orders, standing)
    for order, customer in tx.session.execute(rows.where(*_rested(end)).order_by(Order.used_up_due, Order.id)):
        what = items_shown(order.items)
        if order.used_up_due is not None and order.used_up_due < end:
            why = f"{what or '上次买的'}该用完了（单号{order.id}）"
            yield Task("used_up", customer, why, row=order.id, script="用完提醒", since=order.used_up_due)
        elif due := stage_due(order, now):
            why = f"{STAGES[order.stage]} {what}{due.words}（单号{order.id}）"
            yield Task("stage", customer, why, row=order.id, script=due.script)


def _calls(tx: Tx, now: datetime, end: datetime) -> Iterable[Task]:
    """VIPs twice a year, or whom the playbooks say as often as they say."""
    usual = playing.Calls(Customer.vip.is_(True), CALL_AFTER, "VIP电话提纲")
    for plan in playing.calls(tx, usual):
        due = or_(Customer.called_at.is_(None), Customer.called_at <= now - plan.every)
        theirs = select(Customer).where(plan.whom, due, *_rested(end)).order_by(Customer.called_at, Customer.id)
        for customer in tx.session.scalars(theirs):
            often = "一年两次" if plan.every == CALL_AFTER else f"{plan.every.days}天一次"
            last = f"上次电话 {ago(customer.called_at, now)}" if customer.called_at else f"还没打过电话（{often}）"
            yield Task("call", customer, last, script=plan.outline)


def _plays(tx: Tx, end: datetime) -> Iterable[Task]:
    for task in playing.tasks(tx):
        resting = task.customer.rest_until is not None and task.customer.rest_until >= end
        if not resting and not task.customer.is_staff:
            yield Task("play", task.customer, task.words, row=task.number, script=task.script)


def _by_hand(tx: Tx, shop: Settings, now: datetime, end: datetime) -> Iterable[Task]:
    """What the platform does not carry, of broadcasts that are being sent; who has no phone and no WeChat stands last.

    Whoever has had as much as is good already waits for another day: a message by hand is one of them.
    """
    room = limits.has_room(Customer.id, now, shop.timezone, (shop.marketing_per_day, shop.marketing_per_month))
    # A letter of care wants a day of its own, and is of no use after its time.
    of_use = and_(limits.has_day(Customer.id, now, shop.timezone), Delivery.not_after > now)
    rows = tx.session.execute(
        select(Delivery, Customer, Content)
        .join(Customer, Customer.id == Delivery.customer_id)
        .join(Content, Content.id == Delivery.content_id)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id, isouter=True)
        .where(
            Delivery.state == "by_hand",
            or_(Delivery.broadcast_id.is_(None), Broadcast.state.in_(("running", "done"))),
            or_(Delivery.purpose != "marketing", room),
            or_(Delivery.occurrence == "", of_use),
            *_rested(end),
        )
        .order_by(
            Customer.vip.desc(), and_(Customer.phone.is_(None), Customer.wechat.is_(None)), Customer.created_at.desc()
        )
        .limit(BY_HAND_SHOWN)
    )
    for delivery, customer, content in rows:
        of = f"群发 {delivery.broadcast_id} " if delivery.broadcast_id else f"{delivery.occurrence} "
        why = f"{of.lstrip()}要人工发（{delivery.reason}）"
        yield Task(
            "by_hand", customer, why, str(content.payload.get("text", "")), delivery.id, since=delivery.planned_at
        )


def _talks(tx: Tx, now: datetime, end: datetime, most: int) -> Iterable[Task]:
    """Buyers nobody has spoken with for a while, the newest first; of VIPs their calls are planned instead."""
    quiet = or_(Customer.last_contact_at.is_(None), Customer.last_contact_at <= now - TALK_AFTER)
    buyers = (
        select(Customer)
        .where(Customer.purchased, Customer.vip.is_(False), quiet, *_rested(end))
        .order_by(Customer.created_at.desc(), Customer.id.desc())
        .limit(most)
    )
    for customer in tx.session.scalars(buyers):
        bought = customer.last_purchase_at
        last = f"上次消费 {ago(bought, now)}" if bought else "买过"
        script = "好久不见" if bought and bought <= now - LONG_UNSEEN else f"升级搭配{_group(customer)}"
        yield Task("talk", customer, f"老客，聊一聊 · {last}", script=script)


def _group(customer: Customer) -> str:
    """Which of the wordings A, B and C: always the same one for one person."""
    return GROUPS[customer.id % len(GROUPS)]


# -- done, and put off -------------------------------------------------------------------------------------------------


def settle(tx: Tx, task: Task, *, staff_id: int, now: datetime, said: str = "") -> None:
    """The talk has happened: whatever put the customer on the list is done, and who answers keeps the customer."""
    customer = task.customer
    match task.kind:
        case "waiting":
            waiting.answered(tx, customer.id, staff_id=staff_id)
        case "complaint":
            complaints.close(tx, task.row)
        case "follow_up":
            customer.next_at, customer.next_step = None, None
        case "used_up":
            orders.used_up(tx, orders.get(tx, task.row), due=None, staff_id=staff_id)
        case "stage":
            orders.get(tx, task.row).asked_at = tx.now
        case "birthday":
            over = now.date() + timedelta(days=days_to_birthday(customer, now.date()) + 1)
            customer.rest_until = datetime.combine(over, time(), now.tzinfo)
        case "by_hand":
            outbox.done_by_hand(tx, [task.row])
    called = task.kind == "play" and playing.task_done(tx, customer.id, now)
    if called or task.kind == "call" or "电话" in said:
        customer.called_at = tx.now
    customer.keeper_id = customer.keeper_id or staff_id
    customer.last_contact_at = tx.now


def put_off(tx: Tx, task: Task, until: datetime, *, staff_id: int) -> bool:
    """Leaves the customer alone until then; False for what cannot wait."""
    if task.kind in URGENT:
        return False
    if task.kind == "follow_up":
        task.customer.next_at = until
    elif task.kind == "used_up":
        orders.used_up(tx, orders.get(tx, task.row), due=until, staff_id=staff_id)
    task.customer.rest_until = until
    return True


# -- the text to copy --------------------------------------------------------------------------------------------------


def words(tx: Tx, shop: Settings, script: str, customer: Customer, order: Order | None = None) -> str:
    """A script for one customer, ready to copy; raises Refusal where it needs a fact that is not known.

    ``order`` None = the latest one.
    """
    return _rendered(tx, shop, scripts.find(tx, script).text, customer, order, {})


def say_step(tx: Tx, shop: Settings, customer: Customer, step: Step) -> str:
    """What a customer reads at a step of a playbook. Raises Refusal as ``words`` does."""
    text = step.what if step.action == "text" else scripts.find(tx, step.what).text
    return _rendered(tx, shop, kinds.written("text", text), customer, None, {})


def say_activity(tx: Tx, shop: Settings, customer: Customer, script: str, activity: Activity) -> str:
    """A script that tells one customer of an activity. Raises Refusal as ``words`` does."""
    about = activity_facts(activity, shop.timezone, tx.now)
    return _rendered(tx, shop, scripts.find(tx, script).text, customer, None, {"a": about})


def _rendered(
    tx: Tx, shop: Settings, text: str, customer: Customer, order: Order | None, more: dict[str, dict[str, str]]
) -> str:
    latest = order or next(iter(orders.of(tx, customer.id, count=1)), None)
    item = latest.items if latest else ""
    bought = customer.last_purchase_at
    known: dict[str, Callable[[], str]] = {
        "name": lambda: addressed(customer) or "",
        "number": lambda: str(customer.id),
        "grade": lambda: customer.grade or "",
        "stage": lambda: STAGES[latest.stage] if latest else "",
        "last_item": lambda: item,
        "last_order_days": lambda: str((tx.now - bought).days) if bought else "",
        "spent": lambda: show_money(customer.spent_fen).removesuffix("元") if customer.spent_fen else "",
    }
    facts = {name: read() for name, read in known.items()}
    context = {"shop": scripts.shop_context(tx, shop.shop_name), "c": facts, **more}
    if latest is not None:
        context["o"] = {
            "number": str(latest.id),
            "items": item,
            "parcel": latest.parcel or "",
            "carrier": latest.carrier or "",
        }
    return compile_template(text).render(context)
