"""Sentences about customer groups: 社群, 社群 看 老客群, 社群 默认, 社群 欢迎 …, 社群 计划 …, 社群 群发 …; 群 means the same."""

from __future__ import annotations

import re

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
from bot.language.intents import Intent
from bot.language.normalise import Words, read, without_mood
from bot.language.times import Recurrence, take_leading_time, take_recurrence
from bot.language.verbs import Said, Unclear, Verb, only_number, unquoted

_LOOK, _CODE = "社群 看 老客群", "社群 码 老客群"
_WELCOME = "社群 欢迎 老客群 欢迎您，有事在群里说一声"
_RULES = "社群 规则 老客群 不发广告，互相尊重"
_PLAN = "社群 计划 老客群 周三 20:00 分享会 今晚聊秋冬穿搭"
_CANCEL = "社群 计划 取消 2"
_SEND = "社群 群发 老客群 明天到新款，想看图的回 1"
_DEFAULT = "社群 默认 老客服务群 = 老客群"
TEXT_LIMIT, NAME_WORDS = 1200, 4  # characters; words a group's name may have before a time

_SUB = re.compile(
    r"(?P<word>列表|有哪些|看看|默认群|默认|入群码|二维码|群码|入群欢迎语|入群欢迎|欢迎语|欢迎词|欢迎|"
    r"群规则|规则|群规|内容日历|日历|计划|安排|取消计划|删除计划|群发|发送|[看查码发](?=[ :]|$))[ :]*"
)
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)[一二三四五六日天末]")
_CANCELLED = re.compile(r"(?:取消|删除|删掉|不要)[ :]*(?=\d|第|[一二三四五六七八九十])")
_SENDS = re.compile(r"(?:^|(?<= ))(?:自动)?群发(?:[ :]+|$)")
_SERVES = re.compile(r"(?P<purpose>[^ =:]+?) ?(?:=|:|用|就?是| ) ?(?P<group>[^ =].*)")


def _groups(said: Said) -> Intent:
    if not without_mood(said.words):
        return GroupList()
    sub = _SUB.match(said.words.plain)
    if sub is None:
        return GroupShow(_name(said.words, _LOOK))
    rest = said.words.cut(sub.end())
    match sub["word"]:
        case "列表" | "有哪些":
            return GroupList()
        case "看看" | "看" | "查":
            return GroupShow(_name(rest, _LOOK)) if without_mood(rest) else GroupList()
        case "默认群" | "默认":
            return _defaults(rest)
        case "入群码" | "二维码" | "群码" | "码":
            return GroupCode(_name(rest, _CODE))
        case "入群欢迎语" | "入群欢迎" | "欢迎语" | "欢迎词" | "欢迎":
            return GroupWelcome(_text(rest, _WELCOME))
        case "群规则" | "规则" | "群规":
            return GroupRules(_text(rest, _RULES))
        case "内容日历" | "日历":
            return GroupCalendar(unquoted(without_mood(rest)))
        case "计划" | "安排":
            return _plan(Said(rest, said.now))
        case "取消计划" | "删除计划":
            return GroupPlanCancel(only_number(rest, _CANCEL))
    return _send(rest)


def _name(words: Words, example: str) -> str:
    name = unquoted(without_mood(words))
    if not name:
        raise Unclear(f"没说是哪个群，例如：{example}", example, "社群")
    return name


def _text(words: Words, example: str) -> str:
    if len(words.typed) > TEXT_LIMIT:
        raise Unclear(f"最多 {TEXT_LIMIT} 个字，现在 {len(words.typed)} 个，例如：{example}", example)
    return words.typed


def _defaults(words: Words) -> Intent:
    bare = without_mood(words)
    if not bare:
        return GroupDefaults()
    match = _SERVES.fullmatch(bare.plain)
    if match is None:
        raise Unclear(f"哪个群做哪一类的默认群？例如：{_DEFAULT}", _DEFAULT, "社群 默认")
    return GroupDefaults(unquoted(bare.group(match, "purpose")), unquoted(bare.group(match, "group")))


def _plan(said: Said) -> Intent:
    bare = without_mood(said.words)
    if not bare or bare.plain == "列表":
        return GroupCalendar()
    if cancelled := _CANCELLED.match(bare.plain):
        return GroupPlanCancel(only_number(bare.cut(cancelled.end()), _CANCEL))
    gaps = [0, *(gap.end() for gap in re.finditer("[ \n]", said.words.plain))]
    for at in gaps[: NAME_WORDS + 1]:
        group, piece = said.words.cut(0, at), said.words.cut(at)
        every, rest = _every(piece)
        if every is not None:
            text, sends = _sends(rest)
            return GroupPlan(_group(group), _needed(text), every=every, sends=sends)
        if leading := take_leading_time(piece, said.now):
            text, sends = _sends(leading[1])
            return GroupPlan(_group(group), _needed(text), at=leading[0], sends=sends)
    raise Unclear(f"没说什么时候，例如：{_PLAN}", _PLAN, "社群 日历")


def _group(words: Words) -> str:
    return unquoted(words.strip(" ,:"))


def _every(piece: Words) -> tuple[Recurrence | None, Words]:
    """A time that comes again and again where a piece begins with one: in a calendar 周三 is every Wednesday."""
    said = read(f"每{piece.typed}") if _WEEKDAY.match(piece.plain) else piece
    every, pieces = take_recurrence(said)
    if every is None or (pieces and pieces[0].start == said.start):
        return None, piece
    return every, pieces[0].strip(" ,:\n") if pieces else said.cut(len(said))


def _sends(words: Words) -> tuple[Words, bool]:
    match = _SENDS.match(words.plain)
    return (words.cut(match.end()), True) if match else (words, False)


def _needed(words: Words) -> str:
    if not words:
        raise Unclear(f"没说发什么，例如：{_PLAN}", _PLAN)
    return _text(words, _PLAN)


def _send(words: Words) -> Intent:
    if re.search(r"[ \n:,]", words.plain) is None:
        raise Unclear(f"群发到哪个群、发什么？例如：{_SEND}", _SEND)
    return GroupSend(_text(words, _SEND))


_FORMS = ("社群", _LOOK, "社群 默认", _WELCOME, _PLAN, _SEND)

VERBS = (
    Verb(("社群",), _groups, _FORMS, takes_text=True),
    # 群 is also how 群主 begins, 客户群 how 客户群里说 does: they need their space.
    Verb(("群", "客户群"), _groups, _FORMS, gluable=False, takes_text=True),
    Verb(("群列表", "社群列表", "有哪些群"), lambda _said: GroupList(), ("社群",), gluable=False),
    Verb(("群规则", "群规"), lambda said: GroupRules(_text(said.words, _RULES)), (_RULES,), takes_text=True),
    Verb(("群计划",), _plan, (_PLAN, _CANCEL), takes_text=True),
    Verb(("群日历", "社群日历"), lambda said: GroupCalendar(unquoted(without_mood(said.words))), ("社群 日历",)),
    Verb(
        ("群欢迎语", "入群欢迎语"), lambda said: GroupWelcome(_text(said.words, _WELCOME)), (_WELCOME,), takes_text=True
    ),
)
