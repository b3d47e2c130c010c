"""Sentences about playbooks: 打法, 打法 看 Y&O, 打法 改 Y&O, 打法 试, 开, 关, 谁, 进, 停, 恢复."""

from __future__ import annotations

import re
from datetime import datetime

from bot.language.intents import Help, Intent
from bot.language.normalise import Words, without_mood
from bot.language.play_intents import (
    PlayEdit,
    PlayEnter,
    PlayList,
    PlayReset,
    PlayShow,
    PlayStop,
    PlaySwitch,
    PlayTry,
    PlayWho,
)
from bot.language.playbook_names import CLASSES, book_name
from bot.language.verbs import Said, Unclear, Verb, take_people
from bot.language.whom import whoms

_SHOW, _EDIT, _TRY = "打法 看 Y&O", "打法 改 Y&O", "打法 试 Y&O"
_ON, _OFF, _ALL_ON = "打法 开 Y&O", "打法 关 Y&O", "打法 全开"
_WHO, _STOP, _IN, _BACK = "打法 谁", "打法 停 小美", "打法 进 Y&O", "打法 恢复 Y&O"

_ALL = ("全部", "所有", "所有的", "全部的", "全", "都", "一起", "所有打法", "全部打法")
_LIST = ("", "列表", "有哪些", "名单", "看", "看看", "查看", "所有", "全部", "都有哪些")
_SUBS = {
    **dict.fromkeys(("看看", "看一下", "查看", "看", "查", "显示"), "show"),
    **dict.fromkeys(("修改", "改一下", "改成", "改", "编辑", "写", "新建", "新增", "添加", "加"), "edit"),
    **dict.fromkeys(("试一下", "试试看", "试试", "试跑", "试", "预演", "演练", "模拟"), "try"),
    **dict.fromkeys(("全部打开", "全部开启", "全开", "都打开", "都开"), "all on"),
    **dict.fromkeys(("全部关掉", "全部关闭", "全关", "都关掉", "都关"), "all off"),
    **dict.fromkeys(("打开", "开启", "启用", "开"), "on"),
    **dict.fromkeys(("关闭", "关掉", "停用", "关"), "off"),
    **dict.fromkeys(("谁在走", "谁在里面", "谁在", "有谁", "谁", "进度", "哪些人", "走到哪"), "who"),
    **dict.fromkeys(("现有的也走", "现有", "进入", "放进", "进", "加入"), "enter"),
    **dict.fromkeys(("停止", "停掉", "停下", "停", "不走", "退出"), "stop"),
    **dict.fromkeys(("恢复", "还原", "删除", "删掉", "删"), "reset"),
}
_SUB = re.compile(rf"(?P<sub>{'|'.join(sorted(_SUBS, key=len, reverse=True))})(?P<rest>.*)", re.DOTALL)
_COPIED = re.compile(
    r"(?P<name>[^ \n(:]{1,12})(?: ?存好了:?| ?用回原来的了:?| ?\([^\n]*\))?[ :]*\n(?P<text>.+)", re.DOTALL
)
# 停 and 关 of a class switch it off, of a customer they take the customer out.
_FIRST = re.compile(
    r"(?P<name>[^ \n:]+?)(?: |的打法|的)?[ :]*(?P<sub>看看|看|改|试试|试|打开|开启|开|关掉|关闭|关|谁|恢复)[。!?]?"
)


def _play(said: Said) -> Intent:
    words = said.words
    plain = without_mood(words).plain
    if plain in _LIST:
        return PlayList()
    if plain in ("怎么用", "怎么写", "怎么改", "是什么", "说明", "帮助", "什么意思"):
        return Help("打法")
    match = _SUB.fullmatch(words.plain)
    if match is None:
        return _by_name(words, said.now)
    rest = words.group(match, "rest").strip(" :,")
    return _carry_out(_SUBS[match["sub"]], rest, said.now)


def _by_name(words: Words, now: datetime) -> Intent:
    """``打法 Y&O``, ``打法 Y&O 开``; with a text below it, as it was copied and changed. Raises ``Unclear``."""
    bare = without_mood(words)
    if copied := _COPIED.fullmatch(words.plain):
        return PlayEdit(book_name(words.group(copied, "name").typed), words.group(copied, "text").typed)
    if match := _FIRST.fullmatch(bare.plain):
        return _carry_out(_SUBS[match["sub"]], bare.group(match, "name"), now)
    if "\n" not in bare.plain and " " not in bare.plain and len(bare) <= 12:
        return PlayShow(book_name(bare.typed))
    raise Unclear(f"打法要做什么？例如：{_SHOW}、{_EDIT}、{_TRY}、{_ON}", _SHOW, _EDIT, _ON)


def _carry_out(sub: str, rest: Words, now: datetime) -> Intent:
    name = book_name(without_mood(rest).typed)
    match sub:
        case "show":
            return PlayShow(name) if name else PlayList()
        case "edit":
            return _edit(rest)
        case "try":
            return PlayTry(_named(name, _TRY))
        case "on" | "off":
            return PlaySwitch(
                sub == "on", "" if without_mood(rest).plain in _ALL else _named(name, _ON if sub == "on" else _OFF)
            )
        case "all on" | "all off":
            if name and without_mood(rest).plain not in (*_ALL, "打法", "了", "吧"):
                raise Unclear(f"“{rest.typed[:20]}”没看懂，例如：{_ALL_ON}", _ALL_ON)
            return PlaySwitch(sub == "all on")
        case "who":
            return PlayWho(name)
        case "enter":
            return _enter(rest)
        case "reset":
            return PlayReset(_named(name, _BACK))
    return _stop(rest, now)


def _named(name: str, example: str) -> str:
    if not name:
        raise Unclear(f"哪个打法？有 {'、'.join(CLASSES)}，例如：{example}", example)
    return name


def _edit(rest: Words) -> Intent:
    """The name ends the first line, or at the colon; what follows is the text."""
    stop = re.search(r"[\n:]| (?=\d+[.、] |当天|马上|进[入:]|目标)", rest.plain)
    end = stop.start() if stop else len(rest)
    head, text = rest.cut(0, end), rest.cut(end).strip(" \n:")
    name = book_name(without_mood(head).typed)
    if not name or len(name) > 20:
        raise Unclear(f"改哪个打法？例如：{_EDIT}", _EDIT)
    return PlayEdit(name, text.typed)


def _enter(rest: Words) -> Intent:
    parts = rest.split("[ ]+")
    if not parts:
        raise Unclear(f"放进哪个打法？例如：{_IN}（现有的都走），{_IN} 小美", _IN)
    name = book_name(parts[0].typed)
    people = rest.cut(len(parts[0])).strip(" ,:")
    if people.plain in _ALL or not people:
        return PlayEnter(name)
    return PlayEnter(name, tuple(whoms(people)))


def _stop(rest: Words, now: datetime) -> Intent:
    name = book_name(without_mood(rest).typed)
    if name in CLASSES or without_mood(rest).plain in _ALL:
        return PlaySwitch(False, name if name in CLASSES else "")
    if not rest:
        raise Unclear(f"停哪位的？例如：{_STOP}；整个关掉：{_OFF}", _STOP, _OFF)
    people, more = take_people(Said(rest, now), _STOP)
    if more:
        raise Unclear(f"“{more.typed[:20]}”没看懂，例如：{_STOP}", _STOP)
    return PlayStop(people)


def _after(sub: str, said: Said) -> Intent:
    """``改打法 Y&O``: the verb stands before the word. ``看 Y&O 的打法`` is read by ``of_play``."""
    return _carry_out(sub, said.words.strip(" :,"), said.now)


def _verb(sub: str, words: tuple[str, ...], form: str) -> Verb:
    return Verb(words, lambda said: _after(sub, said), (form,), gluable=sub != "stop", takes_text=sub == "edit")


_WHAT = "看看|看|查看|改|试试|试|打开|开启|开|关掉|关闭|关|恢复"
_BEHIND = re.compile(rf"(?:把|将)?(?P<name>[^ ]{{1,12}}?) ?的?打法 ?(?:给我)?(?P<sub>{_WHAT})?(?:了|一下|吧)?")
_BEFORE = re.compile(rf"(?P<sub>{_WHAT}) ?(?:一下)?(?P<name>[^ ]{{1,12}}?) ?的?打法(?:吧)?")
_ASKS_HELP = ("帮助", "help", "说明", "怎么用", "怎么写", "命令")
_STOPPED = re.compile(r"(?:把|将|给)?(?P<whom>[^ ]{1,12}?) ?的?打法 ?(?:停了|停掉|先停|停|不走了)")


def of_play(line: Words, now: datetime) -> Intent | None:
    """``看看Y&O的打法``, ``把VIP打法关了``, ``Y&O 打法``, ``小美 打法 停``; or None. Raises ``Unclear``."""
    if "打法" not in line.plain or line.plain.startswith("打法"):
        return None
    bare = without_mood(line)
    if match := _STOPPED.fullmatch(bare.plain):
        return _stop(bare.group(match, "whom"), now)
    match = _BEFORE.fullmatch(bare.plain) or _BEHIND.fullmatch(bare.plain)
    if match and match["name"].lower() not in _ASKS_HELP:
        return _carry_out(_SUBS[match["sub"] or "看"], bare.group(match, "name"), now)
    return None


_VERBS = {
    "show": (("看打法", "看看打法", "查看打法"), _SHOW),
    "edit": (("改打法", "修改打法", "写打法", "新建打法", "编辑打法"), _EDIT),
    "try": (("试打法", "试试打法", "试一下打法", "试跑打法"), _TRY),
    "on": (("开打法", "打开打法", "开启打法", "启用打法"), _ON),
    "off": (("关打法", "关掉打法", "关闭打法", "停用打法"), _OFF),
    "who": (("谁在打法里", "谁在走打法", "打法里有谁", "谁在打法"), _WHO),
    "stop": (("停打法", "停止打法"), _STOP),
    "reset": (("恢复打法", "还原打法", "删除打法"), _BACK),
}

VERBS = (
    Verb(
        ("打法", "打发法", "剧本", "有哪些打法", "打法有哪些", "所有打法", "全部打法"),
        _play,
        (_SHOW, _EDIT, _TRY, _ON, _WHO),
        takes_text=True,
    ),
    *(_verb(sub, words, form) for sub, (words, form) in _VERBS.items()),
)
