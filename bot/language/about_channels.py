"""Sentences about channels: 渠道, 渠道 新建 门店海报 欢迎语 … 标签 … 店员 …, 渠道 看/改/停/删除."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.language.channel_intents import (
    ChannelChange,
    ChannelDelete,
    ChannelList,
    ChannelNew,
    ChannelShow,
    ChannelSwitch,
    Shift,
)
from bot.language.intents import Intent
from bot.language.normalise import Words, tag_name, without_mood
from bot.language.times import read_hour
from bot.language.verbs import Said, Unclear, Verb, read_count, unquoted

_NEW = "渠道 新建 门店海报 欢迎语 您好，在店里看中了哪件？ 标签 门店"
_STAFFED = "渠道 新建 门店海报 店员 小丽、阿强 上限 50 备用 王姐"
_HOURS = "渠道 改 门店海报 时间 9:00-21:00 小丽；21:00-9:00 阿强"
_LOOK, _CHANGE, _DELETE = "渠道 看 门店海报", "渠道 改 门店海报 上限 50", "渠道 删除 门店海报"
NAME_LIMIT, MOST_MEMBERS, MOST_SHIFTS, MOST_A_DAY = 20, 100, 8, 10_000

_SLOTS = {
    **dict.fromkeys(("欢迎语", "欢迎词", "欢迎"), "welcome"),
    **dict.fromkeys(("贴标签", "打标签", "标签"), "tags"),
    **dict.fromkeys(("账号", "帐号"), "account"),
    **dict.fromkeys(("店员", "员工", "成员", "接待"), "members"),
    **dict.fromkeys(("每人每天上限", "每天上限", "每人上限", "上限"), "cap"),
    **dict.fromkeys(("备用店员", "备用", "替补", "后备"), "spare"),
    **dict.fromkeys(("时间", "时段", "班次", "排班"), "shifts"),
}
_SLOT = re.compile(
    rf"(?:^|(?<=[ \n,;]))(?P<slot>{'|'.join(sorted(_SLOTS, key=len, reverse=True))})(?P<gap> ?[:=] ?|(?:改?成|是|为) ?|[ \n]|)"
)
# Words no welcome says like this: they begin a slot of their own inside one, even glued to what follows.
_NEVER_SAID = ("tags", "cap", "account")
# One character needs its space: 开业海报 and 建材市场 are names.
_SUB = re.compile(
    r"(?P<word>新建|新增|添加|创建|看看|修改|更改|设置|停用|停掉|关掉|关闭|启用|恢复|打开|开启|删除|删掉|"
    r"[建看查改停关开删](?=[ :]|$))(?:一个)?[ :]*"
)
_NOBODY = ("无", "没有", "不要", "取消", "清空", "去掉", "不限")
_CAP = re.compile(
    r"(?:每人|每天)* ?(?P<count>\d{1,6}|[一二三四五六七八九十百两]{1,5}) ?(?:位|人|个)?(?:/?天)?", re.ASCII
)
_HOUR = r"(?:凌晨|早上|上午|中午|下午|傍晚|晚上|早|晚)?\d{1,2}(?::\d\d|[点时]半?)?"
_SHIFT = re.compile(rf"(?P<begins>{_HOUR}) ?(?:-|~|—|到|至) ?(?P<ends>{_HOUR}) ?:? ?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    word: str
    value: Words


def _channel(said: Said) -> Intent:
    words = without_mood(said.words)
    if not words or words.plain in ("列表", "有哪些", "统计", "数据", "效果", "看看"):
        return ChannelList()
    sub = _SUB.match(said.words.plain)
    if sub is None:
        if re.match("[=:]", words.plain):
            raise Unclear(f"看哪个渠道？例如：{_LOOK}；按渠道找人：人群 渠道=门店海报", _LOOK, "渠道")
        return ChannelShow(_name(words))
    rest = said.words.cut(sub.end())
    match sub["word"]:
        case "新建" | "新增" | "添加" | "创建" | "建":
            return _new(rest)
        case "看看" | "看" | "查":
            return ChannelShow(_name(without_mood(rest)))
        case "修改" | "更改" | "设置" | "改":
            return _change(rest)
        case "停用" | "停掉" | "停" | "关掉" | "关闭" | "关":
            return ChannelSwitch(_name(without_mood(rest)), on=False)
        case "启用" | "恢复" | "打开" | "开启" | "开":
            return ChannelSwitch(_name(without_mood(rest)), on=True)
    return ChannelDelete(_name(without_mood(rest)))


def _name(words: Words, example: str = _LOOK) -> str:
    name = tag_name(words.strip(' "\n,;').typed)
    if not name:
        raise Unclear(f"没说是哪个渠道，例如：{example}", example)
    if len(name) > NAME_LIMIT:
        raise Unclear(f"渠道名最多 {NAME_LIMIT} 个字，例如：{example}", example)
    return name


def _new(words: Words) -> Intent:
    name, slots = _slots(words, _NEW)
    new = ChannelNew(_name(name, _NEW))
    for slot in slots:
        if slot.name == "account":
            new = replace(new, account=slot.value.split()[0].typed)
        else:
            new = replace(new, **{slot.name: _value(slot)})
    return new


def _change(words: Words) -> Intent:
    name, slots = _slots(words, _CHANGE)
    change = ChannelChange(_name(name, _CHANGE))
    for slot in slots:
        if slot.name == "account":
            raise Unclear("账号不能改，换账号请新建一个渠道，旧的：渠道 删除 名字", _NEW, _DELETE)
        change = replace(change, **{slot.name: _value(slot)})
    if not slots:
        raise Unclear(f"改什么？例如：{_CHANGE}", _CHANGE, _HOURS)
    return change


def _slots(words: Words, example: str) -> tuple[Words, list[_Slot]]:
    """The channel's name and what is said about it. Raises ``Unclear``."""
    marks = list(_marks(words.plain))
    name = words.cut(0, marks[0].start()) if marks else words
    slots: list[_Slot] = []
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(words)], strict=bool(marks)):
        value = words.cut(mark.end(), end)
        slot = _SLOTS[mark["slot"]]
        value = value.strip(' "\n') if slot == "welcome" else value.strip(" \n,;")
        if not value:
            raise Unclear(f"“{mark['slot']}”后面还没写，例如：{example}", example)
        slots.append(_Slot(slot, mark["slot"], value))
    return name, slots


def _marks(plain: str) -> Iterator[re.Match[str]]:
    """Where slots begin, each once: what stands twice, or glued inside a welcome, is the welcome's own words."""
    seen: set[str] = set()
    inside = ""
    for match in _SLOT.finditer(plain):
        slot = _SLOTS[match["slot"]]
        before = plain[match.start() - 1 : match.start()]
        is_apart = match["gap"] != "" or match.end() == len(plain)
        if inside == "welcome":
            if (
                slot == "welcome"
                or (not is_apart and slot not in _NEVER_SAID)
                or (before in (",", ";") and not is_apart)
            ):
                continue
        elif not is_apart and (before in (",", ";") or match["slot"] == "欢迎"):
            continue
        if slot in seen:
            if inside == "welcome":
                continue
            raise Unclear(f"“{match['slot']}”说了两次，例如：{_STAFFED}", _STAFFED)
        seen.add(slot)
        inside = slot
        yield match


def _value(slot: _Slot) -> Any:
    none = slot.value.plain in _NOBODY
    match slot.name:
        case "welcome":
            return "" if none else unquoted(slot.value)
        case "tags":
            return () if none else _tags(slot.value)
        case "cap":
            return 0 if none else _cap(slot.value)
        case "shifts":
            return () if none else _shifts(slot.value)
    return () if none else _people(slot.value)


def _tags(words: Words) -> tuple[str, ...]:
    names = [tag_name(piece.strip(' "+').typed) for piece in words.split(r"[ \n,、;+]+")]
    return tuple(dict.fromkeys(name for name in names if name))


def _people(words: Words) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(unquoted(piece) for piece in words.split(r"[ \n,、;]+|和(?=[^ ])")))
    if len(names) > MOST_MEMBERS:
        raise Unclear(f"一个码最多 {MOST_MEMBERS} 位店员，例如：{_STAFFED}", _STAFFED)
    return names


def _cap(words: Words) -> int:
    match = _CAP.fullmatch(words.plain)
    count = read_count(match["count"]) if match else None
    if not count or count > MOST_A_DAY:
        raise Unclear(f"上限是每位店员一天最多加几位，例如：{_CHANGE}；不限：渠道 改 门店海报 上限 不限", _CHANGE)
    return count


def _shifts(words: Words) -> tuple[Shift, ...]:
    marks = list(_SHIFT.finditer(words.plain))
    if not marks or words.plain[: marks[0].start()].strip(" ,;"):
        raise Unclear(f"时间“{words.typed[:20]}”没看懂，例如：{_HOURS}", _HOURS)
    shifts = []
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(words)], strict=True):
        begins, ends = (_hour(mark[side], words) for side in ("begins", "ends"))
        people = _people(words.cut(mark.end(), end).strip(" ,;\n"))
        if not people or begins == ends:
            raise Unclear(f"每段时间后面写由谁接，例如：{_HOURS}", _HOURS)
        shifts.append(Shift(begins, ends, people))
    if len(shifts) > MOST_SHIFTS:
        raise Unclear(f"最多 {MOST_SHIFTS} 段时间，例如：{_HOURS}", _HOURS)
    if crossing := _crossing(shifts):
        raise Unclear(f"“{crossing}”和别的时间重在一起了，什么都没有改。例如：{_HOURS}", _HOURS)
    return tuple(shifts)


def _hour(said: str, words: Words) -> str:
    """``21``, ``21:00``, ``晚上9点`` and ``24:00`` as ``HH:MM``. Raises ``Unclear``."""
    said = f"{said}:00" if said.isdigit() else said
    if said in ("24:00", "24点"):
        return "00:00"
    # 1:00 here is an hour of a timetable, not the afternoon's.
    found = read_hour(said.zfill(5) if said[:1].isdigit() and ":" in said else said)
    if found is None:
        raise Unclear(f"时间“{words.typed[:20]}”没看懂，例如：{_HOURS}", _HOURS)
    return f"{found:%H:%M}"


def _crossing(shifts: list[Shift]) -> str:
    """The first shift that overlaps an earlier one, as ``9:00-21:00``; empty where none does."""
    taken: set[int] = set()
    for shift in shifts:
        first, last = (int(at[:2]) * 60 + int(at[3:]) for at in (shift.begins, shift.ends))
        minutes = set(range(first, last) if first < last else [*range(first, 24 * 60), *range(last)])
        if taken & minutes:
            return f"{shift.begins}-{shift.ends}"
        taken |= minutes
    return ""


VERBS = (
    Verb(
        ("渠道", "渠道码", "活码", "渠道活码"),
        _channel,
        (_NEW, "渠道", _LOOK, _STAFFED, _HOURS, _DELETE),
        takes_text=True,
    ),
    Verb(
        ("新建渠道", "新建渠道码", "新建活码", "建渠道", "加渠道", "添加渠道", "创建渠道"),
        lambda said: _new(said.words),
        (_NEW,),
        takes_text=True,
    ),
    Verb(("改渠道", "修改渠道"), lambda said: _change(said.words), (_CHANGE,), takes_text=True),
    Verb(("删除渠道", "删渠道"), lambda said: ChannelDelete(_name(without_mood(said.words))), (_DELETE,)),
    Verb(
        ("停用渠道", "停渠道"),
        lambda said: ChannelSwitch(_name(without_mood(said.words)), on=False),
        ("渠道 停 门店海报",),
    ),
)
