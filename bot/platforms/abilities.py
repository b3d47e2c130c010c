"""What an account's platform can do, so that nobody outside this room asks for a platform by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bot.platforms.official_account.allowed import may
from bot.settings import Account


@dataclass(frozen=True, slots=True)
class Abilities:
    """What goes and what does not.

    ``hears_customers``: customers' own words and taps come in. ``windows``: a custom message needs a window the person
    has opened. ``mass``: one text to a list of people at once. ``tasks``: messages to customers are tasks that a member
    confirms. ``menus``: the account's menu is ours to set. ``followers``: a list of fans to take in. ``contacts``:
    contacts of members to take in, the company's tags, ways to add a member, group chats. ``cards``: messages with
    buttons that are changed once tapped. ``members``: who writes to the app belongs to the shop. ``template_notices``,
    ``subscribe_notices``: the account may have such templates.
    """

    hears_customers: bool = False
    windows: bool = False
    mass: bool = False
    tasks: bool = False
    menus: bool = False
    followers: bool = False
    contacts: bool = False
    cards: bool = False
    members: bool = False
    template_notices: bool = False
    subscribe_notices: bool = False


_COMPANY = Abilities(tasks=True, contacts=True, cards=True, members=True)


def abilities(account: Account) -> Abilities:
    """What the account can do; rights that a platform gives or takes by itself show in its answers only."""
    return _COMPANY if account.platform == "wecom" else _official(account.kind)


@lru_cache(maxsize=8)
def _official(kind: str) -> Abilities:
    return Abilities(
        hears_customers=True,
        windows=True,
        mass=may(kind, "mass"),
        menus=True,
        followers=True,
        template_notices=may(kind, "template"),
        subscribe_notices=may(kind, "subscribe"),
    )
