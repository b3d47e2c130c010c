"""Taps on menu messages: each item carries its broadcast, so that a tap is tied to exactly that one."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select

from bot.delivery.models import Delivery
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

_TAPPED = """
    UPDATE deliveries SET replied_at = COALESCE(replied_at, :at), tapped = :item
    WHERE broadcast_id = :broadcast_id AND account = :account AND person_id = :person_id AND occurrence = ''
    AND state IN ('sent', 'unknown') RETURNING broadcast_id
"""
_TAP = re.compile(r"(?P<broadcast>[1-9]\d{0,8})\.(?P<item>[1-9]\d?)", re.ASCII)


def tap_id(broadcast_id: int, item: str) -> str:
    """What an item of a menu message carries, so that its tap tells which broadcast and which item."""
    return f"{broadcast_id}.{item}"


def tapped(tx: Tx, account: str, person_id: str, tap: str, at: datetime) -> int | None:
    """Ties the tap of a menu item to its broadcast, whichever came later; returns the broadcast, None for another id."""
    read = _TAP.fullmatch(tap)
    if read is None:
        return None
    asked = {"broadcast_id": int(read["broadcast"]), "item": read["item"], "at": to_milliseconds(at)}
    rows = tx.direct(_TAPPED, {**asked, "account": account, "person_id": person_id})
    return rows[0][0] if rows else None


def taps(tx: Tx, broadcast_id: int) -> dict[tuple[str, str], int]:
    """People by group and the item they tapped last."""
    tapped_rows = (
        select(Delivery.variant, Delivery.tapped, func.count())
        .where(Delivery.broadcast_id == broadcast_id, Delivery.tapped != "")
        .group_by(Delivery.variant, Delivery.tapped)
    )
    return {(variant, item): count for variant, item, count in tx.execute(tapped_rows)}
