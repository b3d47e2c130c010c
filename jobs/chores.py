"""What a worker does every so often, whether Redis lives or not: the one list."""

from __future__ import annotations

from collections.abc import Callable

from bot.gateway.router import Router
from bot.gateway.spool import Spool
from jobs import inbox
from jobs.accounts import FollowerIntake
from jobs.cards import CardKeeper
from jobs.channels import ChannelKeeper
from jobs.contacts import ContactKeeper
from jobs.group_tasks import GroupTasks
from jobs.groups import GroupKeeper
from jobs.media import MediaKeeper
from jobs.member_names import MemberNames
from jobs.menus import MenuSetup
from jobs.parts import Chore, Parts
from jobs.staff_group import StaffGroup
from jobs.staff_menus import StaffMenu
from jobs.unions import Unions


def chores(parts: Parts, router: Callable[[], Router], spool: Spool) -> tuple[Chore, ...]:
    """All chores of a worker, in the order of their turns; ``router`` builds what understands a line when one comes."""
    return (
        Chore("spool", 5.0, lambda: inbox.drain_spool(parts, router, spool), always=True),
        Chore("old callbacks", 30.0, lambda: inbox.forget_old(parts)),
        Chore("notices", 5.0, parts.strike),
        Chore("followers", 1.0, FollowerIntake(parts).turn),
        Chore("contacts", 1.0, ContactKeeper(parts).turn),
        Chore("menus", 5.0, MenuSetup(parts).turn),
        Chore("staff menus", 5.0, StaffMenu(parts).turn),
        Chore("group tasks", 2.0, GroupTasks(parts).turn),
        Chore("media", 5.0, MediaKeeper(parts).turn),
        Chore("member names", 2.0, MemberNames(parts).turn),
        Chore("channel codes", 5.0, ChannelKeeper(parts).turn),
        Chore("unions", 5.0, Unions(parts).turn),
        Chore("cards", 1.0, CardKeeper(parts).turn),
        Chore("staff group", 5.0, StaffGroup(parts).turn),
        Chore("customer groups", 5.0, GroupKeeper(parts).turn),
    )
