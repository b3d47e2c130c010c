"""What a broadcast gives rise to: the one correction to those who got it, and another try with whom it failed."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, not_, or_, select, update

from bot.delivery.outbox import Delivery
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.rules import CORRECTION, RETRY
from bot.errors import Refusal
from bot.store.transaction import Tx

# Its text is what the platform refused: the same words would be refused again.
_OF_THE_TEXT = ("内容%", "素材%", "%涉嫌%", "%原创%", "%拒绝了这次群发%", "%请修改%", "%请换%", "%请缩短%", "%请去掉%")


def got_it() -> ColumnElement[bool]:
    """Rows of people who got their message, or may have: a call that has begun may have arrived."""
    begun = and_(Delivery.state.in_(("planned", "claimed")), Delivery.calling_since.is_not(None))
    return or_(Delivery.state.in_(("sent", "unknown", "handed")), begun)


def may_go_well(number: int) -> ColumnElement[bool]:
    """Failed rows of a broadcast whose reason may have passed, and whom no retry has reached since."""
    reached = (
        select(Delivery.customer_id)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Broadcast.source_id == number, Broadcast.kind == RETRY, or_(got_it(), Delivery.state == "planned"))
    )
    return and_(Delivery.state == "failed", not_(of_the_text()), Delivery.customer_id.not_in(reached))


def of_the_text() -> ColumnElement[bool]:
    return or_(*(Delivery.reason.like(pattern) for pattern in _OF_THE_TEXT))


def refuse_correction(source: Broadcast) -> None:
    """Raises Refusal where a broadcast is not to be corrected (yet, or once more)."""
    if source.repeats:
        raise Refusal(f"群发 {source.id} 是重复的计划，要说更正哪一次；每一次的编号看：进度 {source.id}")
    if source.kind == CORRECTION:
        raise Refusal(f"群发 {source.id} 本身就是更正，不能再更正。")
    if source.corrected_by is not None:
        raise Refusal(f"群发 {source.id} 已经用群发 {source.corrected_by} 更正过，更正只有一次。")
    if source.state in ("running", "paused"):
        raise Refusal(f"群发 {source.id} 还没发完，更正前先停下，免得错的还在发：取消 {source.id}")
    if source.state not in ("done", "cancelled"):
        raise Refusal(f"群发 {source.id} 还没有发给谁，不用更正。不想发就：取消 {source.id}")


def claim(tx: Tx, correction: Broadcast) -> None:
    """Makes this the one correction of its broadcast; of two at once the database lets one through. Raises Refusal."""
    source = tx.session.get_one(Broadcast, correction.source_id)
    refuse_correction(source)
    mine = update(Broadcast).where(Broadcast.id == source.id, Broadcast.corrected_by.is_(None))
    if tx.execute(mine.values(corrected_by=correction.id)).rowcount != 1:
        tx.session.refresh(source)
        refuse_correction(source)


def give_up(tx: Tx, correction: Broadcast) -> None:
    """A correction that was cancelled before its time has corrected nothing; another may."""
    if correction.started_at is None:
        tx.execute(update(Broadcast).where(Broadcast.corrected_by == correction.id).values(corrected_by=None))
