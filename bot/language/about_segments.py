"""Sentences about segments: 人群, 人群 保存, and 为什么 somebody is in none or got nothing."""

from __future__ import annotations

import re

from bot.language.intents import Intent
from bot.language.normalise import Words, read, tag_name, without_mood
from bot.language.segment_intents import (
    Segment,
    SegmentDelete,
    SegmentList,
    SegmentRename,
    SegmentSave,
    WhyBroadcast,
    WhySegment,
)
from bot.language.segments import Name, SegmentError, parse_words
from bot.language.verbs import Said, Unclear, Verb, expect_end, one_person, unquoted

_SAVE = "人群 保存 老客未复购 = M 且 未消费60天"
_DELETE = "人群 删除 老客未复购"
_RENAME = "人群 改名 老客未复购 到 久未来"
_WHY_SEGMENT, _WHY_BROADCAST = "为什么 小美 不在 老客", "为什么 小美 没收到 12"

_SUB = re.compile(r"(?P<word>保存|存为|列表|有哪些|删除|删掉|改名|重命名)[ :]*")
_EQUALS = re.compile(r" ?(?:==?|:|是|为) ?")
_TO = re.compile(r" ?(?:->|→|=>|=) ?| (?:到|为|成|叫) ?| ")
_WHY = "为什么|为啥|为何|怎么"
# 在 is in many names, so that alone it needs its spaces.
_NOT_IN = r"(?:会|也|都|就|又)?(?:不在|没在|没有在|不属于|没进|没有进|不算|没算)"
_IN = r" (?:会|也|都|就|又)?(?:在|属于|进了?|算) ?"
_SEGMENT = re.compile(rf"(?P<whom>.+?)(?: ?{_NOT_IN} ?|{_IN})(?:人群 ?)?(?P<segment>\S.*)")
_BROADCAST = re.compile(
    r"(?P<whom>.+?) ?(?:会|也|都|就|又|还)?(?:没有?|未|不)(?:收到|收|发到|发给|发)(?:给?(?:他|她|TA|ta))?"
    r"了? ?(?:群发)? ?(?:#|第)? ?(?P<number>\d{1,9})?号?[呢呀啊吗]?",
    re.ASCII,
)
_ABOUT_WHOM = re.compile(
    rf"(?P<whom>[^ \n]{{1,20}}) ?(?:{_WHY}) ?"
    rf"(?P<rest>{_NOT_IN}.*|(?:会|也|还)?(?:没有?|未)(?:收到|发到).*|(?:会|也|就)?在 .*)"
)
_TAIL = re.compile(r" ?(?:里面?|里头|之中|之内|这个人群)?(?: ?[呢呀啊吗])?$")


def _segment(said: Said) -> Intent:
    words = said.words
    if not words:
        return SegmentList()
    sub = _SUB.match(words.plain)
    if sub and sub["word"] in ("列表", "有哪些"):
        expect_end(words.cut(sub.end()), "人群 列表")
        return SegmentList()
    if sub and sub["word"] in ("删除", "删掉"):
        return _delete(Said(words.cut(sub.end()), said.now))
    if sub and sub["word"] in ("改名", "重命名"):
        return _rename(Said(words.cut(sub.end()), said.now))
    if sub:
        return _save(Said(words.cut(sub.end()), said.now))
    words = words.cut(0, len(words.plain.rstrip(" !?。~")))
    parse_words(words)
    return Segment(words.typed)


def _save(said: Said) -> Intent:
    equals = _EQUALS.search(said.words.plain)
    if equals is None or not equals.start():
        raise Unclear(f"要写名字和条件，例如：{_SAVE}", _SAVE)
    name, expression = said.words.cut(0, equals.start()), said.words.cut(equals.end())
    plain_name = _plain_name(name)
    parse_words(expression)
    return SegmentSave(plain_name, expression.typed)


def _plain_name(name: Words) -> str:
    """A name that can stand in an expression without being taken for something else. Raises ``Unclear``."""
    problem = f"“{name.typed[:20]}”不能做人群的名字（里面有条件用的字），换一个，例如：{_SAVE}"
    try:
        tree = parse_words(name)
    except SegmentError:
        raise Unclear(problem, _SAVE) from None
    if not isinstance(tree, Name):
        raise Unclear(problem, _SAVE)
    return unquoted(name)


def _delete(said: Said) -> Intent:
    name = without_mood(said.words)
    if not name:
        raise Unclear(f"没说删哪个人群，例如：{_DELETE}；存过的看“人群 列表”", _DELETE, "人群 列表")
    return SegmentDelete(tag_name(unquoted(name)))


def _rename(said: Said) -> Intent:
    match = _TO.search(said.words.plain)
    if match is None or not match.start() or match.end() == len(said.words):
        raise Unclear(f"要说旧名字和新名字，例如：{_RENAME}", _RENAME)
    old, new = said.words.cut(0, match.start()), said.words.cut(match.end())
    return SegmentRename(tag_name(unquoted(old)), _plain_name(new))


def _why(said: Said) -> Intent:
    return _asked(said.words)


def why(line: Words) -> Intent | None:
    """``小美 为什么不在 老客``, ``小美怎么没收到 12``: the customer comes first. Raises ``Unclear``."""
    match = _ABOUT_WHOM.fullmatch(line.plain)
    if match is None:
        return None
    return _asked(read(f"{line.group(match, 'whom').typed} {line.group(match, 'rest').typed}"))


def _asked(words: Words) -> Intent:
    asked = words.cut(0, len(words.plain.rstrip(" !?。~")))
    if match := _BROADCAST.fullmatch(asked.plain):
        number = int(match["number"]) if match["number"] else None
        return WhyBroadcast(one_person(asked.group(match, "whom"), _WHY_BROADCAST), number)
    if match := _SEGMENT.fullmatch(asked.plain):
        segment = asked.group(match, "segment")
        tail = _TAIL.search(segment.plain)
        segment = segment.cut(0, tail.start()) if tail and tail.start() else segment
        parse_words(segment)
        return WhySegment(one_person(asked.group(match, "whom"), _WHY_SEGMENT), segment.typed)
    raise Unclear(
        f"要说谁、不在哪个人群，或者没收到哪个群发，例如：{_WHY_SEGMENT}、{_WHY_BROADCAST}",
        _WHY_SEGMENT,
        _WHY_BROADCAST,
    )


VERBS = (
    Verb(("人群", "分组", "客群"), _segment, ("人群 O", _SAVE, "人群 列表", _DELETE, _RENAME)),
    Verb(("保存人群", "保存 人群", "人群保存"), _save, (_SAVE,)),
    Verb(("删除人群", "删除 人群"), _delete, (_DELETE,)),
    Verb(("为什么", "为啥", "为何"), _why, (_WHY_SEGMENT, _WHY_BROADCAST)),
)
