"""Sentences about one customer: 查, 改名, 新客, 到店, 级别, 跟进, 备注, 历史, 回."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, cast

from bot.language.campaign_intents import BroadcastStep
from bot.language.customer_intents import (
    Apart,
    Enrol,
    FollowUp,
    Grade,
    History,
    Marketing,
    Note,
    Rename,
    Show,
    Unnamed,
    Visit,
)
from bot.language.intents import Intent, Whom
from bot.language.money import read_money, take_money
from bot.language.normalise import Words, read
from bot.language.times import take_leading_time, take_time
from bot.language.verbs import Said, Unclear, Verb, expect_end, one_person, take_addressee, take_people, take_person
from bot.language.whom import whoms
from bot.language.work_intents import Answer, OpenCase, Waiting

_SHOW, _RENAME, _ENROL = "查 小美", "改名 #12 小美", "新客 张姐 13800138000 微信 zhang88"
_FOLLOW = "跟进 小美 b 聊了价格 下次发新款图 周五 预计500"
_GRADE, _NOTE, _ANSWER = "级别 小美 A", "备注 小美 喜欢素色", "回 小美 您要的款到了"
_CASE = "立案 小美 裙子破了要退钱"
_OPT_OUT, _OPT_IN, _APART = "退订 小美", "订阅 小美", "拆开 #12"

_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1\d{2}[ -]?\d{4}[ -]?\d{4}(?!\d)", re.ASCII)
_WECHAT = re.compile(r"(?:微信号?|wx|wechat) ?:? ?(?P<id>[a-z0-9_-]{2,40})", re.ASCII)
_GRADE_END = re.compile(r"(?P<whom>.+?) ?[=:]? ?(?<![a-z])(?P<grade>[a-z])级?", re.ASCII)
_GRADE_FIRST = re.compile(r"[=:]? ?(?P<grade>[a-z])级? (?P<whom>[^ ].*)", re.ASCII)
_LEVEL = re.compile(r"(?P<level>[a-d])(?:级|类|档)?(?![a-z0-9])[ ,:]*", re.ASCII)
_LEVEL_LATER = re.compile(r"(?<= )(?P<level>[a-d])级?(?= |$)", re.ASCII)
_EXPECTED = re.compile(r"(?:^|[ ,])预[计期](?:金额|成交)? ?:?(?= ?[¥\d一二两三四五六七八九十])", re.ASCII)
_AHEAD = re.compile(r"(?:^|(?<=[ ,]))(?:明天|后天|大后天|明早|明晚|下周|下个?月|下星期)")  # 昨天聊了价格 is no plan
_NEXT = re.compile(r"(?:^|[ ,、;。])下(?:次|一步|步)[ :,]?|下次")


def _everyone_named(said: Said) -> Words:
    words = said.whom or said.words
    ending = re.search(r"的?(?:资料|信息|情况|档案|卡片|电话|手机号?|生日|地址)$", words.plain)
    return words.cut(0, ending.start()) if ending and ending.start() else words


def _show(said: Said) -> Intent:
    people = whoms(_everyone_named(said))
    if not people or people[0].text[0] in "+-":
        raise Unclear(f"查哪位顾客？例如：{_SHOW}", _SHOW, "查 #12")
    return Show(people)


def _visit(said: Said) -> Intent:
    words = said.whom or said.words
    late = re.search(r"(?<=.)了$", words.plain)
    people = whoms(words.cut(0, late.start()) if late else words)
    if not people or people[0].text[0] in "+-":
        raise Unclear("哪位顾客到店了？例如：到店 小美", "到店 小美")
    if said.whom:
        expect_end(said.words, "到店 小美")
    return Visit(people)


def _history(said: Said) -> Intent:
    if said.whom:
        return History(one_person(said.whom, "历史 小美"), _page(said.words))
    paged = re.fullmatch(r"(?P<whom>.+) (?:第 ?)?(?P<page>\d{1,3}) ?页?", said.words.plain, re.ASCII | re.DOTALL)
    if paged is None:
        return History(one_person(said.words, "历史 小美"))
    return History(one_person(said.words.group(paged, "whom"), "历史 小美"), int(paged["page"]) or 1)


def _page(words: Words) -> int:
    match = re.fullmatch(r"(?:第 ?)?(\d{1,3}) ?页?", words.plain, re.ASCII)
    if words and match is None:
        raise Unclear(f"“{words.typed[:20]}”没看懂，例如：历史 小美 2", "历史 小美", "历史 小美 2")
    return int(match.group(1)) or 1 if match else 1


def _rename(said: Said) -> Intent:
    glued = re.match(r"#\d+(?![\d ]|$| ?[、,;])", said.words.plain, re.ASCII)
    if said.whom is None and glued:
        said = Said(said.words.cut(glued.end()), said.now, said.words.cut(0, glued.end()))
    person, rest = take_person(said, _RENAME)
    particle = re.match(r"(?:改成|改为|叫做?|为|成|->|→|=>)(?: |(?=.))", rest.plain)
    name = (rest.cut(particle.end()) if particle and particle.end() < len(rest) else rest).strip(' "')
    if not name:
        raise Unclear(f"新名字是什么？例如：{_RENAME}", _RENAME)
    return Rename(person, name.typed)


def _enrol(said: Said) -> Intent:
    words = said.words
    if not words or words.plain in ("列表", "有哪些", "名单", "客户", "顾客", "的"):
        return Unnamed()
    wechat = _WECHAT.search(words.lower)
    pieces = [words] if wechat is None else [words.cut(0, wechat.start()), words.cut(wechat.end())]
    phone = ""
    rest: list[Words] = []
    for piece in pieces:
        found = None if phone else _PHONE.search(piece.plain)
        if found is None:
            rest.extend(piece.split(r"[ \n,、]+"))
            continue
        phone = re.sub(r"\D", "", found.group())[-11:]
        for side in (piece.cut(0, found.start()), piece.cut(found.end())):
            rest.extend(side.split(r"[ \n,、]+"))
    rest = [word for word in rest if word.plain not in ("电话", "手机", "手机号", "电话:", "手机:")]
    name = _enrolled_name(rest)
    reachable = bool(phone or wechat)
    # 新客很多 is no name: without a phone or WeChat the name needs its space.
    if not reachable and (said.glued or not name):
        raise Unclear(f"新客叫什么、电话多少？例如：{_ENROL}", _ENROL)
    return Enrol(name, phone, words.group(wechat, "id").typed if wechat else "")


def _enrolled_name(words: list[Words]) -> str:
    for word in words:
        if re.fullmatch(r"[\d-]{5,}", word.plain, re.ASCII):
            raise Unclear(f"电话“{word.typed}”要 11 位手机号，例如：{_ENROL}", _ENROL)
    if len(words) > 1 and not all(word.plain.isascii() for word in words):
        raise Unclear(f"“{words[1].typed[:20]}”没看懂，例如：{_ENROL}", _ENROL)
    return " ".join(word.typed for word in words)


def _grade(said: Said) -> Intent:
    whole = said.words.lower
    if said.whom:
        people, rest = (
            whoms(said.whom),
            re.fullmatch(r"(?:[=:]|改?成|改?为|设为?|到)? ?(?P<grade>[a-z])级?", whole, re.ASCII),
        )
        letter = rest["grade"] if rest else ""
    else:
        match = _GRADE_END.fullmatch(whole) or _GRADE_FIRST.fullmatch(whole)
        people = whoms(said.words.group(match, "whom")) if match else ()
        letter = match["grade"] if match else ""
    if not people or not letter:
        raise Unclear(f"要说哪位顾客、什么级别，例如：{_GRADE}", _GRADE)
    if letter not in "sabcdf":
        raise Unclear(f"级别只有 S A B C D F，没有“{letter.upper()}”，例如：{_GRADE}", _GRADE)
    return Grade(people, cast(Literal["S", "A", "B", "C", "D", "F"], letter.upper()))


def _follow_up(said: Said) -> Intent:
    person, rest = take_person(said, _FOLLOW)
    stuck = re.fullmatch(r"(?P<whom>[\u3400-\u9fff]+)(?P<level>[a-d])", person.text.lower())
    if not rest and stuck and not said.whom:
        return FollowUp(
            whoms(said.words.cut(0, stuck.end("whom")))[0], cast(Literal["a", "b", "c", "d"], stuck["level"])
        )
    if not rest:
        raise Unclear(f"跟进到哪了？例如：{_FOLLOW}", _FOLLOW)
    level = _LEVEL.match(rest.lower)
    if level is None and (later := _LEVEL_LATER.search(rest.lower)):
        # 跟进 小美 周五 b: the level stands alone, wherever it stands.
        rest = read(f"{later['level']} {rest.cut(0, later.start()).typed} {rest.cut(later.end()).typed}")
        level = _LEVEL.match(rest.lower)
    if level is None and (other := re.match(r"[a-z](?=级| |$)", rest.lower, re.ASCII)):
        raise Unclear(f"跟进级别只有 a b c d，没有“{other.group()}”，例如：{_FOLLOW}", _FOLLOW)
    expected, pieces = _take_expected(rest.cut(level.end()) if level else rest)
    due, said_pieces, next_pieces = _take_next(pieces, said.now)
    return FollowUp(
        person,
        cast(Literal["a", "b", "c", "d"] | None, level["level"] if level else None),
        said=_joined(said_pieces),
        next_step=_joined(next_pieces),
        due=due,
        expected_fen=expected,
    )


def _joined(pieces: list[Words]) -> str:
    return " ".join(piece.typed for piece in pieces if piece)


def _take_expected(words: Words) -> tuple[int | None, list[Words]]:
    match = _EXPECTED.search(words.plain)
    if match is None:
        return None, [words]
    taken = take_money(words.cut(match.end()))
    if taken is None:
        return None, [words]
    return read_money(taken[0].plain), [words.cut(0, match.start()), taken[1]]


def _take_next(pieces: list[Words], now: datetime) -> tuple[datetime | None, list[Words], list[Words]]:
    """When, what was said, what comes next: a time counts after 下次, else where it stands alone."""
    for index, piece in enumerate(pieces):
        if match := _NEXT.search(piece.plain):
            before, after = piece.cut(0, match.start()), piece.cut(match.end())
            leading = take_leading_time(after, now)
            due, rest = (leading[0], [leading[1]]) if leading else take_time(after, now)
            later = pieces[index + 1 :]
            return due, [*pieces[:index], before], [*rest, *later]
    due = None
    kept: list[Words] = []
    for index, piece in enumerate(pieces):
        ahead = _AHEAD.search(piece.plain)
        if ahead and (leading := take_leading_time(piece.cut(ahead.start()), now)):
            said = [*pieces[:index], piece.cut(0, ahead.start()), *pieces[index + 1 :]]
            return leading[0], said, [leading[1]]
    for piece in pieces:
        found, rest = take_time(piece, now) if due is None else (None, [piece])
        due = due or found
        kept.extend(rest)
    return due, kept, []


def _note(said: Said) -> Intent:
    person, text = take_addressee(said, _NOTE)
    if not text:
        raise Unclear(f"备注什么？例如：{_NOTE}", _NOTE)
    return Note(person, text.typed)


def _all_of(said: Said, example: str) -> tuple[Whom, ...]:
    people, rest = take_people(said, example)
    expect_end(rest, example)
    return people


def _open_case(said: Said) -> Intent:
    person, text = take_addressee(said, _CASE)
    return OpenCase(person, text.typed)


def _answer(said: Said) -> Intent:
    person, text = take_addressee(said, _ANSWER)
    return Answer(person, text.typed)


def _reply(said: Said) -> Intent:
    """``回复 12`` shows what came back on broadcast 12; ``回复 张姐 …`` answers a customer."""
    broadcast = re.fullmatch(r"(?:群发)? ?(\d{1,9})?", said.words.plain, re.ASCII)
    if broadcast:
        return BroadcastStep("replies", int(broadcast.group(1)) if broadcast.group(1) else None)
    if digits := re.match(r"(\d+)[ :,]", said.words.plain, re.ASCII):
        number = digits.group(1)
        raise Unclear(
            f"看群发 {number} 的回复说“回复 {number}”，回顾客 #{number} 说“回 #{number} …”。",
            f"回复 {number}",
            f"回 #{said.words.typed}",
        )
    return _answer(said)


def _waiting(said: Said) -> Intent:
    expect_end(said.words, "待回")
    return Waiting()


VERBS = (
    Verb(("查", "查询", "查看", "查一下", "查下", "查查"), _show, (_SHOW, "查 #12")),
    Verb(("看", "看看", "看一下", "客户", "顾客", "客户卡"), _show, (_SHOW,), gluable=False),
    Verb(("改名", "改名字", "重命名", "起名", "备注名", "改备注名"), _rename, (_RENAME,), after_whom=True),
    Verb(
        (
            "新客",
            "建档",
            "新顾客",
            "新客户",
            "新增顾客",
            "新增客户",
            "登记",
            "来了个新客",
            "来了个新客户",
            "没名字的",
            "未命名",
        ),
        _enrol,
        (_ENROL, "新客"),
    ),
    Verb(("到店", "来店", "进店", "到店了", "来店了"), _visit, ("到店 小美",), after_whom=True),
    Verb(("历史", "历史记录", "时间线"), _history, ("历史 小美",), after_whom=True),
    Verb(("级别", "评级", "定级", "等级"), _grade, (_GRADE,), after_whom=True),
    Verb(("跟进",), _follow_up, (_FOLLOW,), after_whom=True),
    Verb(("备注", "备忘", "记一下", "记下"), _note, (_NOTE,), after_whom=True, takes_text=True),
    Verb(("退订",), lambda said: Marketing(_all_of(said, _OPT_OUT)), (_OPT_OUT,), gluable=False),
    Verb(("订阅",), lambda said: Marketing(_all_of(said, _OPT_IN), wanted=True), (_OPT_IN,), gluable=False),
    Verb(("拆开",), lambda said: Apart(one_person(said.words, _APART)), (_APART,), gluable=False),
    Verb(("立案",), _open_case, (_CASE, "立案 #12"), after_whom=True, takes_text=True),
    Verb(("回",), _answer, (_ANSWER,), gluable=False, takes_text=True),
    Verb(("回复",), _reply, (_ANSWER, "回复 12"), takes_text=True),
    Verb(("待回", "待回复", "未回复", "谁在等", "谁在等回复", "谁没回", "有谁没回", "还有谁没回"), _waiting, ("待回",)),
)
