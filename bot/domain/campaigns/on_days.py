"""Broadcasts the clock makes for a day of the year (关怀): to whom the plan's segment names by then, in its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.campaigns import lists, rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.customers import segments
from bot.domain.scripts import service as scripts
from bot.domain.scripts.kinds import compile_script
from bot.language.segments import parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx


def audience(tx: Tx, shop: Settings, segment: str, at: datetime) -> list[int]:
    """Whom the segment names, in order of numbers. Raises Refusal for one that cannot be read (any more)."""
    return segments.members(tx, parse_segment(segment), at.astimezone(shop.timezone))


def make(
    tx: Tx,
    shop: Settings,
    *,
    staff_id: int,
    occasion: str,
    segment: str,
    script: str,
    said_of_day: Mapping[str, str],
    until: datetime,
    people: Sequence[int],
) -> Broadcast:
    """Makes the broadcast of a day, to start at once and to be over by ``until``; nobody confirms it.

    ``said_of_day``: what the script calls ``p`` (holiday, gift). One above the size its staff member may send is paused,
    for the owner. Raises Refusal for a script that is not there (any more).
    """
    wording = scripts.find(tx, script)
    compile_script(wording.kind, wording.text)
    broadcast = Broadcast(
        staff_id=staff_id,
        segment=segment,
        scripts=[{**wording.frozen(rules.VARIANTS[0]), "p": dict(said_of_day)}],
        hold_out=0,
        state="scheduled",
        start_at=tx.now,
        created_at=tx.now,
        occasion=occasion,
        until=until,
    )
    tx.session.add(broadcast)
    tx.session.flush()
    if lists.too_many(tx, shop, broadcast, len(people)):
        broadcast.state = "paused"
    lists.take(tx, shop, broadcast, people)
    return broadcast
