"""Sentences about scripts and broadcasts: 话术, 群发, 进度, 暂停, 确认."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from bot.language.campaign_intents import (
    Broadcast,
    BroadcastList,
    BroadcastStep,
    Checked,
    Correct,
    Resend,
    ScriptBoard,
    ScriptEdit,
    ScriptList,
    ScriptNew,
    ScriptShow,
    ScriptTry,
)
from bot.language.intents import Intent
from bot.language.money import looks_like_money
from bot.language.normalise import Words, read, without_farewell, without_mood
from bot.language.segments import SegmentError, parse_words
from bot.language.times import take_leading_time, take_recurrence, take_time
from bot.language.verbs import Said, Unclear, Verb, expect_end, one_person, read_count, take_number, unquoted
from bot.language.whom import whoms

MOST_SCRIPTS = 3
MOST_HELD_OUT = 50  # percent; more would not be a broadcast any more

# At human pace; in smaller batches a mass call would often have one person only.
LEAST_PER_HOUR, MOST_PER_HOUR = 10, 100_000
MOST_DAYS = 14

_SEND = "群发 老客 用 到店礼A 明天10点 对照10%"
_EVERY, _PACED, _OVER_DAYS = "群发 M 用 上新 每周三 10:00", "群发 M 用 到店礼A 每小时50位", "群发 M 用 到店礼A 分3天"
_BY_THEN = "群发 O 用 到店礼A 明天10点 实时"
_CHECK = "核对 12 小美 收到了"
_OTHER_SCRIPT = re.compile(r"(?:群发)? ?#?(?P<number>\d{1,9}) ?用 ?(?P<script>[^ ].*)", re.ASCII)
_CORRECT, _RESEND, _FOLLOW = "更正 12 用 道歉信", "重发 12", "追发 12 用 到店礼B"
_NEW, _TRY = "话术 新建 到店礼", "话术 试 到店礼 小美"

_LIST = r"列表|名单|有哪些|记录|历史|了吗|了没"
_STEP_ALONE = re.compile(r"(?P<word>暂停|停止|继续|进度|结果|效果|发完)(?:一下|怎么样|如何|了吗?|了?没有?)?")
_STEP_AFTER = re.compile(
    r"(?:#|第)?(?P<number>\d{1,9})[号条]?的? ?(?P<word>进度|暂停|继续|取消|结果|效果|回复)(?:了|吧|一下)?", re.ASCII
)
_SCRIPT_SUB = re.compile(
    r"(?P<word>新建|新增|添加|创建|修改|编辑|更新|图片|链接|菜单|预览|测试|试试|试发|查看|列表|看|改|试)(?P<gap>[ :\n]*)"
)
_BOARD = re.compile(r"(?:排行|排名|效果)?榜单?|排行|排名|效果|哪个(?:最)?好|哪个(?:最)?有用")
_CARDS = {"图片": "image", "链接": "news", "菜单": "menu"}
_HOLD_OUT = re.compile(r"[ ,]?对照组?(?: ?[:=])? ?(?P<percent>\d{1,3}) ?[%％]?", re.ASCII)
_PLAIN = re.compile(r"(?:^|[ ,])(?:人人一样|大家一样|都一样|不带称呼|去掉称呼|不要称呼)(?=[ ,]|$)")
_SPARES = re.compile(r"(?:^|[ ,])(?:避开疲劳|避开累的|放过疲劳|疲劳的?不发|不发疲劳)(?:的|顾客)?(?=[ ,]|$)")
_LIVE = re.compile(
    r"(?:^|[ ,])(?:实时名单|实时|名单(?:到点|到时候?|当时)再?算|(?:到点|到时候?)再?算(?:名单)?)(?:的)?(?=[ ,]|$)"
)
_PACE = re.compile(
    r"[ ,]?(?:每个?小时(?:最多|发)? ?(?P<people>\d{1,6}|[一二三四五六七八九十百千两]{1,5}) ?[位人个条]"
    r"|(?:分成?) ?(?P<days>\d{1,3}|[一二三四五六七八九十两]{1,3}) ?天(?:发完?)?)(?= |,|$)",
    re.ASCII,
)
_USING = (re.compile(r" 用 "), re.compile(r" 用|用 "), re.compile(r"用"))
_SCRIPTS = r" ?[/、,] ?"
_STEP_FIRST = re.compile(r"(?P<word>进度|暂停|继续|取消|结果)(?= ?\d{1,9}$)", re.ASCII)
_TURNED = re.compile(r"用 ?(?P<rest>[^ ]+) 给 ?(?P<segment>.+)")
_BROADCAST_LATER = (
    re.compile(
        r"给(?P<segment>所有(?:人|顾客|客户)|全部(?:顾客|客户)|全体|VIP)都?发(?![红货券消信微]) ?(?P<rest>[^ \n].*)"
    ),
    re.compile(r"把 ?(?P<rest>[^ \n]+?) ?(?:群发给?|发给) ?(?P<segment>[^ \n].*)"),
    re.compile(r"给 ?(?P<segment>[^\n]+?)(?<![别不没要]) ?群发 ?(?:用 ?)?(?P<rest>[^ \n].*)"),
    re.compile(r"用 ?(?P<rest>[^ \n]+) ?群发(?:给)? ?(?P<segment>[^ \n].*)"),
)
_STEPS: dict[str, Literal["progress", "pause", "resume", "cancel", "result", "replies"]] = {
    "进度": "progress",
    "发完": "progress",
    "暂停": "pause",
    "继续": "resume",
    "取消": "cancel",
    "结果": "result",
    "效果": "result",
}
_ALL_BROADCASTS = ("一下", "群发", "所有", "全部", "所有群发", "全部群发")
_UNCLEAR = re.compile(r" ?(?:的)?(?:未知|不明|结果不明|没收到|不确定)(?:的|名单)?$")
_RECEIVED = re.compile(r"[ ,:]*(?P<not>没有?|未)? ?收到了?$")
_BROADCAST_NUMBER = re.compile(r"(?:群发|发送)? ?(?:#|第|编号)? ?(?P<number>\d{1,9})(?:号)?", re.ASCII)
_NUMBER_AND_SCRIPT = re.compile(r"(?:群发|发送)? ?(?:#|第|编号)? ?(?P<number>\d{1,9})(?:号)? ?[,:]? ?用 ?", re.ASCII)


def _script(said: Said) -> Intent:
    words = said.words
    sub = _SCRIPT_SUB.match(words.plain)
    if not words or (sub and sub["word"] == "列表" and sub.end() == len(words)):
        return ScriptList()
    if _BOARD.fullmatch(without_mood(words).plain):
        return ScriptBoard()
    # 改 and 看 are also how names begin: 看房礼. Two characters are a word of ours, one needs its space.
    if sub is None or not (sub["gap"] or (len(sub["word"]) > 1 and sub["word"] not in _CARDS)):
        return ScriptShow(unquoted(words))
    return _script_step(sub["word"], Said(words.cut(sub.end()), said.now))


def _board(said: Said) -> Intent:
    expect_end(without_mood(said.words), "话术 榜")
    return ScriptBoard()


def _script_step(word: str, said: Said) -> Intent:
    name, text = _named(said.words)
    if word in ("查看", "看", "列表"):
        if not said.words:
            return ScriptList()
        return ScriptShow(unquoted(said.words))
    example = {"试": _TRY, "新": _NEW}.get(word[0], "话术 改 到店礼")
    if not name:
        raise Unclear(f"没说话术的名字，例如：{example}", example)
    if word in _CARDS:
        return ScriptNew(_script_name(name), text.typed, _CARDS[word])
    if word in ("新建", "新增", "添加", "创建") and text.plain in _CARDS:
        return ScriptNew(_script_name(name), "", _CARDS[text.plain])
    if word in ("新建", "新增", "添加", "创建"):
        return ScriptNew(_script_name(name), text.typed)
    if word in ("改", "修改", "编辑", "更新"):
        return ScriptEdit(_script_name(name), text.typed)
    if not text:
        raise Unclear(f"试给哪位顾客看？例如：{_TRY}", _TRY)
    return ScriptTry(_script_name(name), one_person(text, _TRY))


def _named(words: Words) -> tuple[Words, Words]:
    """The name and the text after it. A name has no spaces: 群发 could not tell it from what follows."""
    gap = re.search("[ \n]", words.plain)
    return (words.cut(0, gap.start()), words.cut(gap.start())) if gap else (words, words.cut(len(words)))


def _script_name(words: Words) -> str:
    name = words.strip(' ":')
    if bad := re.search(r"[/、,]", name.plain):
        raise Unclear(f"话术名字里不要用“{bad.group()}”（群发时用它分开几个话术），例如：{_NEW}", _NEW)
    return name.typed


def _broadcast(said: Said) -> Intent:
    words = said.words
    if not words:
        return BroadcastList()
    if re.fullmatch(_LIST, words.plain):
        return BroadcastList()
    if step := _STEP_ALONE.fullmatch(without_mood(words).plain):
        return BroadcastStep(_STEPS[step["word"].replace("停止", "暂停")])
    if step := _STEP_AFTER.fullmatch(without_mood(words).plain):
        number = int(step["number"])
        return (
            BroadcastStep("replies", number) if step["word"] == "回复" else BroadcastStep(_STEPS[step["word"]], number)
        )
    if step := _STEP_FIRST.match(words.plain):
        return _step(step["word"], Said(words.cut(step.end()), said.now))
    if turned := _TURNED.fullmatch(words.plain):
        return broadcast_to(words.group(turned, "segment"), words.group(turned, "rest"), said.now)
    if "用" not in words.plain and (whole := _without_using(words, said.now)):
        words = whole
    segment, rest = _segment_and_scripts(words)
    pieces, hold_out = _take_hold_out(rest)
    pieces, per_hour, days = _take_pace(pieces)
    every, pieces, segment = _take_every(pieces, segment)
    early, segment = _time_at_end(segment, said.now)
    pieces, plain = _take_wish(pieces, _PLAIN)
    pieces, spares_tired = _take_wish(pieces, _SPARES)
    at, pieces = _take_time(pieces, said.now)
    # 明天10点实时 is one word.
    pieces, live = _take_wish(pieces, _LIVE)
    if (early and at) or (every and (early or at)):
        raise Unclear(f"说了两个时间，发哪一个？例如：{_SEND}", _SEND)
    return Broadcast(
        segment.typed,
        _script_names(pieces),
        at or early,
        hold_out,
        plain=plain,
        spares_tired=spares_tired,
        every=every,
        per_hour=per_hour,
        days=days,
        # What repeats always is, and what goes at once names those of now.
        live=live and (at or early) is not None,
    )


def _take_pace(pieces: list[Words]) -> tuple[list[Words], int | None, int | None]:
    """每小时50位 or 分3天, and the pieces without it. Raises ``Unclear``."""
    for index, piece in enumerate(pieces):
        match = _PACE.search(piece.plain)
        if match is None:
            continue
        around = [piece.cut(0, match.start()).strip(" ,、"), piece.cut(match.end()).strip(" ,、")]
        left = [*pieces[:index], *(words for words in around if words), *pieces[index + 1 :]]
        if match["people"]:
            per_hour = read_count(match["people"]) or 0
            if not LEAST_PER_HOUR <= per_hour <= MOST_PER_HOUR:
                raise Unclear(f"每小时 {LEAST_PER_HOUR} 到 {MOST_PER_HOUR} 位，例如：{_PACED}", _PACED)
            return left, per_hour, None
        days = read_count(match["days"]) or 0
        if not 2 <= days <= MOST_DAYS:
            raise Unclear(f"分 2 到 {MOST_DAYS} 天发，例如：{_OVER_DAYS}", _OVER_DAYS)
        return left, None, days
    return pieces, None, None


def _take_every(pieces: list[Words], segment: Words) -> tuple[str, list[Words], Words]:
    """每周三 10:00, behind the scripts or behind the segment; the pieces and the segment without it. Raises ``TimeError``."""
    left: list[Words] = []
    found = ""
    for piece in pieces:
        recurrence, around = (None, [piece]) if found else take_recurrence(piece)
        found = found or str(recurrence or "")
        left += around
    words = segment.split()
    for index in range(1, len(words)):
        recurrence, around = take_recurrence(words[index].through(words[-1]))
        if recurrence and not around and not found:
            return str(recurrence), left, segment.cut(0, words[index].start - segment.start)
    return found, left, segment


def broadcast_to(segment: Words, rest: Words, now: datetime) -> Intent:
    """A broadcast said in another order (给老客群发 …, 群发 用 … 给 老客), put into ours. Raises ``Unclear``."""
    return _broadcast(Said(read(f"{segment.typed} 用 {rest.typed}"), now))


def broadcast_turned(line: Words, now: datetime) -> Intent | None:
    """``给老客群发 到店礼A``, ``用 到店礼A 群发 老客``, ``明天10点 群发 老客 用 到店礼A``. Raises ``Unclear``."""
    for pattern in _BROADCAST_LATER:
        if match := pattern.fullmatch(line.plain):
            return broadcast_to(line.group(match, "segment"), line.group(match, "rest"), now)
    first = re.search(r" ?群发给? ?", line.plain)
    if not first or not first.start() or "用" not in line.plain:
        return None
    when = line.cut(0, first.start())
    recurrence, around = take_recurrence(when)
    if recurrence is None or around:
        leading = take_leading_time(when, now)
        if leading is None or leading[1]:
            return None
    return _broadcast(Said(read(f"{line.cut(first.end()).typed} {when.typed}"), now))


def _without_using(words: Words, now: datetime) -> Words | None:
    """``群发 VIP 到店礼A 明天10点`` with its 用 put in: the last word is the script, those before it the segment."""
    held, _percent = _take_hold_out(words)
    pieces: list[Words] = []
    for piece in held:
        _, around = take_time(piece, now)
        pieces.extend(around)
    parts = [word for piece in pieces for word in piece.split()]
    if len(parts) < 2 or looks_like_money(parts[-1]):
        return None  # 群发 消费 298: somebody is called so
    try:
        parse_words(read(" ".join(part.typed for part in parts[:-1])))
    except SegmentError:
        return None
    begins = parts[-1].start - words.start
    return read(f"{words.cut(0, begins).typed} 用 {words.cut(begins).typed}")


def _time_at_end(segment: Words, now: datetime) -> tuple[datetime | None, Words]:
    """群发 老客 明天10点 用 …: a time after the segment is when, not whom. Raises ``TimeError``."""
    words = segment.split()
    for index in range(1, len(words)):
        tail = words[index].through(words[-1])
        if (leading := take_leading_time(tail, now)) and not leading[1]:
            return leading[0], segment.cut(0, words[index].start - segment.start)
    return None, segment


def _segment_and_scripts(words: Words) -> tuple[Words, Words]:
    """Divides at 用; a name may have that character too (试用装), so the first place that leaves a segment counts."""
    problem: SegmentError | None = None
    for pattern in _USING:
        for match in pattern.finditer(words.plain):
            segment, rest = words.cut(0, match.start()).strip(" ,、"), words.cut(match.end())
            if not segment or not rest:
                continue
            try:
                parse_words(segment)
            except SegmentError as error:
                problem = problem or error
                continue
            return segment, rest
    if problem:
        raise problem
    raise _says_half(words)


def _says_half(words: Words) -> Unclear:
    """What is missing: both halves, or only the scripts."""
    whom = words.strip(" ,、用")
    if whom.plain == "一下":
        whom = words.cut(0, 0)
    try:
        parse_words(whom)
    except SegmentError:
        whom = words.cut(0, 0)
    if not whom or words.plain.startswith("用"):
        return Unclear(f"要说发给谁、用哪个话术，例如：{_SEND}", _SEND)
    example = f"群发 {whom.typed} 用 到店礼A"
    return Unclear(f"还没说用哪个话术，例如：{example}；话术有哪些看“话术”，发过的看“群发 列表”", example, "群发 列表")


def _take_hold_out(words: Words) -> tuple[list[Words], int]:
    match = _HOLD_OUT.search(words.plain)
    if match is None:
        if "对照" in words.plain:
            raise Unclear("对照要写百分之几，例如：对照10%", _SEND)
        return [words], 0
    percent = int(match["percent"])
    if not 0 <= percent <= MOST_HELD_OUT:
        raise Unclear(f"对照最多 {MOST_HELD_OUT}%，例如：对照10%", _SEND)
    pieces = [words.cut(0, match.start()), words.cut(match.end())]
    return [piece for piece in pieces if piece], percent


def _take_wish(pieces: list[Words], wish: re.Pattern[str]) -> tuple[list[Words], bool]:
    """Whether a wish stands in one of the pieces, and what is left without it."""
    for index, piece in enumerate(pieces):
        match = wish.search(piece.plain)
        # Right after 用 stands a script, which may have that name.
        if match and (index or match.start()):
            around = [piece.cut(0, match.start()), piece.cut(match.end())]
            return [*pieces[:index], *(part for part in around if part), *pieces[index + 1 :]], True
    return pieces, False


def _take_time(pieces: list[Words], now: datetime) -> tuple[datetime | None, list[Words]]:
    at: datetime | None = None
    rest: list[Words] = []
    for piece in pieces:
        found, around = take_time(piece, now) if at is None else (None, [piece])
        at = at or found
        rest.extend(around)
    return (None if at == now else at), rest


def _script_names(pieces: list[Words]) -> tuple[str, ...]:
    pieces = [piece for piece in (piece.strip(" /、,") for piece in pieces) if piece]
    if not pieces:
        raise Unclear(f"没说用哪个话术，例如：{_SEND}", _SEND)
    pieces[0] = without_farewell(pieces[0])
    names = [unquoted(name) for name in pieces[0].split(_SCRIPTS)]
    odd = next((word for name in pieces[0].split(_SCRIPTS) for word in name.split()[1:]), None)
    if odd or len(pieces) > 1:
        bad = (odd or pieces[1]).typed[:20]
        raise Unclear(f"“{bad}”没看懂：话术之间用 / 隔开，时间写 明天10点，例如：{_SEND}", _SEND)
    if len(names) > MOST_SCRIPTS or len(set(names)) < len(names):
        raise Unclear(f"一次最多比 {MOST_SCRIPTS} 个不同的话术，例如：群发 O 用 到店礼A/到店礼B/到店礼C", _SEND)
    return tuple(names)


def _step(word: str, said: Said) -> Intent:
    words = without_mood(said.words)
    unclear = _UNCLEAR.search(words.plain) if word in ("结果", "效果") else None
    if unclear and (number := _BROADCAST_NUMBER.fullmatch(words.plain[: unclear.start()])):
        return BroadcastStep("unclear", int(number["number"]))
    asked = _STEPS[word] in ("progress", "result") and words.plain in ("怎么样", "怎样", "如何")
    if not words or asked or (word == "暂停" and words.plain in _ALL_BROADCASTS):
        return BroadcastStep(_STEPS[word])
    match = _BROADCAST_NUMBER.fullmatch(words.plain.rstrip("了吧"))
    if match is None:
        raise Unclear(f"没说是哪个群发，例如：{word} 12；编号看“群发 列表”", f"{word} 12", "群发 列表")
    return BroadcastStep(_STEPS[word], int(match["number"]))


def _check(said: Said) -> Intent:
    number, rest = take_number(without_mood(said.words), _CHECK)
    received = _RECEIVED.search(rest.plain)
    if received is None:
        raise Unclear(f"要说收到了还是没收到，例如：{_CHECK}；核对 12 全部 没收到", _CHECK, "核对 12 全部 没收到")
    who = rest.cut(0, received.start()).strip(" ,:、")
    if re.fullmatch(r"全部|都|所有人?", who.plain):
        return Checked(number, received["not"] is None)
    people = whoms(who)
    if not people:
        raise Unclear(f"没说是哪位顾客，例如：{_CHECK}", _CHECK)
    return Checked(number, received["not"] is None, people)


def _about_broadcast(said: Said, example: str) -> tuple[int, Words]:
    """The number of the broadcast and what stands behind 用. Raises ``Unclear``."""
    match = _NUMBER_AND_SCRIPT.match(said.words.plain)
    if match is None:
        raise Unclear(f"要说哪个群发、用哪个话术，例如：{example}；编号看“群发 列表”", example, "群发 列表")
    return int(match["number"]), said.words.cut(match.end())


def _correct(said: Said) -> Intent:
    number, rest = _about_broadcast(said, _CORRECT)
    at, pieces = _take_time([rest], said.now)
    scripts = _script_names(pieces)
    if len(scripts) > 1:
        raise Unclear(f"更正只用一个话术，大家收到的一样，例如：{_CORRECT}", _CORRECT)
    return Correct(number, scripts[0], at)


def _resend(said: Said) -> Intent:
    words = without_mood(said.words)
    match = _BROADCAST_NUMBER.fullmatch(words.plain.removesuffix("吧"))
    if other := _OTHER_SCRIPT.fullmatch(words.plain):
        follow = f"追发 {other['number']} 用 {words.group(other, 'script').typed}"
        raise Unclear(f"重发只发没发成的，话术还是原来的。给收到没回复的再发一条：{follow}", follow)
    if match is None:
        raise Unclear(f"要说重发哪个群发，例如：{_RESEND}（只发没发成的）；编号看“群发 列表”", _RESEND, "群发 列表")
    return Resend(int(match["number"]))


def _follow(said: Said) -> Intent:
    """追发 12 用 …: a broadcast to who got 12 and said nothing."""
    number, rest = _about_broadcast(said, _FOLLOW)
    return broadcast_to(read(f"没回复{number}"), rest, said.now)


def _step_verb(word: str, *synonyms: str) -> Verb:
    return Verb((word, *synonyms), lambda said: _step(word, said), (f"{word} 12",))


def _broadcast_list(said: Said) -> Intent:
    expect_end(said.words, "群发 列表")
    return BroadcastList()


VERBS = (
    Verb(
        ("话术", "脚本", "文案库", "话术库"),
        _script,
        ("话术", "话术 看 到店礼", "话术 榜", _NEW, "话术 改 到店礼", _TRY),
        takes_text=True,
    ),
    Verb(("话术榜", "话术排行", "话术排行榜", "话术排名"), _board, ("话术 榜",)),
    Verb(("改话术", "修改话术"), lambda said: _script_step("改", said), ("话术 改 到店礼",), takes_text=True),
    Verb(("试话术",), lambda said: _script_step("试", said), (_TRY,)),
    Verb(
        ("新建话术", "新建 话术", "新增话术", "添加话术"),
        lambda said: _script_step("新建", said),
        (_NEW,),
        takes_text=True,
    ),
    Verb(("群发", "群发给", "发送给", "发给"), _broadcast, (_SEND, _EVERY, _BY_THEN, _PACED, _OVER_DAYS, "群发 列表")),
    Verb(("群发列表",), _broadcast_list, ("群发 列表",)),
    _step_verb("进度", "发完了吗", "发完没", "发完了没", "发完没有", "发完了没有"),
    _step_verb(
        "暂停", "停止", "暂停群发", "停止群发", "停止发送", "群发停一下", "群发先停", "全部暂停", "全部停止", "停下"
    ),
    Verb(("停",), lambda said: _step("暂停", said), ("暂停 12",), gluable=False),
    _step_verb("继续", "恢复", "继续群发", "恢复群发"),
    _step_verb("取消", "取消群发"),
    _step_verb("结果", "效果"),
    Verb(("更正", "更正群发"), _correct, (_CORRECT,)),
    Verb(("重发", "重发群发", "补发"), _resend, (_RESEND,)),
    Verb(("追发", "追发群发"), _follow, (_FOLLOW,)),
    Verb(("核对",), _check, (_CHECK, "核对 12 全部 没收到")),
)
