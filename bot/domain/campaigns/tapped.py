"""What people tapped in the menus of a broadcast, in the words of its script."""

from __future__ import annotations

from bot.delivery import taps as delivered
from bot.domain.campaigns.models import Broadcast
from bot.domain.scripts.kinds import menu_items
from bot.store.transaction import Tx


def taps(tx: Tx, broadcast: Broadcast) -> list[tuple[str, int]]:
    """How many people tapped each item of the broadcast's menus, in their order; untapped ones are missing."""
    menus = {
        script["variant"]: menu_items(script["text"]) for script in broadcast.scripts if script.get("kind") == "menu"
    }
    if not menus:
        return []
    counted = delivered.taps(tx, broadcast.id)
    several = len(menus) > 1
    return [
        (f"{variant} {item}" if several else item, counted[variant, str(at)])
        for variant, items in menus.items()
        for at, item in enumerate(items, 1)
        if (variant, str(at)) in counted
    ]
