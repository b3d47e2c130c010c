"""Who may hear from us: opting out and in, at once and for good."""

from __future__ import annotations

from sqlalchemy import update

from bot.delivery import outbox
from bot.domain.customers import timeline
from bot.domain.customers.models import Customer
from bot.store.transaction import Tx


def opt_out(tx: Tx, customer_id: int) -> bool:
    """Stops marketing at once: rows not yet called are cancelled in this transaction. False = was out already."""
    changed = tx.execute(
        update(Customer)
        .where(Customer.id == customer_id, Customer.opted_out.is_(False))
        .values(opted_out=True, opted_out_at=tx.now)
    )
    outbox.cancel_for_customer(tx, customer_id, "顾客已退订", purpose="marketing")
    outbox.cancel_for_customer(tx, customer_id, "顾客已退订", purpose="correction")
    if changed.rowcount:
        timeline.add(tx, customer_id, "opt_out", "退订了营销消息")
    return bool(changed.rowcount)


def opt_in(tx: Tx, customer_id: int) -> bool:
    """Allows marketing again. False = was in already."""
    changed = tx.execute(
        update(Customer)
        .where(Customer.id == customer_id, Customer.opted_out.is_(True))
        .values(opted_out=False, opted_out_at=None)
    )
    if changed.rowcount:
        timeline.add(tx, customer_id, "opt_in", "重新订阅")
    return bool(changed.rowcount)
