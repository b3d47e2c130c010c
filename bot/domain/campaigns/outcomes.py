"""What became of a broadcast for one customer: 为什么 小美 没收到 12, and segments that ask for it (收到过12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from bot.delivery.outbox import Delivery
from bot.domain.campaigns import corrections, lists, live
from bot.domain.campaigns.models import Broadcast
from bot.domain.customers import friends, saved_segments
from bot.domain.customers.models import Customer
from bot.domain.customers.saved_segments import uses
from bot.domain.customers.segment_fields import Asking
from bot.language.segments import Field, parse_segment
from bot.language.times import show_moment
from bot.store.transaction import Tx

# By state: what to say, and what staff can do; ``{reason}`` as the row keeps it.
_BECAME = {
    "skipped": "没有发给 TA：{reason}",
    "failed": "没发成：{reason}",
    "unknown": "不知道有没有收到：{reason}。问过以后：核对 {number} #{customer} 收到了",
    "by_hand": "平台发不了，要人工发：{reason}。发送“下一批”",
    "cancelled": "没发出就取消了：{reason}",
    "handed": "任务交给 {member} 了，等 TA 在手机上点确认才发",
    "claimed": "正在发",
}


def row_of(tx: Tx, number: int, customer_id: int) -> Delivery | None:
    """What was kept of a broadcast for one customer, the latest round of a recurring one."""
    mine = select(Delivery).where(Delivery.broadcast_id == number, Delivery.customer_id == customer_id)
    return tx.session.scalars(mine.order_by(Delivery.id.desc()).limit(1)).first()


def told(tx: Tx, broadcast: Broadcast, customer: Customer, now: datetime) -> str:
    """Whether somebody got it, and why not, in a sentence; ``now`` is in the shop's zone."""
    row = row_of(tx, broadcast.id, customer.id)
    if row is not None:
        return _told(row, broadcast, now, friends.members_of(tx, row.account).get(row.sender, row.sender))
    if broadcast.repeats:
        return "这是重复的计划，每一次是一个单独的群发，编号看“群发 列表”"
    if broadcast.state == "draft":
        return "还没有确认，谁都没有发"
    if live.untaken(broadcast):
        return "名单到点再算，还没有定"
    if lists.unfinished(tx, broadcast.id):
        return "名单还在一位位排，TA 还没有排到，或者不在名单里"
    if broadcast.state == "cancelled":
        return "群发取消了，TA 不在已经排好的名单里"
    return "定名单的时候 TA 不在这个人群里"


def _told(row: Delivery, broadcast: Broadcast, now: datetime, member: str) -> str:
    if row.state == "sent":
        at = f"{show_moment(row.sent_at, now)} " if row.sent_at else ""
        replied = f"，{show_moment(row.replied_at, now)} 回复了" if row.replied_at else ""
        return f"{at}发出去了，平台说成功{replied}。TA 没看到的话，可能删了对话或被折叠了"
    if row.state == "planned":
        if broadcast.state == "paused":
            return f"排好了，群发暂停着。接着发：继续 {broadcast.id}"
        return f"还在排队，{show_moment(row.due_at, now)} 以后发{f'（{row.reason}）' if row.reason else ''}"
    reason = row.reason or "没记原因"
    return _BECAME[row.state].format(reason=reason, number=broadcast.id, customer=row.customer_id, member=member)


# --- segments over outcomes ----------------------------------------------------------------------------------------


def standing_on(tx: Tx, segment: str) -> list[Broadcast]:
    """Confirmed broadcasts that are not over, and whose audience names this saved segment."""
    standing = select(Broadcast).where(Broadcast.state.in_(("recurring", "scheduled", "running", "paused", "missed")))
    found = tx.session.scalars(standing.order_by(Broadcast.id))
    return [broadcast for broadcast in found if uses(parse_segment(broadcast.segment), segment)]


def to_ask_for_tag(tx: Tx, tag: str) -> list[Broadcast]:
    """Confirmed broadcasts whose list is still to be taken, and by a segment that asks for this tag."""
    untaken = or_(Broadcast.state == "recurring", and_(Broadcast.live, Broadcast.state.in_(("scheduled", "missed"))))
    found = tx.session.scalars(select(Broadcast).where(untaken).order_by(Broadcast.id))
    book = saved_segments.book(tx)
    return [broadcast for broadcast in found if book.asks_for_tag(parse_segment(broadcast.segment), tag)]


def was_sent(asking: Asking, term: Field) -> ColumnElement[bool]:
    """``收到过12`` for segments: who got broadcast 12, or may have."""
    return _of_broadcast(asking, term, corrections.got_it())


def has_replied(asking: Asking, term: Field) -> ColumnElement[bool]:
    """``回复过12`` for segments."""
    return _of_broadcast(asking, term, Delivery.replied_at.is_not(None))


def was_silent(asking: Asking, term: Field) -> ColumnElement[bool]:
    """``没回复12`` for segments: who got broadcast 12 and said nothing."""
    return _of_broadcast(asking, term, and_(corrections.got_it(), Delivery.replied_at.is_(None)))


def has_failed(asking: Asking, term: Field) -> ColumnElement[bool]:
    """``没发成12`` for segments."""
    return _of_broadcast(asking, term, Delivery.state == "failed")


def may_go_well(asking: Asking, term: Field) -> ColumnElement[bool]:
    """``可重发12`` for segments."""
    return _of_broadcast(asking, term, corrections.may_go_well(int(term.value)))


def _of_broadcast(asking: Asking, term: Field, what: ColumnElement[bool]) -> ColumnElement[bool]:
    return asking.among(Delivery.customer_id, Delivery.broadcast_id == int(term.value), what)


def told_of_term(tx: Tx, customer: Customer, term: Field, now: datetime) -> str:
    """For who asks about ``收到过12`` and its kind."""
    broadcast = tx.session.get(Broadcast, int(term.value)) if int(term.value) < 2**31 else None
    return "没有这个群发" if broadcast is None else told(tx, broadcast, customer, now)


def reply_told(tx: Tx, customer: Customer, term: Field, now: datetime) -> str:
    """For who asks about ``回复过12``."""
    row = row_of(tx, int(term.value), customer.id)
    if row is None or row.replied_at is None:
        return "没有回复过它"
    return f"{show_moment(row.replied_at, now)} 回复了"
