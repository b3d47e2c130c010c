"""我叫小美: the one sentence customers and staff share."""

from __future__ import annotations

import re

from bot.language.normalise import Words, without_marks, without_mood

LONGEST_NAME = 20

_CALLED = re.compile(
    r"(?:你?可以)?(?:我(?:的名字)?叫做?|叫我|我的名字是|我的?名字叫|以后叫我|称呼我)"
    r"(?![你他她它别不怎什干去来了过醒]|外卖) ?:? ?(?P<name>.+)"
)
_NAMING = re.compile("[叫称]|名字")
_ENDING = re.compile(r" ?(?:就好了?|就行了?|就可以了?|吧|哦|噢|哈|呀|啦|好了|即可| ?谢谢(?:你|您)?)+$")
_NO_NAME = re.compile(
    r"[?!,。;:、\n]|[吗呢么]$|什么|怎么|[^李王张刘陈杨赵黄周吴小阿老大]了$|快递|外卖|退订|为什么|不要|别再|多少|谢谢|请问"
)


def called(line: Words) -> str:
    """The name somebody gives themselves, as typed, emoji and all; empty if the line is anything else."""
    # Asked of every line: the marks around one that names nobody need not be looked for.
    if not _NAMING.search(line.plain):
        return ""
    return _called(without_marks(line)) or _called(without_mood(line))


def _called(line: Words) -> str:
    match = _CALLED.fullmatch(line.plain)
    if match is None:
        return ""
    name = line.group(match, "name")
    ending = _ENDING.search(name.plain)
    name = (name.cut(0, ending.start()) if ending and ending.start() else name).strip(' "')
    if not name or len(name) > LONGEST_NAME or _NO_NAME.search(name.plain):
        return ""
    return name.typed
