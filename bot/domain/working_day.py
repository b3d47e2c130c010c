"""The day's work (今日): who to talk to, why, in which order, with which script; and dealing it out among staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, not_, or_, select
from sqlalchemy.orm import QueryableAttribute

from bot.delivery import limits, outbox
from bot.delivery.outbox import Content, Delivery
from bot.delivery.rules import LETTER_KEY
from bot.domain.activities.models import Activity
from bot.domain.activities.rules import facts as activity_facts
from bot.domain.campaigns import replies
from bot.domain.campaigns.models import Broadcast
from bot.domain.care import after_sale, letters, occasions, own_days, playing, wake_ups
from bot.domain.care.models import PlaybookPlace
from bot.domain.care.rules import next_yearly
from bot.domain.complaints import service as complaints
from bot.domain.customers import forgetting, segments, waiting
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import addressed, ago
from bot.domain.customers.tag_rules import LAPSING
from bot.domain.journeys import being_answered
from bot.domain.merchants import desk
from bot.domain.merchants.models import Dealt
from bot.domain.merchants.service import active_staff
from bot.domain.orders import rule_tags
from bot.domain.orders import service as orders
from bot.domain.orders.models import Order
from bot.domain.orders.rules import STAGES, items_shown, stage_due
from bot.domain.scripts import kinds
from bot.domain.scripts import service as scripts
from bot.domain.scripts.rules import compile_template
from bot.language.money import show_money
from bot.language.playbook_text import Step
from bot.settings import Settings
from bot.store.transaction import Tx

# Of each source so many are looked at, the first in its order: more is no day's work, and a list of thousands would keep
# every other talk waiting.
MOST = 200
COUNTED = 2000  # where the day is only counted, for the morning's message
# Spare-time talks in the list at once: five batches are more than an hour.
TALKS_SHOWN = 25
# Those who were lost unnoticed are won back a few at a time, the best customers first.
QUIET_SHOWN = 25
# Fewer is better: a buyer nobody spoke with this long is worth a word.
TALK_AFTER = timedelta(days=30)
CALL_AFTER = timedelta(days=182)  # two phone calls a year
LONG_UNSEEN = timedelta(days=90)
# Who waits and who complains is nobody's alone and cannot wait until tomorrow.
URGENT = ("complaint", "waiting")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do today.

    ``kind``: ``complaint``, ``waiting``, ``follow_up``, ``birthday``, ``quiet``, ``stage``, ``used_up``, ``call``,
    ``play`` (a step of a playbook), ``by_hand`` or ``talk``. ``text`` is ready to copy; else ``script`` names the wording
    that gives it, or both are empty. ``row`` is the case, the order, the step or the delivery to send by hand. ``since``
    when it has been waiting to be done; None for what passes by itself or has time. ``today_only``: of no use tomorrow.
    """

    kind: str
    customer: Customer
    why: str
    text: str = ""
    row: int = 0
    script: str = ""
    since: datetime | None = None
    today_only: bool = False

    @property
    def named(self) -> list[int | str]:
        """What it is remembered by: saying 完成 1 twice must not settle what the customer is listed for next."""
        return [self.customer.id, self.kind, self.row]


@dataclass(frozen=True, slots=True)
class Day:
    """A member's things to do, in order, and how many others each colleague has been dealt and not done yet.

    ``more``: there are more than stand here, since a source was cut off.
    """

    tasks: list[Task]
    elsewhere: Counter[int]
    more: bool


@dataclass(frozen=True, slots=True)
class _Search:
    """What every source is asked: ``now`` is in the shop's zone, ``end`` the end of its day.

    Of each source the first ``most`` are wanted, and as many as there are people ``beside``: dealt already. ``only``: of
    one customer alone.
    """

    tx: Tx
    shop: Settings
    now: datetime
    end: datetime
    keepers: Set[int]
    most: int
    beside: int
    only: int | None = None

    def first(
        self,
        rows: Select[*tuple[Any, ...]],
        *order: ColumnElement[Any] | QueryableAttribute[Any],
        most: int | None = None,
    ) -> Any:
        """The first of ``rows`` in their own order; what a colleague looks after stands behind all others.

        The list is put in order once more where the sources come together. Nobody who would stand in front there may be
        cut off here, so the same comes first here.
        """
        if self.only is not None:
            rows = rows.where(Customer.id == self.only)
        is_theirs = case((Customer.keeper_id.in_(sorted(self.keepers)), 1), else_=0)
        return self.tx.session.execute(
            rows.order_by(is_theirs, *order).limit((self.most if most is None else most) + self.beside)
        )


def day(tx: Tx, shop: Settings, now: datetime, staff_id: int) -> Day:
    """What should be done today, in order: complaints, who waits for an answer; letters by hand for this very day
    (生日); what is due (VIPs, then buyers, then others); other rows by hand; buyers to talk with in spare time, the
    newest first.

    ``now`` is in the shop's zone. A customer stands in the list once, with the first reason. After what is urgent, a
    member's own customers and nobody's come before those a colleague looks after.
    """
    dealt = select(Dealt.customer_id, Dealt.staff_id).where(Dealt.day == now.date().isoformat())
    dealt_to = {row.customer_id: row.staff_id for row in tx.execute(dealt)}
    elsewhere = {number: other for number, other in dealt_to.items() if other != staff_id}
    keepers = {staff.id for staff in active_staff(tx)} - {staff_id}
    # Whom the member has been dealt may all be put aside for 下一批, so that they count as well.
    found = everything(tx, shop, now, most=MOST, beside=len(dealt_to), keepers=keepers)
    found.sort(key=lambda task: task.kind not in URGENT and task.customer.keeper_id in keepers)
    first_reason: dict[int, Task] = {}
    for task in found:
        first_reason.setdefault(task.customer.id, task)
    with_colleagues = Counter(elsewhere[number] for number in first_reason if number in elsewhere)
    more = any(count >= MOST for count in Counter(_source(task) for task in found).values())
    return Day([task for number, task in first_reason.items() if number not in elsewhere], with_colleagues, more)


def _source(task: Task) -> str:
    return "stage" if task.kind == "used_up" else task.kind


def everything(
    tx: Tx,
    shop: Settings,
    now: datetime,
    *,
    most: int = COUNTED,
    beside: int = 0,
    keepers: Set[int] = frozenset(),
    talks: int = TALKS_SHOWN,
) -> list[Task]:
    """What there is to do today, whoever does it, in order; a customer stands in it with every reason.

    ``most``: of each source, the first in order, and as many as there are people ``beside``; whom one of ``keepers``
    looks after come last of all. ``talks``: how many spare-time talks at most.
    """
    end = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    search = _Search(tx, shop, now, end, keepers, most, beside)
    due = [
        *_follow_ups(search),
        *_birthdays(search),
        *_quiet(search),
        *_stages(search),
        *_calls(search),
        *_plays(search),
    ]
    due.sort(key=lambda task: _class_rank(task.customer))
    by_hand = sorted(_by_hand(search), key=lambda task: not task.today_only)
    hurry = [task for task in by_hand if task.today_only]
    return [*_complaints(search), *_waiting(search), *hurry, *due, *by_hand[len(hurry) :], *_talks(search, talks)]


def standing(tx: Tx, shop: Settings, now: datetime, named: Sequence[int | str]) -> Task | None:
    """The task a list has shown (its ``named``), where there is still a reason for it."""
    end = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    search = _Search(tx, shop, now, end, frozenset(), COUNTED, 0, only=int(named[0]))
    return next((task for task in _SOURCES[str(named[1])](search) if task.named == list(named)), None)


def _class_rank(customer: Customer) -> int:
    return 0 if customer.vip else 1 if customer.purchased else 2


_RANK = case((Customer.vip, 0), (Customer.purchased, 1), else_=2)  # `_class_rank`, where the database sorts


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


def _complaints(search: _Search) -> Iterable[Task]:
    for complaint, customer in complaints.open_complaints(search.tx, search.most + search.beside):
        why = f"投诉 {complaint.id} 还没处理完：{complaint.text[:20]}"
        yield Task("complaint", customer, why, row=complaint.id, script="投诉倾听", since=complaint.at)


def _waiting(search: _Search) -> Iterable[Task]:
    """Should an answer that is on its way not arrive, the lines wait again."""
    answers = being_answered(search.tx)
    found = waiting.list_waiting(search.tx, search.most + search.beside + len(answers))
    scripts = replies.answered(search.tx, found)
    for item in found:
        if item.customer.id not in answers or answers[item.customer.id][0] < item.newest:
            about = f"（答{scripts[item.customer.id]}）" if item.customer.id in scripts else ""
            why = f"等回复 {item.count} 条{about}：{item.text[:20]}"
            yield Task("waiting", item.customer, why, since=item.since)


def _rested(end: datetime) -> tuple[ColumnElement[bool], ...]:
    """Who may be spoken with: no staff, nobody who had their file erased, nobody who is left alone until later."""
    erased = Customer.name.is_not_distinct_from(forgetting.GONE)
    return (Customer.is_staff.is_(False), not_(erased), or_(Customer.rest_until.is_(None), Customer.rest_until < end))


def _follow_ups(search: _Search) -> Iterable[Task]:
    due = select(Customer).where(Customer.next_at < search.end, Customer.is_staff.is_(False))
    for (customer,) in search.first(due, _RANK, Customer.next_at, Customer.id):
        why = f"跟进：{customer.next_step or '约好的时间到了'}"
        script = wake_ups.follow_up_script(customer)
        yield Task("follow_up", customer, why, script=script, since=customer.next_at)


def _birthdays(search: _Search) -> Iterable[Task]:
    today = search.now.date()
    plan = occasions.get(search.tx, "生日")
    if plan.position == "off":
        return
    born = select(Customer).where(segments.born_within(today, plan.remind_days), *_rested(search.end))
    for (customer,) in search.first(born, _RANK, Customer.id):
        left = days_to_birthday(customer, today)
        if left == 0 and letters.says(search.tx, own_days.key(plan, today, customer.id)):
            continue  # said by itself, or stands among what is to be sent by hand
        when = {0: "今天生日", 1: "明天生日"}.get(left, f"{left}天后生日")
        gift = f" · 生日特权：{plan.gift}" if plan.gift else ""
        yield Task("birthday", customer, f"{when}{gift}", script=own_days.script_for(plan, customer))


def days_to_birthday(customer: Customer, today: date) -> int:
    """In how many days the birthday comes round; the customer's month and day must be known."""
    month, day = customer.birth_month or 1, customer.birth_day or 1
    return (next_yearly(month, day, lunar=customer.birth_lunar, on_or_after=today) - today).days


def _quiet(search: _Search) -> Iterable[Task]:
    """Who used to come and does not: carries 流失预警, and nobody has spoken with them since."""
    rows = wake_ups.quiet().where(~wake_ups.was_greeted(search.now), *_rested(search.end))
    found = [row[0] for row in search.first(rows, _RANK, Customer.spent_fen.desc(), Customer.id, most=QUIET_SHOWN)]
    why = rule_tags.why_lapsing(search.tx, [customer.id for customer in found], search.now)
    for customer in found:
        told = f"：{why[customer.id]}" if customer.id in why else ""
        yield Task("quiet", customer, f"{LAPSING}{told}", script=wake_ups.quiet_script(customer))


def _stages(search: _Search) -> Iterable[Task]:
    """The four good reasons to speak again: agreed, on its way, arrived, used up."""
    now, end = search.now, search.end
    rows = select(Order, Customer).join(Customer, Customer.id == Order.customer_id)
    reasons = or_(*(Order.id.in_(numbers) for numbers in orders.due_for_a_talk(now, end)))
    reasons = and_(reasons, not_(after_sale.is_left_to_letters(search.tx)))
    standing = Order.refunded_fen < Order.amount_fen
    for order, customer in search.first(
        rows.where(reasons, standing, *_rested(end)), _RANK, Order.used_up_due.is_(None), Order.used_up_due, Order.id
    ):
        what = items_shown(order.items)
        if order.used_up_due is not None and order.used_up_due < end and order.bought_again_id is None:
            learned = f"，{order.used_up_why}" if order.used_up_why else ""
            why = f"{what or '上次买的'}该用完了（单号{order.id}{learned}）"
            yield Task("used_up", customer, why, row=order.id, script="用完提醒", since=order.used_up_due)
        elif due := stage_due(order, now):
            why = f"{STAGES[order.stage]} {what}{due.words}（单号{order.id}）"
            yield Task("stage", customer, why, row=order.id, script=due.script, since=due.since)


def _calls(search: _Search) -> Iterable[Task]:
    """VIPs twice a year, or whom the playbooks say as often as they say."""
    usual = playing.Calls(Customer.vip.is_(True), CALL_AFTER, "VIP电话提纲")
    for plan in playing.calls(search.tx, usual):
        due = or_(Customer.called_at.is_(None), Customer.called_at <= search.now - plan.every)
        theirs = select(Customer).where(plan.whom, due, *_rested(search.end))
        order = (_RANK, Customer.called_at.is_not(None), Customer.called_at, Customer.id)
        for (customer,) in search.first(theirs, *order):
            often = "一年两次" if plan.every == CALL_AFTER else f"{plan.every.days}天一次"
            last = (
                f"上次电话 {ago(customer.called_at, search.now)}" if customer.called_at else f"还没打过电话（{often}）"
            )
            yield Task("call", customer, last, script=plan.outline)


def _plays(search: _Search) -> Iterable[Task]:
    def first(rows: Select[*tuple[Any, ...]]) -> Any:
        return search.first(rows.where(*_rested(search.end)), _RANK, PlaybookPlace.step_due, Customer.id)

    for task in playing.tasks(search.tx, first):
        yield Task("play", task.customer, task.words, row=task.number, script=task.script)


def _by_hand(search: _Search) -> Iterable[Task]:
    """What the platform does not carry, of broadcasts that are being sent; who has no phone and no WeChat stands last.

    Whoever has had as much as is good already waits for another day: a message by hand is one of them.
    """
    shop = search.shop
    # A letter of care wants a day of its own, and is of no use after its time.
    of_use = and_(limits.has_day(Customer.id, search.now, shop.timezone), Delivery.not_after > search.now)
    room = limits.has_room(Customer.id, search.now, shop.timezone, (shop.marketing_per_day, shop.marketing_per_month))
    rows = (
        select(Delivery, Customer, Content)
        .join(Customer, Customer.id == Delivery.customer_id)
        .join(Content, Content.id == Delivery.content_id)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id, isouter=True)
        .where(
            Delivery.state == "by_hand",
            or_(Delivery.broadcast_id.is_(None), Broadcast.state.in_(("running", "done"))),
            or_(Delivery.purpose != "marketing", room),
            or_(Delivery.occurrence == "", of_use),
            or_(Delivery.not_after.is_(None), Delivery.not_after > search.now),
            *_rested(search.end),
        )
    )
    out_of_reach = and_(Customer.phone.is_(None), Customer.wechat.is_(None))
    today_only = and_(Delivery.occurrence != "", Delivery.not_after <= search.end)
    order = (Customer.vip.desc(), out_of_reach, Customer.created_at.desc(), Customer.id.desc(), Delivery.id)
    found = search.first(rows, case((today_only, 0), else_=1), *order).all()
    letters = {delivery.id: delivery.send_key.removeprefix(LETTER_KEY) for delivery, _customer, _content in found}
    over = after_sale.came_to_nothing(search.tx, letters.values())
    for delivery, customer, content in found:
        if letters[delivery.id] in over:
            continue
        of = f"群发 {delivery.broadcast_id} " if delivery.broadcast_id else f"{delivery.occurrence} "
        why = f"{of.lstrip()}要人工发（{delivery.reason}）"
        # Nobody has to be asked where an advertisement stays.
        since = None if delivery.purpose == "marketing" else delivery.planned_at
        of_today = bool(delivery.occurrence) and delivery.not_after is not None and delivery.not_after <= search.end
        words = str(content.payload.get("text", ""))
        yield Task("by_hand", customer, why, words, delivery.id, since=since, today_only=of_today)


def _talks(search: _Search, most: int) -> Iterable[Task]:
    """Buyers nobody has spoken with for a while, the newest first; of VIPs their calls are planned instead."""
    now = search.now
    quiet = or_(Customer.last_contact_at.is_(None), Customer.last_contact_at <= now - TALK_AFTER)
    buyers = select(Customer).where(Customer.purchased, Customer.vip.is_(False), quiet, *_rested(search.end))
    for (customer,) in search.first(buyers, Customer.created_at.desc(), Customer.id.desc(), most=most):
        bought = customer.last_purchase_at
        last = f"上次消费 {ago(bought, now)}" if bought else "买过"
        script = "好久不见" if bought and bought <= now - LONG_UNSEEN else f"升级搭配{wake_ups.group(customer)}"
        yield Task("talk", customer, f"老客，聊一聊 · {last}", script=script)


_SOURCES: Mapping[str, Callable[[_Search], Iterable[Task]]] = {
    "complaint": _complaints,
    "waiting": _waiting,
    "follow_up": _follow_ups,
    "birthday": _birthdays,
    "quiet": _quiet,
    "stage": _stages,
    "used_up": _stages,
    "call": _calls,
    "play": _plays,
    "by_hand": _by_hand,
    "talk": lambda search: _talks(search, 1),
}


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


def words(
    tx: Tx,
    shop: Settings,
    script: str,
    customer: Customer,
    order: Order | None = None,
    *,
    of_day: Mapping[str, str] | None = None,
) -> str:
    """A script for one customer, ready to copy; raises Refusal where it needs a fact that is not known.

    ``order`` None = the latest one. ``of_day``: what scripts call ``p`` (holiday, gift).
    """
    more = {"p": dict(of_day)} if of_day else {}
    return _rendered(tx, shop, scripts.find(tx, script).text, customer, order, more)


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
