"""The clock comes to a day of the year: staff are reminded, customers hear, and what was slept through is told of once.

Days for all go out as broadcasts, each customer's own as letters. The letters come first: who has a birthday hears of
that, and not of the holiday, on a day on which everybody gets one message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError

from bot.domain import working_day
from bot.domain.campaigns import on_days
from bot.domain.care import letters, occasions, own_days, rules, turns
from bot.domain.care.letter_rules import Purpose
from bot.domain.care.occasions import Coming, Occasion
from bot.domain.care.turns import MORNING, REMIND, SEND, Turn
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.errors import Refusal
from bot.store.killpoints import reach
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

log = logging.getLogger(__name__)

# Customers who could not hear now (somebody talks with them) are asked for again this often, while the day lasts.
AGAIN = timedelta(minutes=30)
NAMED = 8  # people in one reminder


def strike(parts: Parts, now: datetime) -> int:
    """Does what is due at ``now``; returns how many things. A quiet tick only reads."""
    shop = parts.settings
    with reading(parts.store, parts.clock) as tx:
        if not merchants.has_owner(tx):
            return 0
        known = occasions.plans(tx)
        gone = turns.taken(tx, now.astimezone(shop.timezone).date())
        due = turns.due(tx, shop, now, known, gone)
        late = turns.slept_through(tx, shop, now, known)
        rounds = turns.open_rounds(shop, now, known, gone)
        told = turns.to_tell(shop, now, known, gone)
    done = 0
    if late:
        done += _try(lambda: _tell_late(parts, late))
    if told:
        done += _try(lambda: _tell_of_people(parts, told))
    reminders = [turn for turn in due if turn.step != SEND]
    if reminders:
        done += _try(lambda: _remind(parts, reminders))
    for plan, until in rounds:
        done += _try(partial(_round, parts, plan, until))
    for turn in due:
        if turn.step == SEND:
            done += _try(partial(_send, parts, turn))
    return done


def _try(step: Callable[[], int]) -> int:
    """One day that cannot be kept holds up no other; the next tick tries it again."""
    try:
        return step()
    except OperationalError:
        raise
    except Exception:
        log.exception("occasions.not_kept")
        return 0


# -- staff -------------------------------------------------------------------------------------------------------------


def _remind(parts: Parts, due: Sequence[Turn]) -> int:
    """One message for all days that are near."""
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        mine = [turn for turn in due if turns.take(tx, turn.coming.title, turn.coming.day, turn.step)]
        for turn in mine:
            if turn.step == MORNING:
                # The morning speaks for the days before it.
                turns.take(tx, turn.coming.title, turn.coming.day, REMIND, state="skipped", note="当天才提醒")
        if not mine:
            return 0
        reach("reminded")
        text = "\n".join(turns.staff_words(tx, parts.settings, turn) for turn in mine)
        _tell_owners(
            tx, f"关怀：{text}", mine[0].coming.occasion, subject=f"occasion:{turns.names(mine)}:{_today(tx, parts)}"
        )
    return len(mine)


def _tell_late(parts: Parts, late: Sequence[Coming]) -> int:
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        mine = [
            coming
            for coming in late
            if turns.take(tx, coming.title, coming.day, SEND, state="missed", note="到点时没有开机")
        ]
        if not mine:
            return 0
        today = _today(tx, parts)
        named = "、".join(f"{coming.title}（{rules.day_words(coming.day, today)}）" for coming in mine)
        _tell_owners(
            tx,
            f"关怀错过了，没有补发：{named}。日子过了再祝就不合适了，要说话请另找由头。",
            mine[0].occasion,
            subject=f"occasion:{'、'.join(coming.title for coming in mine)}:{today}",
        )
    return len(mine)


def _tell_of_people(parts: Parts, plans: Sequence[Occasion]) -> int:
    """Whose own days are near, in one message to whoever looks after them."""
    shop = parts.settings
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        today = _today(tx, parts)
        here = {staff.id for staff in merchants.active_staff(tx)}
        owners = [owner.id for owner in merchants.owners(tx)]
        lines: dict[int, list[str]] = {}
        told = []
        for plan in plans:
            near = own_days.near(tx, shop, plan, today, turns.reminded_until(tx, plan.name, today))
            if not turns.take(tx, plan.name, today, REMIND, people=len(near)):
                continue
            near += own_days.missed(tx, shop, plan, today)
            told += [plan.name] if near else []
            theirs: dict[int, list[tuple[date, Customer]]] = {}
            for day, customer in near:
                keeper = customer.keeper_id
                for staff_id in [keeper] if keeper is not None and keeper in here else owners:
                    theirs.setdefault(staff_id, []).append((day, customer))
            for staff_id, people in theirs.items():
                lines.setdefault(staff_id, []).append(f"{plan.name}：{_people_words(people, today)}")
        for staff_id, said in lines.items():
            words = "\n".join([*said, f"要说的话在“今日”里，或看：关怀 {told[0]}"])
            notices.tell(tx, staff_id, words, kind="care", subject=f"occasion:{'、'.join(told)}:{today}")
    return len(told)


def _people_words(theirs: Sequence[tuple[date, Customer]], today: date) -> str:
    days: dict[date, list[str]] = {}
    for day, customer in theirs:
        days.setdefault(day, []).append(shown(customer))
    said = []
    for day, names in sorted(days.items()):
        left = (day - today).days
        date_words = f"{day.month}月{day.day}日"
        when = {0: "今天", 1: "明天"}.get(
            left, f"{left} 天后（{date_words}）" if left > 0 else f"{date_words}（错过了）"
        )
        more = f" 等 {len(names)} 位" if len(names) > NAMED else ""
        said.append(f"{when} {'、'.join(names[:NAMED])}{more}")
    return "；".join(said)


def _tell_owners(tx: Tx, words: str, plan: Occasion, *, subject: str) -> None:
    hearers = [*(owner.id for owner in merchants.owners(tx)), *occasions.hearers_of(tx, plan)]
    for staff_id in dict.fromkeys(hearers):
        notices.tell(tx, staff_id, words, kind="care", subject=subject)


def _today(tx: Tx, parts: Parts) -> date:
    return tx.now.astimezone(parts.settings.timezone).date()


# -- customers: a day for all ------------------------------------------------------------------------------------------


def _send(parts: Parts, turn: Turn) -> int:
    """Makes the day's broadcast; what keeps it from being made is told and not tried again."""
    coming, plan, shop = turn.coming, turn.coming.occasion, parts.settings
    with reading(parts.store, parts.clock) as tx:
        try:
            people, why_not = on_days.audience(tx, shop, plan.segment, tx.now), ""
        except Refusal as refusal:
            people, why_not = [], str(refusal)
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        if not turns.take(tx, coming.title, coming.day, SEND, people=len(people)):
            return 0
        reach("occasion taken")
        staff_id = _sender(tx, plan)
        if not people:
            why_not = why_not or f"人群“{plan.segment}”里没有人"
        else:
            try:
                with tx.savepoint():
                    broadcast = on_days.make(
                        tx,
                        shop,
                        staff_id=staff_id,
                        occasion=coming.title,
                        segment=plan.segment,
                        script=plan.script,
                        said_of_day={"holiday": coming.title, "gift": plan.gift},
                        until=turn.until,
                        people=people,
                    )
            except Refusal as refusal:
                why_not = str(refusal)
        if why_not:
            turns.note(tx, coming.title, coming.day, SEND, state="skipped", note=why_not)
            _tell_owners(
                tx, f"{coming.title}的关怀没有发：{why_not}", plan, subject=f"occasion:{coming.title}:{coming.day}:send"
            )
            return 1
        turns.note(tx, coming.title, coming.day, SEND, broadcast_id=broadcast.id)
        if broadcast.state == "paused":
            words = (
                f"{coming.title}的关怀（群发 {broadcast.id}）有 {len(people)} 位，店员一次最多"
                f" {shop.staff_broadcast_max} 位。老板可以发：继续 {broadcast.id}"
            )
            _tell_owners(tx, words, plan, subject=f"broadcast:{broadcast.id}")
    return 1


def _sender(tx: Tx, plan: Occasion) -> int:
    """In whose name: who turned the switch, or the first owner where they work here no more."""
    return next(iter(occasions.hearers_of(tx, plan)), None) or merchants.owners(tx)[0].id


# -- customers: each one's own day -------------------------------------------------------------------------------------


def _round(parts: Parts, plan: Occasion, until: datetime) -> int:
    """Says it to everybody whose day is today and who can hear now; who cannot is asked for again."""
    shop = parts.settings
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        today = _today(tx, parts)
        # No claim: a letter is written once, whoever goes round, and what is broken off goes on at the next tick.
        turns.take(tx, plan.name, today, SEND, state="open", next_at=tx.now)
    reach("round begun")
    with reading(parts.store, parts.clock) as tx:
        numbers = own_days.waiting(tx, shop, plan, today)
    said = sum(_say(parts, plan, number, today, until) for number in numbers)
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        again = own_days.waiting(tx, shop, plan, today, by=until)
        turns.note(
            tx,
            plan.name,
            today,
            SEND,
            state="open" if again else "done",
            next_at=tx.now + AGAIN if again else None,
            people=own_days.written(tx, plan, today),
        )
    return said


def _say(parts: Parts, plan: Occasion, number: int, today: date, until: datetime) -> bool:
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        customer = tx.session.get(Customer, number)
        if customer is None:
            return False
        key = own_days.key(plan, today, number)
        purpose: Purpose = "service" if plan.purpose == "service" else "marketing"
        try:
            text = working_day.words(
                tx,
                parts.settings,
                own_days.script_for(plan, customer),
                customer,
                of_day={"holiday": plan.name, "gift": plan.gift},
            )
        except Refusal as refusal:
            letters.skip(tx, customer, occasion=plan.name, key=key, purpose=purpose, reason=str(refusal), until=until)
            return False
        letter = letters.send(
            tx,
            parts.settings,
            customer,
            occasion=plan.name,
            key=key,
            purpose=purpose,
            text=text,
            staff_id=customer.keeper_id,
            until=until,
        )
        return letter.state in ("queued", "by_hand")
