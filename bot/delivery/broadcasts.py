"""What is asked of a broadcast's rows as a whole: who shares a text, what its mass jobs came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select, text

from bot.delivery.bulk import run, run_with
from bot.delivery.models import Delivery, MassResult
from bot.delivery.rules import MASS_LEAST
from bot.store.transaction import Tx

_SHARED = """
    SELECT content_id FROM deliveries
    WHERE broadcast_id = :broadcast_id AND ((state = 'planned' AND route = 'mass') OR (state = 'by_hand' AND reason = :reason))
    GROUP BY account, content_id HAVING COUNT(*) >= :least AND SUM(CASE WHEN state = 'by_hand' THEN 1 ELSE 0 END) > 0
"""
_TO_MASS = """
    UPDATE deliveries SET state = 'planned', route = 'mass', reason = '' FROM {given}
    WHERE deliveries.content_id = given.content_id AND deliveries.content_id {listed}
    AND broadcast_id = :broadcast_id AND state = 'by_hand' AND reason = :reason
"""


def shared_contents(tx: Tx, broadcast_id: int, reason: str) -> list[int]:
    """Contents that rows by hand with this ``reason`` could send by mass call, since others get the same."""
    return list(run(tx, _SHARED, broadcast_id=broadcast_id, reason=reason, least=MASS_LEAST).scalars())


def to_mass(tx: Tx, broadcast_id: int, contents: Sequence[int], reason: str) -> None:
    """Lets rows by hand with these contents and this ``reason`` go by mass call."""
    if contents:
        given = [(content,) for content in contents]
        run_with(tx, _TO_MASS, {"content_id": "bigint"}, given, broadcast_id=broadcast_id, reason=reason)


def mass_counts(tx: Tx, broadcast_id: int) -> dict[str, int]:
    """What the platform reported of the broadcast's mass jobs, added up: ``jobs``, and the counts as it names them."""
    ended = select(MassResult.counts).where(
        select(Delivery.id)
        .where(
            Delivery.account == MassResult.account,
            Delivery.platform_id == MassResult.msg_id,
            Delivery.broadcast_id == broadcast_id,
            # Spelled like the index of mass rows.
            text("route = 'mass' AND platform_id <> ''"),
        )
        .exists()
    )
    total: Counter[str] = Counter()
    for counts in tx.execute(ended).scalars():
        total["jobs"] += 1
        total.update({name: int(count) for name, count in counts.items() if str(count or "").isdecimal()})
    return dict(total)
