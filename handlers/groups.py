"""Customer groups (社群): who comes and goes, the default groups, what greets newcomers, what the host posts when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.customers import friends, segments
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.groups import membership, service
from bot.domain.groups.models import Chat, ChatPost
from bot.domain.groups.rules import LEFT, PURPOSES, SCENES
from bot.domain.merchants import service as merchants
from bot.domain.scripts.checker import refuse_punished, warnings
from bot.errors import Refusal
from bot.language.group_intents import (
    GroupCalendar,
    GroupCode,
    GroupDefaults,
    GroupList,
    GroupPlan,
    GroupPlanCancel,
    GroupRules,
    GroupSend,
    GroupShow,
    GroupWelcome,
)
from bot.language.segments import parse_segment
from bot.language.times import show_time
from bot.platforms.abilities import abilities
from bot.platforms.messages import listed
from handlers.talk import StaffTalk, Talk, on

NOT_TOLD = "群里说了什么平台不给看，这里只有谁进谁退。"
WELCOME_BYTES, TEXT_BYTES, RULES_LIMIT = 3000, 4000, 400  # of the platform (manual, pages 96357, 92135); our own
SHOWN_POSTS, TITLE_LIMIT = 20, 20
WEEK, LATELY = timedelta(days=7), timedelta(days=30)
_CLEARED = ("无", "没有", "删除", "不要", "取消", "清空")
_NICKNAME = re.compile(r"[{｛]{2}\s*(?:称呼|昵称|名字)\s*[}｝]{2}")
_QUIT = {"0": "left", "1": "removed"}


# -- what the platform tells -------------------------------------------------------------------------------------------


@on.event("chat_created")
def created(talk: Talk) -> str:
    membership.changed(talk.tx, talk.message.account, talk.message.sender, at=talk.message.created_at)
    return ""


@on.event("chat_changed")
def changed(talk: Talk) -> str:
    """Who left and how is in the event alone; everything else is read from the platform."""
    message = talk.message
    version = str(message.fields.get("CurMemVer") or "")
    chat = membership.changed(talk.tx, message.account, message.sender, at=message.created_at, version=version)
    if message.fields.get("UpdateDetail") == "del_member":
        how = _QUIT.get(str(message.fields.get("QuitScene")), "unseen")
        membership.went(talk.tx, chat, listed(message.fields, "MemChangeList"), how, at=message.created_at)
    return ""


@on.event("chat_dismissed")
def dismissed(talk: Talk) -> str:
    membership.dismissed(talk.tx, talk.message.account, talk.message.sender, at=talk.message.created_at)
    return ""


# -- looking -----------------------------------------------------------------------------------------------------------


def _midnight(talk: Talk) -> datetime:
    return talk.now.replace(hour=0, minute=0, second=0, microsecond=0)


@on.staff(GroupList)
def list_groups(talk: StaffTalk) -> str:
    chats = service.listed(talk.tx)
    if not chats:
        return _none(talk)
    counted = membership.counts(talk.tx, _midnight(talk))
    lines = []
    for chat in chats:
        there, came, gone = counted.get(chat.id, (0, 0, 0))
        purpose = f"，{PURPOSES[chat.purpose].words}" if chat.purpose else ""
        lines.append(
            f"{chat.id}. {chat.name} {there} 人，今天进 {came} 退 {gone}（群主 {service.host(talk.tx, chat)}{purpose}）"
        )
    return "\n".join([f"社群 {len(chats)} 个：", *lines, f"看一个：社群 看 {chats[0].name}"])


def _none(talk: StaffTalk) -> str:
    if any(abilities(account).contacts for account in talk.shop.accounts):
        return service.NO_GROUP
    return "社群是企业微信的客户群，这里还没有接企业微信。别的群（如个人微信群）平台什么都不告诉我们。"


@on.staff(GroupShow)
def show(talk: StaffTalk) -> str:
    tx, chat = talk.tx, service.named(talk.tx, talk.intent.group)
    there = membership.counts(tx, _midnight(talk)).get(chat.id, (0, 0, 0))[0]
    customers, colleagues = membership.customers_in(tx, chat), membership.of_company(tx, chat)
    others = max(0, there - colleagues - len(customers))
    lines = [f"【社群 {chat.name}】{there} 人：顾客 {len(customers)}，没加好友的 {others}，同事 {colleagues}"]
    lines.append(f"群主：{service.host(tx, chat)}")
    if chat.purpose:
        lines += _purpose(talk, chat, customers)
    if customers:
        lines.append(f"分类：{_classes(customers)}")
    lines.append(f"近 7 天：{_moves(talk, chat)}")
    lines.append(f"入群码：{chat.join_picture or f'还没有，要就发：社群 码 {chat.name}'}")
    lines += [
        f"{word}：{text}"
        for word, text in (("欢迎语", service.welcome_shown(chat.welcome)), ("规则", chat.rules))
        if text
    ]
    if chat.failure:
        lines.append(f"没办成：{chat.failure}（会再试）")
    lines += _posts(talk, service.calendar(tx, chat)[:3], named=False)
    return "\n".join([*lines, NOT_TOLD])


def _purpose(talk: StaffTalk, chat: Chat, customers: Sequence[Customer]) -> list[str]:
    """Which class the group serves, who of it is not in it yet, and who in it is of another one by now."""
    purpose = PURPOSES[chat.purpose]
    fitting = set(segments.members(talk.tx, parse_segment(purpose.segment), talk.now))
    others = [one for one in customers if one.id not in fitting]
    missing = len(fitting) - (len(customers) - len(others))
    lines = [f"默认群：{purpose.name}（{purpose.words}），这一类还没进群的 {missing} 位"]
    if others:
        named = "、".join(shown(one) for one in others[:3])
        lines.append(f"群里不是这一类的 {len(others)} 位：{named}{' 等' if len(others) > 3 else ''}，可以请进别的群")
    return lines


def _classes(customers: Sequence[Customer]) -> str:
    counted = {
        "未到店": sum(not one.visited for one in customers),
        "到店没买": sum(one.visited and not one.purchased for one in customers),
        "消费过": sum(one.purchased for one in customers),
        "VIP": sum(one.vip for one in customers),
    }
    return " · ".join(f"{word} {count}" for word, count in counted.items() if count)


def _moves(talk: StaffTalk, chat: Chat) -> str:
    since = talk.tx.now - WEEK
    came, gone = membership.coming(talk.tx, chat, since), membership.leaving(talk.tx, chat, since)
    return f"进 {_each(came, SCENES, '别的')}，退 {_each(gone, LEFT, '原因不明')}"


def _each(counted: dict[str, int], words: Any, other: str) -> str:
    total = sum(counted.values())
    if not total:
        return "0"
    parts = "、".join(
        f"{words.get(how, other)} {count}" for how, count in sorted(counted.items(), key=lambda one: -one[1])
    )
    return f"{total}（{parts}）"


def card_lines(talk: StaffTalk, customer: Customer) -> list[str]:
    """What a customer's card says of groups: where they are, since when and by whom; what they left lately."""
    stays = membership.stays_of(talk.tx, customer.id)
    names: dict[str, dict[str, str]] = {}
    told = []
    for stay in stays:
        if stay.left_at is None:
            people = names.setdefault(stay.chat.account, friends.members_of(talk.tx, stay.chat.account))
            by = (
                f"{people.get(stay.invited_by, stay.invited_by)}邀请" if stay.invited_by else SCENES.get(stay.scene, "")
            )
            told.append(f"{stay.chat.name}（{talk.day(stay.joined_at)}{f' {by}' if by else ''}）")
        elif stay.left_at > talk.tx.now - LATELY:
            told.append(f"{stay.chat.name}（{talk.day(stay.left_at)} {LEFT.get(stay.left_how, LEFT['unseen'])}）")
    return [f"社群：{'、'.join(told)}"] if told else []


# -- default groups and codes ------------------------------------------------------------------------------------------


@on.staff(GroupDefaults)
def defaults(talk: StaffTalk) -> str:
    intent: GroupDefaults = talk.intent
    if intent.group:
        return _serve(talk, intent)
    serving = service.serving(talk.tx)
    counted = membership.counts(talk.tx, _midnight(talk))
    lines = ["按分类的三个默认群："]
    for number, (key, purpose) in enumerate(PURPOSES.items(), start=1):
        chat = serving.get(key)
        what = "还没有"
        if chat is not None:
            code = chat.join_picture or "入群码正在做"
            what = f"{chat.name} {counted.get(chat.id, (0, 0, 0))[0]} 人\n入群码：{code}"
        lines.append(f"{number}. {purpose.name}（{purpose.words}）：{what}")
    missing = [purpose.name for key, purpose in PURPOSES.items() if key not in serving]
    if missing:
        lines.append(
            f"平台不让程序建群：请店员在企业微信里建客户群，群名带上“{missing[0]}”，会自动认出来、做好入群码。"
        )
        lines.append(f"用现有的群：社群 默认 {missing[0]} = 群名")
    return "\n".join(lines)


def _serve(talk: StaffTalk, intent: GroupDefaults) -> str:
    wanted = [
        key
        for number, (key, purpose) in enumerate(PURPOSES.items(), start=1)
        if intent.purpose == str(number) or intent.purpose in purpose.name or purpose.name in intent.purpose
    ]
    if len(wanted) != 1:
        names = "、".join(purpose.name for purpose in PURPOSES.values())
        raise Refusal(f"默认群有三个：{names}。例如：社群 默认 老客服务群 = 老客群")
    chat, purpose = service.named(talk.tx, intent.group), PURPOSES[wanted[0]]
    before = service.serving(talk.tx).get(wanted[0])
    if before is chat:
        return f"“{chat.name}”本来就是{purpose.name}。"
    if before is not None:
        before.purpose = ""
    chat.purpose = wanted[0]
    service.try_now(chat, talk.staff.id)
    talk.label(f"{purpose.name} = {chat.name}")
    told = f"入群码：{chat.join_picture}" if chat.join_picture else "入群码正在做，好了马上发您。"
    return f"“{chat.name}”现在是{purpose.name}（{purpose.words}）。{told}"


@on.staff(GroupCode)
def code(talk: StaffTalk) -> str:
    chat = service.named(talk.tx, talk.intent.group)
    if chat.join_picture:
        return f"“{chat.name}”的入群码（人满了会自动建新群）：\n{chat.join_picture}"
    chat.code_wanted = True
    service.try_now(chat, talk.staff.id)
    talk.label(f"做“{chat.name}”的入群码")
    return f"“{chat.name}”的入群码正在做，好了马上发您。"


# -- welcome and rules -------------------------------------------------------------------------------------------------


@on.staff(GroupWelcome)
def welcome(talk: StaffTalk) -> str:
    chat, text = service.split(talk.tx, talk.intent.words)
    if not text:
        return f"“{chat.name}”的入群欢迎语：{service.welcome_shown(chat.welcome) or '还没有'}\n改：社群 欢迎 {chat.name} 欢迎您…"
    said = "" if text in _CLEARED else _NICKNAME.sub(service.NICKNAME, text)
    if said == chat.welcome:
        return f"“{chat.name}”的欢迎语本来就是这样。"
    if len(said.encode()) > WELCOME_BYTES:
        raise Refusal(f"欢迎语最多 {WELCOME_BYTES // 3} 个字，没有改。")
    refuse_punished([said], "mass", talk.now.date(), undone="没有改")
    chat.welcome = said
    service.try_now(chat, talk.staff.id)
    talk.label(f"“{chat.name}”的欢迎语")
    if not said:
        return f"“{chat.name}”的欢迎语去掉了。"
    warned = warnings([said], "mass", talk.now.date())
    return "\n".join([f"“{chat.name}”的入群欢迎语改好了，正在存到企业微信：\n{service.welcome_shown(said)}", *warned])


@on.staff(GroupRules)
def rules(talk: StaffTalk) -> str:
    chat, text = service.split(talk.tx, talk.intent.words)
    if not text:
        return f"“{chat.name}”的群规则：{chat.rules or '还没有'}\n改：社群 规则 {chat.name} 不发广告，互相尊重"
    if len(text) > RULES_LIMIT:
        raise Refusal(f"群规则最多 {RULES_LIMIT} 个字，没有改。")
    chat.rules = "" if text in _CLEARED else text
    talk.label(f"“{chat.name}”的群规则")
    return f"“{chat.name}”的群规则记下了：{chat.rules or '（去掉了）'}\n群公告要群主自己发，这里只是备着。"


# -- the content calendar ----------------------------------------------------------------------------------------------


@on.staff(GroupCalendar)
def calendar(talk: StaffTalk) -> str:
    chat = service.named(talk.tx, talk.intent.group) if talk.intent.group else None
    found = service.calendar(talk.tx, chat)
    if not found:
        return "社群日历还是空的。加一条：社群 计划 老客群 周三 20:00 分享会 今晚聊秋冬穿搭"
    lines = _posts(talk, found[:SHOWN_POSTS], named=chat is None)
    more = [f"还有 {len(found) - SHOWN_POSTS} 条。"] if len(found) > SHOWN_POSTS else []
    return "\n".join(["社群日历：", *lines, *more, f"不要了：社群 计划 取消 {found[0][0].id}"])


def _posts(talk: StaffTalk, found: Sequence[tuple[ChatPost, Chat]], *, named: bool) -> list[str]:
    return [
        f"{post.id}. {_when(talk, post)} {f'{chat.name}：' if named else ''}{post.title}{'（群发）' if post.sends else ''}"
        for post, chat in found
    ]


def _when(talk: StaffTalk, post: ChatPost) -> str:
    if post.every:
        return post.every
    return show_time(post.next_at, talk.now) if post.next_at else ""


@on.staff(GroupPlan)
def plan(talk: StaffTalk) -> str:
    intent: GroupPlan = talk.intent
    chat, words = (
        (service.named(talk.tx, intent.group), intent.text) if intent.group else service.split(talk.tx, intent.text)
    )
    title, text = _title(words)
    if not text:
        raise Refusal("没说发什么，没有记。例如：社群 计划 老客群 周三 20:00 分享会 今晚聊秋冬穿搭")
    refuse_punished([text], "mass", talk.now.date(), undone="没有记")
    at = intent.every.after(talk.now) if intent.every is not None else intent.at or talk.now
    every = "" if intent.every is None else str(intent.every)
    entry = {
        "chat": chat.id,
        "title": title,
        "text": text,
        "every": every,
        "at": at.isoformat(),
        "sends": intent.sends,
    }
    if not intent.sends:
        return _planned(talk, entry)
    quiet = talk.shop.quiet_hours
    if quiet is not None and quiet.holds(talk.here(at).time()):
        raise Refusal(
            f"{quiet.start:%H:%M} 到第二天 {quiet.end:%H:%M} 不群发，没有记。换个时间，或去掉“群发”改成提醒群主。"
        )
    _refuse_wide(talk, [chat])
    when = every or show_time(at, talk.now)
    question = f"要在{when} 给“{chat.name}”做群发任务，每次由群主 {service.host(talk.tx, chat)} 点一下才会发：\n{text}"
    return talk.confirm("group.plan", entry, question)


@on.confirmed("group.plan")
def plan_confirmed(talk: StaffTalk, payload: dict[str, Any]) -> str:
    return _planned(talk, payload)


def _planned(talk: StaffTalk, entry: dict[str, Any]) -> str:
    chat = talk.tx.session.get_one(Chat, entry["chat"])
    post = service.plan(
        talk.tx,
        chat,
        title=entry["title"],
        text=entry["text"],
        every=entry["every"],
        at=datetime.fromisoformat(entry["at"]),
        sends=bool(entry["sends"]),
        staff_id=talk.staff.id,
    )
    talk.label(f"社群计划 {post.id} {post.title}")
    how = "做成群发任务，由群主点一下" if post.sends else "把文案发给群主"
    host = service.host(talk.tx, chat)
    warned = warnings([post.text], "mass", talk.now.date())
    line = f"记下了 {post.id}：{_when(talk, post)} 在“{chat.name}”发“{post.title}”，到点{how}（{host}）。"
    return "\n".join([line, *warned])


def _title(words: str) -> tuple[str, str]:
    """The first word where something follows it, else the text's own beginning."""
    first, _, rest = words.partition("\n" if "\n" in words.partition(" ")[0] else " ")
    first, rest = first.strip(), rest.strip()
    if rest and len(first) <= TITLE_LIMIT:
        return first, rest
    return words.strip().splitlines()[0][:TITLE_LIMIT] if words.strip() else "", words.strip()


@on.staff(GroupPlanCancel)
def plan_cancel(talk: StaffTalk) -> str:
    post, chat = service.cancel(talk.tx, talk.intent.number)
    talk.label(f"取消社群计划 {post.id}")
    return f"取消了社群计划 {post.id}：“{chat.name}”的“{post.title}”。"


# -- group sends -------------------------------------------------------------------------------------------------------


@on.staff(GroupSend)
def send(talk: StaffTalk) -> str:
    chats, text = _addressed(talk, talk.intent.words)
    if not text:
        raise Refusal(f"没说发什么，什么都没发。例如：社群 群发 {chats[0].name} 明天到新款，想看图的找我")
    if len(text.encode()) > TEXT_BYTES:
        raise Refusal(f"最多 {TEXT_BYTES // 3} 个字，什么都没发。")
    today = talk.now.date()
    refuse_punished([text], "mass", today, undone="什么都没发")
    _refuse_wide(talk, chats)
    counted = membership.counts(talk.tx, _midnight(talk))
    groups = "、".join(f"“{chat.name}”（{counted.get(chat.id, (0, 0, 0))[0]} 人）" for chat in chats)
    hosts = "、".join(dict.fromkeys(service.host(talk.tx, chat) for chat in chats))
    question = "\n".join(
        [f"要群发到{groups}，群主 {hosts} 在企业微信里点一下才会发：", text, *warnings([text], "mass", today)]
    )
    return talk.confirm("group.send", {"chats": [chat.id for chat in chats], "text": text}, question)


def _addressed(talk: StaffTalk, words: str) -> tuple[list[Chat], str]:
    first, _, rest = words.partition(" ")
    if len(names := [name for name in re.split("[、,，]", first) if name]) > 1:
        try:
            return [service.named(talk.tx, name) for name in names], rest.strip()
        except Refusal:
            if len(service.listed(talk.tx)) != 1:
                raise
    chat, text = service.split(talk.tx, words)
    return [chat], text


def _refuse_wide(talk: StaffTalk, chats: Sequence[Chat]) -> None:
    """What reaches more people than staff may write to is the owner's; so is a group-send."""
    counted = membership.counts(talk.tx, _midnight(talk))
    people = sum(counted.get(chat.id, (0, 0, 0))[0] for chat in chats)
    if people > talk.shop.staff_broadcast_max:
        merchants.require_owner(talk.staff, f"群里有 {people} 人，超过 {talk.shop.staff_broadcast_max} 人的群发")


@on.confirmed("group.send")
def send_confirmed(talk: StaffTalk, payload: dict[str, Any]) -> str:
    chats = [talk.tx.session.get_one(Chat, number) for number in payload["chats"]]
    there = [chat for chat in chats if chat.dismissed_at is None]
    if not there:
        raise Refusal("这个群已经解散了，什么都没发。")
    service.send(talk.tx, there, str(payload["text"]), key=f"chats:{talk.message.key}")
    talk.final("群发任务已经交给群主。还没点的，群主可以在企业微信里不发。")
    names = "、".join(chat.name for chat in there)
    hosts = "、".join(dict.fromkeys(service.host(talk.tx, chat) for chat in there))
    quiet = talk.shop.quiet_hours
    if quiet is not None and quiet.holds(talk.now.time()):
        return f"现在不打扰顾客，{quiet.end:%H:%M} 再请 {hosts} 发（{names}）。"
    return f"群发任务做好了（{names}）。请 {hosts} 在企业微信里点“发送”，不点就不会发。"
