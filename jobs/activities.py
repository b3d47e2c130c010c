"""Who has a place in an activity is reminded a day and two hours before; staff hear whom that did not reach."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from bot.delivery import outbox
from bot.delivery.rules import why_no_address
from bot.domain.activities import service as activities
from bot.domain.activities.rules import facts
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

NAMED_AT_MOST = 5
# Messages may stand behind a path that rests; staff must still have the time to call.
WAITED_FOR = timedelta(minutes=30)
SCRIPTS = {"day": "activities/day_before", "hours": "activities/two_hours"}


def strike(parts: Parts, now: datetime) -> int:
    """Reminds the guests of every activity that is near at ``now``; a quiet tick only reads."""
    with reading(parts.store, parts.clock) as tx:
        near = activities.to_remind(tx, now, parts.settings.timezone)
        through = [one for one in activities.to_check(tx, now) if _is_through(tx, parts, *one, now)]
    for number, which in near:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if activities.take_reminder(tx, number, which):
                _remind(tx, parts, number, which)
    for number, which in through:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if activities.take_check(tx, number, which):
                _tell_of_unreached(tx, parts, number, which)
    return len(near) + len(through)


def _remind(tx: Tx, parts: Parts, number: int, which: str) -> None:
    activity = activities.get(tx, number)
    about = facts(activity, parts.settings.timezone, tx.now)
    try:
        text = scripts.say(tx, SCRIPTS[which], {"shop": scripts.shop_context(tx, parts.settings.shop_name), "a": about})
    except Refusal:
        return  # the merchant's own wording asks for something this activity lacks; there is nothing to say
    guests = [customer.id for sign_up, customer in activities.roster(tx, activity) if sign_up.state == "in"]
    told: set[int] = set()
    for identity in customers.identities(tx, guests):
        if identity.relation == "active" and identity.customer_id not in told:
            told.add(identity.customer_id)
            outbox.queue(
                tx,
                account=identity.account,
                person_id=identity.person_id,
                payload={"type": "text", "text": text},
                purpose="service",
                customer_id=identity.customer_id,
                not_after=activity.at,
                key=_key(which, number, identity.customer_id),
            )


def _key(which: str, number: int, customer_id: int) -> str:
    return f"activity:{which}:{number}:{customer_id}"


def _outcomes(tx: Tx, parts: Parts, number: int, which: str) -> list[tuple[Customer, str, str]]:
    """Each guest with what became of the reminder and why; without a message to them the state is empty."""
    guests = [one for sign_up, one in activities.roster(tx, activities.get(tx, number)) if sign_up.state == "in"]
    keys = {guest.id: _key(which, number, guest.id) for guest in guests}
    known = outbox.outcomes(tx, keys.values())
    unaddressed = ("", why_no_address(parts.settings.accounts))
    return [(guest, *known.get(keys[guest.id], unaddressed)) for guest in guests]


def _is_through(tx: Tx, parts: Parts, number: int, which: str, now: datetime) -> bool:
    activity = activities.get(tx, number)
    told_at = activity.day_told_at if which == "day" else activity.hours_told_at
    waited_enough = told_at is not None and not timedelta(0) <= now - told_at < WAITED_FOR
    return waited_enough or all(
        state not in outbox.OPEN_STATES for _guest, state, _why in _outcomes(tx, parts, number, which)
    )


def _tell_of_unreached(tx: Tx, parts: Parts, number: int, which: str) -> None:
    """Owners and whoever made the activity hear whom to call, once, when the last message has come to its end."""
    missed = [
        (guest, "还没发出去" if state in outbox.OPEN_STATES else why)
        for guest, state, why in _outcomes(tx, parts, number, which)
        if state != "sent"
    ]
    if not missed:
        return
    activity = activities.get(tx, number)
    people = "、".join(_reached_by(guest) for guest, _why in missed[:NAMED_AT_MOST])
    more = f" 等 {len(missed)} 位" if len(missed) > NAMED_AT_MOST else ""
    why = Counter(why or "没说原因" for _guest, why in missed).most_common(1)[0][0]
    text = (
        f"活动 {number} {activity.title}（{facts(activity, parts.settings.timezone, tx.now)['when']}）的提醒，"
        f"{len(missed)} 位没送到（{why}）：{people}{more}。请打电话或微信说一声，名单：活动 名单 {number}"
    )
    hearers = {staff.id: staff for staff in merchants.owners(tx)}
    hearers |= {staff.id: staff for staff in merchants.active_staff(tx) if staff.id == activity.staff_id}
    for staff_id in hearers:
        notices.tell(tx, staff_id, text, kind="activity", urgent=which == "hours", subject=f"activity:{which}:{number}")


def _reached_by(guest: Customer) -> str:
    return f"{shown(guest)} {guest.phone}" if guest.phone else shown(guest)
