"""What somebody reads first: the channel's own welcome, else that of their class."""

from __future__ import annotations

from bot.domain.customers import channels
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import addressed, known_name
from bot.domain.scripts import service as scripts
from bot.domain.scripts.rules import RenderError, compile_template
from bot.settings import Settings
from bot.store.transaction import Tx


def welcome_for(
    tx: Tx, shop: Settings, account: str, state: str, customer: Customer, *, is_new: bool, contact: bool = False
) -> str:
    """The welcome, rendered and never empty, at most 2,048 bytes (``OUTPUT_LIMIT``).

    ``state``: the channel as the platform's event names it. ``contact``: somebody added a member of the shop; otherwise
    they follow an account.
    """
    context = {
        "c": {"name": addressed(customer) or ""},
        "shop": scripts.shop_context(tx, shop.shop_name),
    }
    own = channels.welcome_text(tx, account, state)
    if own:
        try:
            if said := compile_template(own).render(context).strip():
                return said
        except RenderError:
            pass  # it speaks of what this customer's file lacks; the general one fits everybody
    if not is_new and known_name(customer) is not None:
        return scripts.say(tx, "welcome/back", context)
    return scripts.say(tx, "welcome/wecom" if contact else "bot/welcome", context)
