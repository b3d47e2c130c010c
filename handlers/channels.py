"""Channels (渠道): their codes, what meets customers there, and what became of those who came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.domain.customers import channels, friends, tags
from bot.domain.customers.channel_tables import Channel
from bot.domain.customers.channels import Numbers
from bot.domain.merchants import service as merchants
from bot.domain.scripts import kinds
from bot.domain.scripts.checker import refuse_punished, warnings
from bot.errors import Refusal
from bot.language.channel_intents import (
    ChannelChange,
    ChannelDelete,
    ChannelList,
    ChannelNew,
    ChannelShow,
    ChannelSwitch,
    Shift,
)
from bot.language.money import show_money
from bot.platforms.abilities import abilities
from bot.settings import Account
from handlers.talk import StaffTalk, on

WELCOME_LIMIT = 400  # characters: it is read on a phone, and the platform takes no more than 4,000 bytes
ELSEWHERE = 5  # of the channels made elsewhere that the list names
_MEMBER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)


@on.staff(ChannelList)
def list_channels(talk: StaffTalk) -> str:
    tx = talk.tx
    counted, today = channels.numbers(tx), channels.came_since(tx, channels.midnight(tx, talk.shop))
    own = channels.listed(tx)
    lines = []
    for channel in own:
        came = sum(today.get(channel.id, {}).values())
        lines.append(f"{channel.name}{_state(talk, channel)}：{_numbers(counted.pop(channel.name, Numbers()), came)}")
    if elsewhere := sorted(counted.items(), key=lambda one: -one[1].came)[:ELSEWHERE]:
        lines += ["别处来的：", *(f"{name}：{_numbers(found)}" for name, found in elsewhere)]
    if not own:
        return "\n".join(["还没有渠道码。建一个：渠道 新建 门店海报", *lines])
    return "\n".join(["渠道（每位顾客算在第一个渠道）：", *lines, f"看码和设置：渠道 看 {own[0].name}"])


def _numbers(found: Numbers, today: int = 0) -> str:
    fresh = f"（今天 {today}）" if today else ""
    if not found.came:
        return f"还没有人来{fresh}"
    spent = f"，共 {show_money(found.spent_fen)}" if found.spent_fen else ""
    return f"来了 {found.came} 位{fresh}，还在 {found.there}；到店 {found.visited}，购买 {found.bought}{spent}"


def _state(talk: StaffTalk, channel: Channel) -> str:
    if channel.stopped_at is not None:
        return "（停了）"
    return "" if channels.code_of(talk.tx, channel.id).made_at is not None else "（码还没好）"


@on.staff(ChannelShow)
def show(talk: StaffTalk) -> str:
    return _card(talk, channels.named(talk.tx, talk.intent.name))


def _card(talk: StaffTalk, channel: Channel) -> str:
    tx = talk.tx
    code = channels.code_of(tx, channel.id)
    today = channels.came_since(tx, channels.midnight(tx, talk.shop)).get(channel.id, {})
    names = friends.members_of(tx, channel.account)
    lines = [f"【渠道 {channel.name}】{_state(talk, channel)}账号 {channel.account}"]
    lines.append(f"二维码：{code.picture}" if code.picture else "二维码：正在生成，好了马上发您")
    if code.failure:
        lines.append(f"没办成：{code.failure}")
    lines += _settings(channel, names)
    if code.serving:
        lines.append(f"现在接待：{_called(code.serving, names)}")
    lines.append(_numbers(channels.numbers(tx).get(channel.name, Numbers()), sum(today.values())))
    if any(today):
        lines.append(f"今天：{'、'.join(f'{names.get(who, who)} {count} 位' for who, count in today.items() if who)}")
    return "\n".join(lines)


def _settings(channel: Channel, names: dict[str, str]) -> list[str]:
    lines = [
        f"欢迎语：{kinds.shown('text', channel.welcome) if channel.welcome else '用默认的（改：话术 改 欢迎加微）'}"
    ]
    lines.append(f"贴标签：{'、'.join([f'渠道{channel.name}'[: tags.NAME_LIMIT], *channel.tags])}")
    if channel.members:
        word = "没排班的时间" if channel.shifts else "接待"
        lines.append(f"{word}：{_called(channel.members, names)}{'（轮流）' if len(channel.members) > 1 else ''}")
    lines += [f"{shift['begins']}-{shift['ends']}：{_called(shift['members'], names)}" for shift in channel.shifts]
    if channel.cap:
        lines.append(f"上限：每位一天最多加 {channel.cap} 位")
    if channel.spare:
        lines.append(f"备用：{_called(channel.spare, names)}{'（都满了由 TA 接，不限几位）' if channel.cap else ''}")
    elif channel.cap:
        lines.append("都满了又没有备用时，还是由他们接着加（加备用：渠道 改 " + f"{channel.name} 备用 王姐）")
    return lines


def _called(members: Sequence[str], names: dict[str, str]) -> str:
    return "、".join(names.get(one, one) for one in members)


# -- making and changing -----------------------------------------------------------------------------------------------


@on.staff(ChannelNew)
def create(talk: StaffTalk) -> str:
    intent: ChannelNew = talk.intent
    account = _account(talk, intent)
    staffed = abilities(account).contacts
    if not staffed and (intent.members or intent.shifts or intent.spare or intent.cap):
        raise Refusal(
            f"账号 {account.name} 的码直接关注账号，不由店员接，没有建。店员、时间、上限、备用只有企业微信的码有。"
        )
    wanted: dict[str, Any] = {
        "welcome": _welcome(talk, intent.welcome),
        "tags": _tags(intent.tags),
        "members": _members(talk, account, intent.members),
        "spare": _members(talk, account, intent.spare),
        "shifts": _shifts(talk, account, intent.shifts),
        "cap": intent.cap,
    }
    if staffed and not wanted["members"] and not wanted["shifts"]:
        wanted["members"] = _whoever_is_there(talk, account)
    channel = channels.create(talk.tx, account=account.name, name=intent.name, staff_id=talk.staff.id, **wanted)
    talk.label(f"新建渠道 {channel.name}")
    names = friends.members_of(talk.tx, account.name)
    head = f"渠道“{channel.name}”建好了（账号 {account.name}），二维码正在生成，好了马上发您。"
    return "\n".join([head, *_settings(channel, names), *_warned(talk, channel.welcome)])


def _account(talk: StaffTalk, intent: ChannelNew) -> Account:
    """The account that was named, else one whose codes lead to staff where staff are named, else where one speaks."""
    accounts = talk.shop.accounts
    if intent.account:
        found = next((one for one in accounts if one.name.casefold() == intent.account.casefold()), None)
        if found is None:
            raise Refusal(f"没有账号“{intent.account}”，现在有：{'、'.join(one.name for one in accounts)}")
        return found
    here = talk.shop.account(talk.message.account)
    staffed = bool(intent.members or intent.shifts or intent.spare or intent.cap)
    if here is None or (staffed and not abilities(here).contacts):
        return next((one for one in accounts if abilities(one).contacts), here or accounts[0])
    return here


def _whoever_is_there(talk: StaffTalk, account: Account) -> list[str]:
    if talk.message.account == account.name:
        return [talk.message.sender]
    found = list(account.owners) or merchants.people(talk.tx, account.name)
    if not found:
        raise Refusal("加上来由哪位店员接待？例如：渠道 新建 门店海报 店员 小丽、阿强")
    return found


def _members(talk: StaffTalk, account: Account, who: Sequence[str]) -> list[str]:
    """The platform persons meant by names of staff, or by their ids there. Raises Refusal, then nothing was changed."""
    return list(dict.fromkeys(_member(talk, account, one) for one in who))


def _member(talk: StaffTalk, account: Account, who: str) -> str:
    there = merchants.members(talk.tx, account.name)
    found = [person for person, name in there.items() if who in (name, person)]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise Refusal(f"有 {len(found)} 位都叫“{who}”，请写账号：{'、'.join(found)}")
    if _MEMBER_ID.fullmatch(who):
        return who  # a colleague who has not written to us yet; the platform says if there is none
    known = "、".join(there.values()) or "还没有人"
    raise Refusal(
        f"账号 {account.name} 里没有叫“{who}”的店员，什么都没有改。现在有：{known}；别的同事请写通讯录里的账号（如 xiaoli）。"
    )


def _shifts(talk: StaffTalk, account: Account, shifts: Sequence[Shift]) -> list[dict[str, Any]]:
    return [
        {"begins": shift.begins, "ends": shift.ends, "members": _members(talk, account, shift.members)}
        for shift in shifts
    ]


def _tags(names: Sequence[str]) -> list[str]:
    wanted = tags.edit(names, [])
    if wanted.visited is not None or wanted.vip is not None:
        raise Refusal("渠道的标签里不能写分类（VIP、到店），扫码的人还没来过。什么都没有改。")
    return list(wanted.add)


def _welcome(talk: StaffTalk, text: str) -> str:
    if not text:
        return ""
    if len(text) > WELCOME_LIMIT:
        raise Refusal(f"欢迎语最多 {WELCOME_LIMIT} 个字，现在 {len(text)} 个，什么都没有改。")
    kept = kinds.written("text", text)
    refuse_punished([kept], "script", talk.now.date(), undone="什么都没有改")
    return kept


def _warned(talk: StaffTalk, welcome: str) -> list[str]:
    found = warnings([welcome], "script", talk.now.date()) if welcome else []
    return ["欢迎语要留意：", *found] if found else []


@on.staff(ChannelChange)
def change(talk: StaffTalk) -> str:
    intent: ChannelChange = talk.intent
    channel = channels.named(talk.tx, intent.name)
    account = talk.shop.account(channel.account)
    if account is None:
        raise Refusal(f"账号 {channel.account} 不在配置里了，渠道“{channel.name}”改不了。")
    staffed = (intent.members, intent.spare, intent.shifts, intent.cap)
    if not abilities(account).contacts and any(one is not None for one in staffed):
        raise Refusal(f"账号 {account.name} 的码不由店员接，店员、时间、上限、备用只有企业微信的码有。什么都没有改。")
    if intent.welcome is not None:
        channel.welcome = _welcome(talk, intent.welcome)
    if intent.tags is not None:
        channel.tags = _tags(intent.tags)
    if intent.members is not None:
        channel.members = _members(talk, account, intent.members)
    if intent.spare is not None:
        channel.spare = _members(talk, account, intent.spare)
    if intent.shifts is not None:
        channel.shifts = _shifts(talk, account, intent.shifts)
    if intent.cap is not None:
        channel.cap = intent.cap
    if abilities(account).contacts and not channel.members and not channel.shifts:
        raise Refusal("至少要有一位店员接待，什么都没有改。例如：渠道 改 门店海报 店员 小丽")
    channels.changed(talk.tx, channel, talk.staff.id)
    talk.label(f"改渠道 {channel.name}")
    names = friends.members_of(talk.tx, account.name)
    return "\n".join(
        [f"渠道“{channel.name}”改好了，码不变：", *_settings(channel, names), *_warned(talk, channel.welcome)]
    )


@on.staff(ChannelSwitch)
def switch(talk: StaffTalk) -> str:
    intent: ChannelSwitch = talk.intent
    channel = channels.named(talk.tx, intent.name)
    if (channel.stopped_at is None) == intent.on:
        return f"渠道“{channel.name}”本来就{'开着' if intent.on else '停着'}。"
    channel.stopped_at = None if intent.on else talk.tx.now
    talk.label(f"{'开' if intent.on else '停'}渠道 {channel.name}")
    if intent.on:
        return f"渠道“{channel.name}”又开了：扫码来的贴它的标签、发它的欢迎语。"
    return f"渠道“{channel.name}”停了：码还能扫，只是不贴它的标签、不发它的欢迎语。要让码作废：渠道 删除 {channel.name}"


@on.staff(ChannelDelete)
def delete(talk: StaffTalk) -> str:
    channel = channels.named(talk.tx, talk.intent.name)
    account = talk.shop.account(channel.account)
    ends = account is not None and abilities(account).contacts
    printed = "印出去的码就扫不了了" if ends else "印出去的码还能扫，只是不再贴标签、不发它的欢迎语"
    return talk.confirm(
        "channel.delete", {"id": channel.id}, f"要删掉渠道“{channel.name}”：{printed}；顾客和已有的标签都留着。"
    )


@on.confirmed("channel.delete")
def delete_confirmed(talk: StaffTalk, payload: dict[str, Any]) -> str:
    channel = next((one for one in channels.listed(talk.tx) if one.id == payload["id"]), None)
    if channel is None:
        raise Refusal("这个渠道已经删掉了。")
    channel.deleted_at = talk.tx.now
    talk.final("二维码已经让平台作废，不能恢复。要用请新建：渠道 新建 名字")
    return f"渠道“{channel.name}”删掉了，顾客都留着。要再用请新建：渠道 新建 {channel.name}"
