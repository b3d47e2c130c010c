"""A broadcast's life: drafted, confirmed, paused and resumed, cancelled, finished, counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    text,
    update,
)

from bot.delivery import broadcasts, limits, outbox
from bot.delivery.outbox import Delivery
from bot.delivery.rules import KEY_TRUSTED
from bot.domain.campaigns import cancelling, catching_up, corrections, lists, recurring, rules
from bot.domain.campaigns import live as lives
from bot.domain.campaigns import summary as summaries
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.pace import MOST_BATCHES, Pace
from bot.domain.campaigns.summary import Summary
from bot.domain.customers.models import Customer
from bot.domain.merchants.models import Staff
from bot.domain.scripts import service as scripts
from bot.domain.scripts.checker import refuse_punished
from bot.domain.scripts.kinds import compile_script
from bot.domain.scripts.rules import is_personal
from bot.errors import Refusal
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.base import Base
from bot.store.transaction import Tx

STATE_WORDS = {
    "draft": "等确认",
    "scheduled": "等时间",
    "running": "发送中",
    "paused": "已暂停",
    "done": "已发完",
    "cancelled": "已取消",
    "missed": "错过了时间",
    "recurring": "按计划重复",
}
AT_ONCE = Pace()
# So many rows may be touched while a callback waits.
SHORT_ENOUGH = 5_000


def draft(
    tx: Tx,
    shop: Settings,
    *,
    staff_id: int,
    segment: str,
    script_names: Sequence[str],
    start_at: datetime | None,
    hold_out: int = 0,
    corrects: int | None = None,
    plain: bool = False,
    spares_tired: bool = False,
    every: str = "",
    pace: Pace = AT_ONCE,
    live: bool = False,
) -> tuple[Broadcast, Summary]:
    """Keeps a broadcast to be confirmed, its wording frozen, and says what it would do; ``corrects``: the number of the
    broadcast it corrects; ``every``: a time that comes again and again, which makes it a plan.

    ``plain``: without anybody's name, so that all read the same. ``spares_tired``: who has had too much is left out.
    ``live``: to whom the segment names at ``start_at``, which it then needs.
    Raises Refusal for a segment or a script that cannot be read, words the platform would punish, more than six scripts
    or a hold-out above 50 %.
    """
    if len(script_names) > len(rules.VARIANTS):
        raise Refusal(f"一次最多 {len(rules.VARIANTS)} 条话术。")
    if not 0 <= hold_out <= 50:
        raise Refusal("对照组最多 50%。例子：对照10%")
    if every and plain:
        raise Refusal("重复的群发每次用当时的话术，要人人一样，请先把话术改成没有称呼的。")
    parse_segment(segment)
    wordings = [scripts.find(tx, name) for name in script_names]
    for wording in wordings:
        compile_script(wording.kind, wording.text)
    today = tx.now.astimezone(shop.timezone).date()
    spoken = [words for wording in wordings if (words := wording.words())]
    refuse_punished(spoken, "mass", today, undone="这次群发没有排")
    broadcast = Broadcast(
        staff_id=staff_id,
        segment=segment,
        scripts=[wording.frozen(variant) for variant, wording in zip(rules.VARIANTS, wordings, strict=False)],
        hold_out=hold_out,
        spares_tired=spares_tired,
        state="draft",
        start_at=recurring.next_time(every, tx.now.astimezone(shop.timezone)) if every else start_at,
        created_at=tx.now,
        repeats=every,
        per_hour=pace.per_hour,
        over_days=pace.days,
        live=live and start_at is not None,
        kind="" if corrects is None else rules.CORRECTION,
        source_id=corrects,
    )
    if plain:
        broadcast.scripts = _plain(tx, shop, broadcast.scripts)
    return _kept(tx, shop, broadcast)


def draft_correction(
    tx: Tx, shop: Settings, *, staff_id: int, number: int, script: str, start_at: datetime | None
) -> tuple[Broadcast, Summary]:
    """`draft` to exactly those who got broadcast ``number``, or may have. Raises Refusal where that is not to be."""
    corrections.refuse_correction(get(tx, number))
    return draft(
        tx,
        shop,
        staff_id=staff_id,
        segment=f"收到过{number}",
        script_names=[script],
        start_at=start_at,
        corrects=number,
    )


def draft_retry(tx: Tx, shop: Settings, *, staff_id: int, number: int) -> tuple[Broadcast, Summary]:
    """`draft` of the same wording to those with whom broadcast ``number`` failed for a reason that may have passed.

    Raises Refusal while it runs.
    """
    source = get(tx, number)
    if source.state not in ("done", "cancelled"):
        raise Refusal(f"群发 {number} {STATE_WORDS[source.state]}，发完或取消以后才能重发没发成的。")
    if source.until is not None and tx.now >= source.until:
        raise Refusal(f"群发 {number} 是{source.occasion}发的，日子过了，不再发。")
    retry = Broadcast(
        staff_id=staff_id,
        segment=f"可重发{number}",
        scripts=source.scripts,
        hold_out=0,
        state="draft",
        created_at=tx.now,
        kind=rules.RETRY,
        source_id=number,
        occasion=source.occasion,
        until=source.until,
    )
    return _kept(tx, shop, retry)


def _kept(tx: Tx, shop: Settings, broadcast: Broadcast) -> tuple[Broadcast, Summary]:
    tx.session.add(broadcast)
    tx.session.flush()
    summary = summarise(tx, shop, broadcast)
    batches = len(Pace(broadcast.per_hour, broadcast.over_days).sizes(summary.audience))
    if batches > MOST_BATCHES:
        raise Refusal(
            f"{summary.audience} 位，每小时 {broadcast.per_hour} 位要分 {batches} 批，太久了。每小时多发一些吧。"
        )
    return broadcast, summary


def _plain(tx: Tx, shop: Settings, scripts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not any(is_personal(script["text"]) for script in scripts):
        return scripts
    plain = summaries.plain_scripts(tx, shop, scripts)
    if not plain:
        raise Refusal(
            '这条话术离不开顾客的资料，去掉就没话说了。写上没有时用的词，像 {{ c.name|default("亲") }}，再试一次。'
        )
    return plain


def summarise(tx: Tx, shop: Settings, broadcast: Broadcast) -> Summary:
    """What the broadcast would do if it were confirmed now."""
    return summaries.summarise(tx, shop, broadcast, broadcast.start_at or tx.now)


def confirm(tx: Tx, shop: Settings, number: int) -> tuple[Broadcast, int]:
    """Starts, or waits for the planned time; returns how many people stand on the list, which does not change any more; a
    live one has none before its time.

    A short list gets its rows here; a longer one is left to `jobs` (see `lists`), and is sent when all its rows are
    written. Raises Refusal when it is not waiting for a confirmation any more; the database decides between two who
    confirm.
    """
    broadcast = get(tx, number)
    if broadcast.repeats:
        recurring.begin(tx, shop, broadcast)
        return broadcast, 0
    state = "scheduled" if broadcast.start_at is not None and broadcast.start_at > tx.now else "running"
    if not _move(tx, number, ("draft",), state):
        raise Refusal(f"群发 {number} {STATE_WORDS[broadcast.state]}，不能再确认。")
    if broadcast.kind == rules.CORRECTION:
        corrections.claim(tx, broadcast)
    if state == "running":
        broadcast.started_at = tx.now
    elif broadcast.live:
        return broadcast, 0
    people = lists.audience(tx, shop, broadcast, lists.moment(broadcast, tx.now))
    lists.take(tx, shop, broadcast, people)
    return broadcast, len(people)


def get(tx: Tx, number: int) -> Broadcast:
    """Raises Refusal for a number nobody has."""
    broadcast = tx.session.get(Broadcast, number) if number < 2**31 else None
    if broadcast is None:
        raise Refusal(f"没有群发 {number}。发送“群发 列表”看看。")
    return broadcast


def latest(tx: Tx, count: int = 8) -> Sequence[Broadcast]:
    return tx.session.scalars(
        select(Broadcast).where(Broadcast.state != "draft").order_by(Broadcast.id.desc()).limit(count)
    ).all()


def meant(tx: Tx) -> Broadcast | None:
    """Which one is asked about where no number is said: what goes out or stands still, else the newest; a plan that
    repeats sends nothing itself and comes last.
    """
    order = case((Broadcast.state.in_(("running", "paused")), 0), (Broadcast.repeats == "", 1), else_=2)
    asked = select(Broadcast).where(Broadcast.state != "draft").order_by(order, Broadcast.id.desc())
    return tx.session.scalars(asked.limit(1)).first()


def plans(tx: Tx) -> Sequence[Broadcast]:
    """What repeats, the newest first."""
    return tx.session.scalars(
        select(Broadcast).where(Broadcast.state == "recurring").order_by(Broadcast.id.desc())
    ).all()


def pause(tx: Tx, number: int) -> None:
    """Raises Refusal unless it is running."""
    if not _move(tx, number, ("running",), "paused"):
        state = get(tx, number).state
        stop = f"不想发就：取消 {number}" if state in ("scheduled", "recurring") else "不用暂停。"
        raise Refusal(f"群发 {number} {STATE_WORDS[state]}，没有在发，{stop}")
    outbox.pause(tx, number)


def pause_all(tx: Tx) -> list[int]:
    """Stops everything that is being sent now; returns the numbers."""
    numbers = list(tx.session.scalars(select(Broadcast.id).where(Broadcast.state == "running").order_by(Broadcast.id)))
    for number in numbers:
        pause(tx, number)
        get(tx, number).halted = True
    return numbers


def resume_all(tx: Tx, shop: Settings) -> list[int]:
    """Goes on with everything `pause_all` has stopped; returns the numbers."""
    halted = select(Broadcast.id).where(Broadcast.state == "paused", Broadcast.halted).order_by(Broadcast.id)
    numbers = list(tx.session.scalars(halted))
    for number in numbers:
        _resume(tx, shop, number)
    return numbers


def paused(tx: Tx) -> list[int]:
    return list(tx.session.scalars(select(Broadcast.id).where(Broadcast.state == "paused").order_by(Broadcast.id)))


def to_go_on_with(tx: Tx, shop: Settings, broadcast: Broadcast) -> int:
    """How many people stand on its list, or would if it were to go on now. Raises Refusal for a segment that cannot be
    read any more."""
    return len(lists.audience(tx, shop, broadcast, tx.now)) if lives.untaken(broadcast) else broadcast.audience


def resume(tx: Tx, shop: Settings, number: int) -> None:
    """Goes on after a pause, or starts now what missed its time, by paths that had stopped as well.

    Raises Refusal where there is nothing to go on with.
    """
    broadcast = get(tx, number)
    if broadcast.state != "missed" or not lives.untaken(broadcast):
        _resume(tx, shop, number)
        return
    people = lists.audience(tx, shop, broadcast, tx.now)
    _resume(tx, shop, number)
    lists.take(tx, shop, broadcast, people)


def _resume(tx: Tx, shop: Settings, number: int) -> None:
    repaired = sum(limits.resume(tx, account) for account in broadcasts.accounts_of(tx, number))
    if not _move(tx, number, ("paused", "missed"), "running"):
        if repaired and get(tx, number).state == "running":
            return
        raise Refusal(f"群发 {number} {STATE_WORDS[get(tx, number).state]}，不能继续。")
    broadcast = get(tx, number)
    broadcast.halted = False
    broadcast.started_at = broadcast.started_at or tx.now
    # Of a longer list the workers do it before they send.
    if broadcast.audience <= SHORT_ENOUGH:
        for batch in catching_up.to_move(tx, shop, broadcast):
            batch.move(tx)
    _begin_sending(tx, number)


def _begin_sending(tx: Tx, number: int) -> None:
    # Else the end of its list does it.
    if not lists.unfinished(tx, number):
        outbox.resume(tx, number)


def cancel(tx: Tx, number: int) -> int | None:
    """Cancels what has not been called yet; returns how many people that spares, None where that is still being
    counted. Raises Refusal when it is over."""
    if not _move(tx, number, ("draft", "scheduled", "running", "paused", "missed", "recurring"), "cancelled"):
        raise Refusal(f"群发 {number} {STATE_WORDS[get(tx, number).state]}，不能取消。")
    broadcast = get(tx, number)
    if broadcast.kind == rules.CORRECTION:
        corrections.give_up(tx, broadcast)
    return 0 if broadcast.repeats else cancelling.begin(tx, broadcast)


def start_due(tx: Tx) -> tuple[list[Broadcast], list[Broadcast]]:
    """Starts the scheduled broadcasts whose time has come; returns (started, missed)."""
    due = tx.session.scalars(select(Broadcast).where(*to_start(tx.now)).order_by(Broadcast.id)).all()
    started: list[Broadcast] = []
    late: list[Broadcast] = []
    for broadcast in due:
        is_late = broadcast.start_at is not None and rules.missed(broadcast.start_at, tx.now)
        if not _move(tx, broadcast.id, ("scheduled",), "missed" if is_late else "running"):
            continue
        (late if is_late else started).append(broadcast)
        if not is_late:
            tx.execute(update(Broadcast).where(Broadcast.id == broadcast.id).values(started_at=tx.now))
            _begin_sending(tx, broadcast.id)
    return started, late


def to_start(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Scheduled broadcasts whose time has come, or was missed. Of who works here no more nothing is sent: it waits for
    whoever takes over, until it is too late. A live one starts with its list (see `live`)."""
    kept = and_(Broadcast.staff_id.in_(select(Staff.id).where(Staff.active)), not_(Broadcast.live))
    return (
        Broadcast.state == "scheduled",
        Broadcast.start_at <= now,
        or_(kept, Broadcast.start_at < now - rules.START_GRACE),
    )


def planned_by(tx: Tx, staff_id: int) -> Sequence[Broadcast]:
    """What a staff member has confirmed that is still to come, stands or is being sent."""
    states = ("scheduled", "running", "paused", "missed", "recurring")
    own = select(Broadcast).where(Broadcast.staff_id == staff_id, Broadcast.state.in_(states))
    return tx.session.scalars(own.order_by(Broadcast.id)).all()


def hand_over(tx: Tx, broadcasts: Sequence[Broadcast], new: int) -> None:
    """They are somebody else's from now on; ``撤销`` gives them back."""
    table = Base.metadata.tables[Broadcast.__tablename__]
    for broadcast in broadcasts:
        if tx.journal is not None:
            tx.journal.moved(table, [{"id": broadcast.id}], {"staff_id": broadcast.staff_id}, {"staff_id": new})
        broadcast.staff_id = new


def finish_due(tx: Tx, through: Sequence[int]) -> list[Broadcast]:
    """Marks those of ``through`` (see `is_through`) that are running as done; returns them."""
    done: list[Broadcast] = []
    for number in through:
        # Between looking and marking somebody may have put a row back.
        if not broadcasts.moving(tx, number) and _move(tx, number, ("running",), "done"):
            broadcast = get(tx, number)
            broadcast.finished_at = tx.now
            done.append(broadcast)
    return done


def _move(tx: Tx, number: int, before: Sequence[str], after: str) -> bool:
    # The old state is named in the update, so that of two who act at once only one succeeds.
    moved = tx.execute(update(Broadcast).where(Broadcast.id == number, Broadcast.state.in_(before)).values(state=after))
    if moved.rowcount == 1:
        broadcast = tx.session.get(Broadcast, number)
        if broadcast is not None:
            tx.session.refresh(broadcast)
    return moved.rowcount == 1


def reasons(tx: Tx, number: int) -> list[tuple[str, int]]:
    """Why people of a broadcast got nothing, or may have got nothing, the most frequent reason first."""
    rows = tx.execute(
        select(Delivery.reason, func.count())
        .where(Delivery.broadcast_id == number, Delivery.state != "sent", Delivery.reason != "")
        .group_by(Delivery.reason)
        .order_by(func.count().desc())
        .limit(8)
    )
    return [(reason, count) for reason, count in rows]


def is_through(tx: Tx, number: int) -> bool:
    """Whether its list is through, and no row is open any more nor still to be settled by asking the platform."""
    if lists.unfinished(tx, number):
        return False
    asked_again = select(Delivery.id).where(
        # Spelled like the index of unclear rows.
        text("state = 'unknown' AND batch_key <> ''"),
        Delivery.broadcast_id == number,
        _asked_again(tx),
    )
    return not (tx.execute(asked_again.limit(1)).first() or broadcasts.on_the_way(tx, number))


def _asked_again(tx: Tx) -> ColumnElement[bool]:
    """Of unknown rows: those whose call the reconciler still repeats with its key, which settles them."""
    return and_(Delivery.batch_key != "", Delivery.calling_since > tx.now - KEY_TRUSTED)


# -- what nobody could tell about --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unclear:
    """Unknown rows of a broadcast: the first of those for people to check, oldest first, and how many these are in all;
    how many the reconciler settles yet."""

    people: Sequence[tuple[Delivery, Customer]]
    to_check: int
    asked_again: int


# Spelled like the index of unknown rows.
_UNKNOWN = text("deliveries.state = 'unknown'")


def failed_by_text(tx: Tx, number: int) -> int:
    """Of how many people of a broadcast the platform did not take the text."""
    failed = (Delivery.broadcast_id == number, Delivery.state == "failed", corrections.of_the_text())
    return tx.execute(select(func.count()).select_from(Delivery).where(*failed)).scalar_one()


def unclear(tx: Tx, number: int, most: int) -> Unclear:
    """``most``: so many people are named."""
    rows = tx.session.execute(
        select(Delivery, Customer)
        .join(Customer, Customer.id == Delivery.customer_id)
        .where(Delivery.broadcast_id == number, _UNKNOWN, not_(_asked_again(tx)))
        .order_by(Delivery.id)
        .limit(most)
    )
    return Unclear([(delivery, customer) for delivery, customer in rows], *count_unclear(tx, number))


def count_unclear(tx: Tx, number: int) -> tuple[int, int]:
    """Of unknown rows: how many people are to check, and how many the reconciler settles yet."""
    count = select(func.count()).select_from(Delivery).where(Delivery.broadcast_id == number, _UNKNOWN)
    asked_again = tx.execute(count.where(_asked_again(tx))).scalar_one()
    return tx.execute(count).scalar_one() - asked_again, asked_again


def settle_unclear(tx: Tx, number: int, customer_ids: Collection[int] | None, *, received: bool) -> int:
    """What people found out; None: about everybody who is for people to check. Nothing is ever sent by it.

    Returns how many of those asked about were still unclear; of very many the first `SHORT_ENOUGH` are settled.
    """
    open_rows = select(Delivery.id).where(Delivery.broadcast_id == number, _UNKNOWN, not_(_asked_again(tx)))
    if customer_ids is not None:
        open_rows = open_rows.where(Delivery.customer_id.in_(list(customer_ids)))
    found = list(tx.execute(open_rows.order_by(Delivery.id).limit(SHORT_ENOUGH)).scalars())
    reason = "店员核对：收到了" if received else "店员核对：没收到"
    return outbox.settle_unknown(tx, found, sent=received, reason=reason)
