"""Channels (渠道): codes by which customers come, whom they lead to, and what became of those who came."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.customers import tags
from bot.domain.customers.channel_rules import serving
from bot.domain.customers.channel_tables import Channel, ChannelCode, ChannelJoin
from bot.domain.customers.models import Customer, Identity
from bot.domain.merchants import service as merchants
from bot.errors import Refusal
from bot.language.normalise import normalise
from bot.settings import Settings
from bot.store.transaction import Tx

# Our own states at the platform, so that one made elsewhere (shop_door) is no channel of ours by chance.
_STATE = re.compile(r"sk(\d{1,9})", re.ASCII)
MOST = 200
# What no repetition makes better is tried again all the same, some time: staff may have mended it at the platform.
HOPELESS_WAIT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What became of the customers of a channel: how many, how many still reachable, visited, bought, and fen spent."""

    came: int = 0
    there: int = 0
    visited: int = 0
    bought: int = 0
    spent_fen: int = 0


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be done at the platform: ``make``, ``update`` or ``delete`` the code of a channel."""

    kind: str
    channel_id: int
    account: str
    name: str
    config_id: str
    members: tuple[str, ...]
    tries: int


def state_of(channel_id: int) -> str:
    """By what the platform names a channel in its events; at most 30 characters everywhere."""
    return f"sk{channel_id}"


# -- somebody comes ----------------------------------------------------------------------------------------------------


def joined(
    tx: Tx, account: str, state: str, customer: Customer, *, person_id: str, member_id: str = "", at: datetime
) -> str:
    """Somebody came through a code at ``at``; returns the channel's name, empty for none. Repeats are harmless.

    The first channel stays the customer's own; each one's tags are put on. A state that is none of our channels is its
    own name.
    """
    if not state:
        return ""
    channel = _of_state(tx, account, state)
    name = state if channel is None else channel.name
    if channel is not None:
        _keep_join(tx, channel, customer.id, person_id, member_id, at)
    is_first = not customer.channel
    if is_first:
        customer.channel = name
    worn = [f"渠道{name}"[: tags.NAME_LIMIT]] if is_first else []
    if channel is not None and _welcomes(channel):
        worn += [tag for tag in channel.tags if tag not in worn]
    if worn:
        tags.apply(tx, [customer], tags.edit(worn, []), staff_id=None, source="channel")
    return name


def name_of(tx: Tx, account: str, state: str) -> str:
    """The name of the channel behind a state; the state itself where it is none of ours."""
    channel = _of_state(tx, account, state) if state else None
    return state if channel is None else channel.name


def welcome_text(tx: Tx, account: str, state: str) -> str:
    """The channel's own welcome as kept (a template), empty where it has none or is stopped."""
    channel = _of_state(tx, account, state) if state else None
    return channel.welcome if channel is not None and _welcomes(channel) else ""


def _welcomes(channel: Channel) -> bool:
    """Whether it still does what it was made for; a printed code may outlive that."""
    return channel.stopped_at is None and channel.deleted_at is None


def _of_state(tx: Tx, account: str, state: str) -> Channel | None:
    match = _STATE.fullmatch(state)
    channel = tx.session.get(Channel, int(match[1])) if match else None
    return channel if channel is not None and channel.account == account else None


def _keep_join(tx: Tx, channel: Channel, customer_id: int, person_id: str, member_id: str, at: datetime) -> None:
    insert = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(ChannelJoin).values(
        channel_id=channel.id, customer_id=customer_id, person_id=person_id, member_id=member_id, at=at
    )
    # Who comes back another day counts for that day's cap, whatever order the events come in.
    newer = row.excluded.at > ChannelJoin.at
    tx.execute(
        row.on_conflict_do_update(
            index_elements=["channel_id", "person_id", "member_id"], set_={"at": row.excluded.at}, where=newer
        )
    )


# -- the book of channels ----------------------------------------------------------------------------------------------


def listed(tx: Tx) -> list[Channel]:
    """Every channel there is, the oldest first."""
    return list(tx.session.scalars(select(Channel).where(Channel.deleted_at.is_(None)).order_by(Channel.id)))


def named(tx: Tx, name: str) -> Channel:
    """Raises Refusal that offers the nearest names."""
    known = {_plain(channel.name): channel for channel in listed(tx)}
    found = known.get(_plain(name))
    if found is not None:
        return found
    near = get_close_matches(_plain(name), known, n=3, cutoff=0.4)
    offer = f"您是不是说：{'、'.join(known[one].name for one in near)}？" if near else "看全部：渠道"
    raise Refusal(f"没有叫“{name}”的渠道。{offer}")


def _plain(name: str) -> str:
    return normalise(name).casefold()


def create(tx: Tx, *, account: str, name: str, staff_id: int, **wanted: Any) -> Channel:
    """A channel whose code a worker makes. Raises Refusal for a name that is taken, and where there are too many."""
    there = listed(tx)
    if taken := next((channel.name for channel in there if _plain(channel.name) == _plain(name)), ""):
        raise Refusal(f"已经有渠道“{taken}”了。看：渠道 看 {taken}；改：渠道 改 {taken} 标签 老客")
    if len(there) >= MOST:
        raise Refusal(f"渠道最多 {MOST} 个，先删掉不用的：渠道 删除 名字")
    channel = Channel(account=account, name=name, staff_id=staff_id, created_at=tx.now, **wanted)
    tx.session.add(channel)
    tx.session.flush()
    tx.session.add(ChannelCode(channel_id=channel.id, account=account, tell=staff_id))
    tx.session.flush()
    return channel


def changed(tx: Tx, channel: Channel, staff_id: int) -> None:
    """The platform is to hear of what was changed; what it refused before is tried again."""
    code = code_of(tx, channel.id)
    code.next_at, code.tries, code.failure, code.tell = None, 0, "", staff_id


def code_of(tx: Tx, channel_id: int) -> ChannelCode:
    return tx.session.get_one(ChannelCode, channel_id)


def numbers(tx: Tx) -> dict[str, Numbers]:
    """What became of everybody who came by a channel, by its name; each customer counts for the first one only."""
    there = exists().where(Identity.customer_id == Customer.id, Identity.relation == "active")
    rows = tx.execute(
        select(
            Customer.channel,
            func.count(),
            func.sum(case((there, 1), else_=0)),
            func.sum(case((Customer.visited, 1), else_=0)),
            func.sum(case((Customer.purchased, 1), else_=0)),
            func.sum(Customer.spent_fen),
        )
        .where(Customer.channel.is_not(None), Customer.channel != "", Customer.is_staff.is_(False))
        .group_by(Customer.channel)
    )
    return {name: Numbers(*(int(value) for value in values)) for name, *values in rows}


def came_since(tx: Tx, since: datetime) -> dict[int, dict[str, int]]:
    """How many came since a moment: by channel, then by the member they added."""
    rows = tx.execute(
        select(ChannelJoin.channel_id, ChannelJoin.member_id, func.count())
        .where(ChannelJoin.at >= since)
        .group_by(ChannelJoin.channel_id, ChannelJoin.member_id)
    )
    found: dict[int, dict[str, int]] = {}
    for channel_id, member_id, count in rows:
        found.setdefault(channel_id, {})[member_id] = count
    return found


def midnight(tx: Tx, shop: Settings) -> datetime:
    """When the shop's day began."""
    return tx.now.astimezone(shop.timezone).replace(hour=0, minute=0, second=0, microsecond=0)


# -- what the platform is to do ----------------------------------------------------------------------------------------


def errands(tx: Tx, shop: Settings) -> list[Errand]:
    """What the codes at the platform lack, as of now: made, deleted, or led to other members (hours, caps)."""
    wanted = {channel.id: channel for channel in listed(tx)}
    codes = tx.session.scalars(select(ChannelCode).order_by(ChannelCode.channel_id)).all()
    gone = {account: merchants.gone_members(tx, account) for account in {one.account for one in wanted.values()}}
    came: Mapping[int, Mapping[str, int]] = {}
    if any(channel.cap for channel in wanted.values()):
        came = came_since(tx, midnight(tx, shop))
    found: list[Errand] = []
    for code in codes:
        if code.next_at is not None and code.next_at > tx.now:
            continue
        channel = wanted.get(code.channel_id)
        if channel is None:
            found.append(_errand("delete", code, "", ()))
            continue
        members = _serves(tx, shop, channel, came.get(channel.id, {}), gone[channel.account])
        if code.made_at is None:
            found.append(_errand("make", code, channel.name, members))
        elif code.config_id and list(members) != list(code.serving):
            found.append(_errand("update", code, channel.name, members))
    return found


def _serves(tx: Tx, shop: Settings, channel: Channel, came: Mapping[str, int], gone: Collection[str]) -> Sequence[str]:
    return serving(
        tx.now.astimezone(shop.timezone),
        came,
        members=channel.members,
        shifts=channel.shifts,
        spare=channel.spare,
        cap=channel.cap,
        gone=gone,
    )


def _errand(kind: str, code: ChannelCode, name: str, members: Sequence[str]) -> Errand:
    return Errand(kind, code.channel_id, code.account, name, code.config_id, tuple(members), code.tries)


def made(tx: Tx, errand: Errand, *, config_id: str, picture: str) -> int | None:
    """The platform has made the code; returns whom to tell."""
    code = code_of(tx, errand.channel_id)
    code.config_id, code.picture, code.made_at, code.serving = config_id, picture, tx.now, list(errand.members)
    return _went_well(code)


def updated(tx: Tx, errand: Errand) -> None:
    """The code leads to other members now."""
    code = code_of(tx, errand.channel_id)
    code.serving = list(errand.members)
    _went_well(code)


def deleted(tx: Tx, errand: Errand) -> None:
    """Nothing is left of it at the platform."""
    tx.session.delete(code_of(tx, errand.channel_id))


def failed(tx: Tx, errand: Errand, words: str, again_at: datetime | None) -> int | None:
    """The platform did not do it; ``again_at`` None: it is not likely to. Returns whom to tell, once for each reason."""
    code = code_of(tx, errand.channel_id)
    is_news = code.failure != words
    code.failure, code.tries = words, code.tries + 1
    code.next_at = again_at or tx.now + HOPELESS_WAIT
    channel = tx.session.get(Channel, errand.channel_id)
    maker = None if channel is None else channel.staff_id
    return (code.tell or maker) if is_news else None


def _went_well(code: ChannelCode) -> int | None:
    tell, code.tell = code.tell, None
    code.next_at, code.tries, code.failure = None, 0, ""
    return tell
