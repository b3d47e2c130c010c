"""Who has a place in an activity is reminded a day and two hours before."""

from __future__ import annotations

from datetime import datetime

from bot.delivery import outbox
from bot.domain.activities import service as activities
from bot.domain.activities.rules import facts
from bot.domain.customers import service as customers
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts

SCRIPTS = {"day": "activities/day_before", "hours": "activities/two_hours"}


def strike(parts: Parts, now: datetime) -> int:
    """Reminds the guests of every activity that is near at ``now``; a quiet tick only reads."""
    with reading(parts.store, parts.clock) as tx:
        near = activities.to_remind(tx, now)
    for number, which in near:
        with transaction(parts.store, parts.clock, parts.bell) as tx:
            if activities.take_reminder(tx, number, which):
                _remind(tx, parts, number, which)
    return len(near)


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
                key=f"activity:{which}:{number}:{identity.customer_id}",
            )
