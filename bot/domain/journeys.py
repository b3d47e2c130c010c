"""Stories that cross rooms, told once, as plain calls in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

from bot.delivery import limits, outbox, tasks
from bot.delivery.outbox import Content, Delivery
from bot.domain.activities import service as activities
from bot.domain.activities.models import Activity
from bot.domain.campaigns import outcomes
from bot.domain.campaigns import service as campaigns
from bot.domain.campaigns.models import Broadcast
from bot.domain.care import playing, reminders
from bot.domain.care.models import Plan
from bot.domain.care.reminders import Own
from bot.domain.complaints import service as complaints
from bot.domain.customers import finding as customer_finding
from bot.domain.customers import forgetting, friends, media, merging, saved_segments, segments, timeline, waiting
from bot.domain.customers import service as customers
from bot.domain.customers.finding import Hit
from bot.domain.customers.models import Customer, Identity
from bot.domain.customers.rules import MEDIA_WORDS, shown
from bot.domain.groups import membership
from bot.domain.merchants import changes, desk, notices
from bot.domain.merchants import service as merchants
from bot.domain.merchants.models import Notice, Staff
from bot.domain.orders import service as orders
from bot.errors import Refusal
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# The words for somebody who could not be reached are worth saying this long.
BY_HAND_OFFERED = timedelta(days=30)
QUOTED = 30  # characters of an answer by which staff know it again


# -- tags -------------------------------------------------------------------------------------------------------------


def relying_on_tag(tx: Tx, tag: str) -> list[str]:
    """What would not find its people without a tag, in staff's words: saved segments, broadcasts that take their list
    later, open activities."""
    return [
        *(f"人群“{name}”" for name in saved_segments.resting_on_tag(tx, tag)),
        *(f"群发 {broadcast.id}" for broadcast in outcomes.to_ask_for_tag(tx, tag)),
        *(f"活动 {activity.id}" for activity in activities.asking_for_tag(tx, tag)),
    ]


# -- answers to customers ----------------------------------------------------------------------------------------------


def answer(
    tx: Tx, customer: Customer, identity: Identity, payload: dict[str, str], *, staff_id: int, key: str, came_by: str
) -> None:
    """Sends an answer (text, image or voice) on its way; the customer goes on waiting until it has arrived.

    ``came_by``: the account staff sent it to; a picture for a customer of another one waits until it has been brought
    there.
    """
    is_elsewhere = "media_id" in payload and identity.account != came_by
    brought_by = tx.now + 2 * media.COPIED_WITHIN
    delivery_id = outbox.queue(
        tx,
        account=identity.account,
        person_id=identity.person_id,
        payload=payload,
        purpose="service",
        customer_id=customer.id,
        due_at=brought_by if is_elsewhere else None,
        not_after=brought_by - timedelta(seconds=1) if is_elsewhere else None,
        key=key,
    )
    if is_elsewhere:
        media.copy(
            tx,
            delivery_id,
            account=came_by,
            media_id=payload["media_id"],
            to_account=identity.account,
            kind=payload["type"],
        )
    notices.watch(tx, staff_id, delivery_id, kind="answer", subject=f"answer:{waiting.newest(tx, customer.id)}")


def send_by_hand_words(tx: Tx, words: ByHand, *, staff_id: int) -> bool:
    """Sends by the platform what was to be sent by hand; answers nothing. False where somebody did so already."""
    if not outbox.send_after_all(tx, words.delivery_id):
        return False
    notices.watch(tx, staff_id, words.delivery_id, kind="words", subject="answer:0")
    return True


def being_answered(tx: Tx) -> dict[int, tuple[int, Delivery]]:
    """Customers an answer is on its way to: the number of the last words it answers, and the delivery."""
    return {
        delivery.customer_id: (_answers(notice), delivery)
        for notice, delivery in notices.on_their_way(tx)
        if notice.kind == "answer" and delivery.customer_id is not None
    }


def _answers(notice: Notice) -> int:
    return int(notice.subject.rpartition(":")[2])


def settle_deliveries(tx: Tx) -> None:
    """Lets notices and answers follow what became of the messages that carry them."""
    for notice, delivery in notices.ended(tx):
        if notice.state == "queued":
            notices.settle(tx, notice, delivery)
        elif notices.take_watch(tx, notice):
            _answer_ended(tx, notice, delivery)


def _answer_ended(tx: Tx, notice: Notice, delivery: Delivery) -> None:
    customer = tx.session.get(Customer, delivery.customer_id)
    if customer is None:
        return
    content = tx.session.get(Content, delivery.content_id)
    said = _said(content.payload) if content is not None else ""
    words = {"sent": "回复", "unknown": "不确定有没有收到的回复"}.get(delivery.state, "没有发成的回复")
    timeline.add(tx, customer.id, "answer", f"{words}：{said[:100]}", notice.staff_id)
    if delivery.state == "sent":
        waiting.answered(tx, customer.id, staff_id=notice.staff_id, until=_answers(notice))
        return
    if delivery.state == "by_hand" and notice.kind == "answer":
        # The words go back to staff, who decide anew; as a task by hand they would be said twice.
        outbox.cancel(tx, delivery.id, delivery.reason)
    quoted = said if len(said) <= QUOTED else f"{said[:QUOTED]}…"
    told = _not_answered(customer, quoted, delivery)
    notices.tell(tx, notice.staff_id, told, kind="answer", urgent=True, subject=f"answer:{delivery.id}")


def _said(payload: dict[str, Any]) -> str:
    return str(payload.get("text") or MEDIA_WORDS.get(payload.get("type", ""), ""))


def _not_answered(customer: Customer, quoted: str, delivery: Delivery) -> str:
    who, why = shown(customer), delivery.reason or "平台没说原因"
    still = "" if delivery.broadcast_id else "TA 还在“待回”里。"
    if delivery.state == "unknown":
        return f"❗不确定 {who} 有没有收到“{quoted}”：{why}。为了不让 TA 收到两次，没有再发，可以打电话问一声。{still}"
    return f"❗没有发给 {who}：“{quoted}”。原因：{why}。可以改好再回，或打电话、等 TA 再说话。{still}"


_WORDS_BY_HAND = """
    SELECT deliveries.id, COALESCE(deliveries.broadcast_id, 0), CAST(contents.payload AS TEXT)
    FROM deliveries JOIN contents ON contents.id = deliveries.content_id
    LEFT JOIN broadcasts ON broadcasts.id = deliveries.broadcast_id
    WHERE deliveries.customer_id = :customer_id AND deliveries.state = 'by_hand' AND deliveries.account = :account
    AND deliveries.person_id = :person_id AND deliveries.planned_at >= :since
    AND (deliveries.not_after IS NULL OR deliveries.not_after > :now)
    AND (deliveries.broadcast_id IS NULL OR broadcasts.state IN ('running', 'done'))
    ORDER BY deliveries.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class ByHand:
    """Words that could not reach a customer: the delivery, its broadcast (0: none), the text."""

    delivery_id: int
    broadcast: int
    text: str


def words_by_hand(tx: Tx, customer_id: int, account: str, person_id: str) -> ByHand | None:
    """The newest text somebody was to be sent by hand, who can be reached by the platform while their window is open."""
    since, now = to_milliseconds(tx.now - BY_HAND_OFFERED), to_milliseconds(tx.now)
    asked = {"customer_id": customer_id, "account": account, "person_id": person_id, "since": since, "now": now}
    for delivery_id, broadcast, payload in tx.direct(_WORDS_BY_HAND, asked):
        if text := orjson.loads(payload).get("text"):
            return ByHand(delivery_id, broadcast, str(text))
    return None


def learned(tx: Tx, account: str, person_id: str, relation: str) -> None:
    """What an answer says about a person: ``gone`` ends the relation, others keep broadcasts away."""
    words = {"gone": "已取消关注（平台回复）", "refuses": "拒收公众号消息", "blocked": "在公众号黑名单里"}
    if relation not in words:
        return
    met = customers.meet(tx, account, person_id)
    if relation == "gone":
        customers.unfollowed(tx, account, person_id, at=tx.now)
        outbox.cancel_for_customer(tx, met.customer_id, "已取消关注", account=account)
        return
    customers.refused(tx, account, person_id, relation)
    timeline.add(tx, met.customer_id, "reach", words[relation])


def alarm(tx: Tx, account: str, words: str) -> None:
    """Something about the account that the owners should know and act on."""
    for owner in merchants.owners(tx):
        notices.tell(
            tx, owner.id, f"账号 {account}：{words}", kind="account", urgent=True, subject=f"account:{account}"
        )


# --- one person, two files; no file any more; looking for something --------------------------------------------------

FOUND_SHOWN = 9
ERASED = "顾客要求删除资料"


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it: who stays, the words that differed and were not taken over, who moved up in an activity."""

    kept: Customer
    differed: list[str]
    moved_up: list[tuple[Activity, Customer]]


def merge(tx: Tx, one: Customer, other: Customer, *, staff_id: int) -> Merged:
    """Two files are of one person: the lower number stays and gets everything. Raises Refusal."""
    if one.id == other.id:
        raise Refusal(f"说的是同一位顾客：{shown(one)}，不用合并。")
    if forgetting.GONE in (one.name, other.name):
        raise Refusal(f"{forgetting.GONE}的顾客要求删除了资料，不能再和别人合到一起。什么都没有改。")
    kept, gone = sorted((one, other), key=lambda customer: customer.id)
    return become_one(tx, kept, gone, staff_id=staff_id)


def become_one(tx: Tx, kept: Customer, gone: Customer, *, staff_id: int | None) -> Merged:
    """As ``merge`` for two who are known to be one; ``staff_id`` None: nobody asked for it."""
    name, number = shown(gone), gone.id
    moved_up = activities.merge_places(tx, kept, gone)
    outbox.merge(tx, kept.id, number, f"和 #{kept.id} 是同一位，不重复发")
    differed = merging.merge(tx, kept, gone)
    orders.recount(tx, kept)
    told = f"和 {name} 合并成一位" + (f"（那边写的：{'，'.join(differed)}）" if differed else "")
    timeline.add(tx, kept.id, "merge", told, staff_id)
    return Merged(kept, differed, moved_up)


def forget(tx: Tx, customer: Customer) -> list[tuple[Activity, Customer]]:
    """Erases a customer who asks for it; the money stays without the name. Returns who moved up in an activity."""
    moved_up = activities.leave_all(tx, customer.id)
    numbers, words = forgetting.numbers_of(tx, customer.id), forgetting.words_of(customer)
    identities = customers.identities(tx, [customer.id])
    for identity in identities:
        limits.forget(tx, identity.account, identity.person_id)
        friends.forget(tx, identity.account, identity.person_id)
    membership.forget(tx, [(identity.account, identity.person_id) for identity in identities])
    theirs = orders.forget(tx, customer.id)
    complaints.forget(tx, customer.id)
    playing.forget(tx, customer.id)
    forgetting.erase(tx, customer)
    for number in numbers:
        outbox.forget(tx, number, ERASED)
        changes.forget(tx, number, theirs)
        notices.forget(tx, number)
    desk.forget(tx, numbers, words)
    return moved_up


def find(tx: Tx, words: str) -> tuple[list[tuple[Customer, Hit]], bool]:
    """Customers in whose file, orders, timeline or talk words are found, the likeliest first; and whether there are more."""
    order = {"名字": 0, "备注": 2, "记录": 3, "说过": 4}  # file and orders, which have names of their own, are 1
    hits = [*customer_finding.look(tx, words), *orders.look(tx, words)]
    best: dict[int, Hit] = {}
    for hit in sorted(hits, key=lambda hit: order.get(hit.where, 1)):
        best.setdefault(hit.customer_id, hit)
    ranked = list(best.values())
    people = segments.people(tx, [hit.customer_id for hit in ranked[: FOUND_SHOWN + 1]])
    known = {customer.id: customer for customer in people if not customer.is_staff}
    found = [(known[hit.customer_id], hit) for hit in ranked if hit.customer_id in known]
    return found[:FOUND_SHOWN], len(ranked) > FOUND_SHOWN


# -- who leaves, and who takes over ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """What is open with a staff member: own customers with how many of them have a next step or wait for an answer,
    broadcasts that are not through, reminders to come."""

    customers: Sequence[Customer]
    follow_ups: int
    waiting: int
    broadcasts: Sequence[Broadcast]
    reminders: Sequence[Own]

    def __bool__(self) -> bool:
        return bool(self.customers or self.broadcasts or self.reminders)


def held_by(tx: Tx, staff_id: int) -> Held:
    own = tx.session.scalars(
        select(Customer).where(Customer.keeper_id == staff_id, Customer.is_staff.is_(False)).order_by(Customer.id)
    ).all()
    return Held(
        customers=own,
        follow_ups=sum(1 for customer in own if customer.next_at or customer.next_step),
        waiting=waiting.count_waiting(tx, keeper_id=staff_id),
        broadcasts=campaigns.planned_by(tx, staff_id),
        reminders=reminders.own(tx, staff_id),
    )


def hand_over(tx: Tx, held: Held, old: Staff, new: Staff, *, by: int) -> None:
    """Everything in ``held`` is the new member's: with a customer go follow-ups and what waits for an answer."""
    for customer in held.customers:
        customer.keeper_id = new.id
    timeline.add_many(tx, "keeper", [(customer.id, f"由{old.name}交接给{new.name}") for customer in held.customers], by)
    for own in held.reminders:
        tx.session.get_one(Plan, own.number).staff_id = new.id
    campaigns.hand_over(tx, held.broadcasts, new.id)
    notices.hand_over(tx, old.id, new.id)
    desk.give_up(tx, old.id)


def dismiss(tx: Tx, who: str) -> Staff:
    """Ends somebody's rights as `merchants.remove` does. Raises Refusal.

    Who followed as well is a customer again; what waits for their confirmation at the platform is called off.
    """
    gone, had = merchants.remove(tx, who=who)
    for address in had:
        if address.member:
            tasks.end_of(tx, address.account, address.person_id)
        else:
            customers.leave_staff(tx, address.account, address.person_id, name=gone.name)
    return gone


def join_staff(tx: Tx, before: Staff, staff: Staff) -> None:
    """Two members turned out to be one person: what is open with ``before`` is theirs."""
    notices.move(tx, before.id, staff.id)
    hand_over(tx, held_by(tx, before.id), before, staff, by=staff.id)
