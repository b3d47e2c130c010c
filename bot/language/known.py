"""A line that names customers we know: where a name ends is no question any more, so the rest can be read freely.

People type without spaces and in their own order: 备注小美喜欢红色, 把张姐改名叫张丽, 小美的生日是五月一号. Without the names
nothing in it says where one ends. With them such a line is put into our own form and read as if it had been typed so.
No word is left out but those that say nothing (把, 这个客户, 怎么样了), so whatever denies or asks stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.language.file_fields import AGE_WORDS, BY_WORD
from bot.language.money import take_spelt_money
from bot.language.normalise import Words, read, without_lead, without_mood
from bot.language.staff import BEFORE_WHOM, BEHIND_WHOM, is_verb

SHORTEST, LONGEST = 2, 12  # characters of a name that is looked for inside a line
LINE_AT_MOST = 80  # characters; a longer text is no order
_MOST_PEOPLE = 6

_LOOKS = {"查", "看"}
_KINDLY = re.compile(r"(?:请|麻烦(?:你|您)?|帮(?:我|忙)|给我|我要|我想)+[ ,]?")
_TO = re.compile(r"(?:把|给|帮|替|跟|和|对|向|设|让)? ?")
_ONCE = re.compile(r"(?:一?下|给|把|:)$")
_AND = re.compile(r" ?(?:[和跟与及、,]|还有)? ?")
_JUST_NOW = re.compile(r"(?:今天|今日|刚才|刚刚?|已经|又|也|都|各自?|每人|分别)+ ?(?=[^ ])")
_NOTHING_MORE = re.compile(
    r"的?(?:这个|那个|这位|那位)?(?:客户|顾客|客人|人|姐妹)?的?(?:情况|信息|档案|卡片|资料)?(?:是谁|咋样|怎么样|如何)?"
    r"[了吗呢吧啊呀哦嘛]{0,2} ?(?:谢谢|谢啦|多谢)?"
)
_RENAMED = re.compile(r"的?(?:名字?)?(?:改名|改)(?:字|叫做?|成|为|名)*(?: ?(?:->|→|:))? ?(?P<name>[^ ,，。?!]{1,12})")
_GRADED = re.compile(r"(?:的?(?:级别|等级))?(?:[改设定调]|评)(?:成|为|到)? ?(?P<grade>[a-z]) ?级?", re.ASCII)
_SET_GRADE = re.compile(r"(?:的?(?:级别|等级))(?:是|成|为|到) ?(?P<grade>[a-z]) ?级?", re.ASCII)
_TAG = r"(?P<tag>[^ ,、+\-。!?]{1,10}?)"
# 给小美打电话, 小美加微信: something to do, no tag.
_DOING = r"(?:打(?:过|[上个了一])*(?:电话|招呼|.?折|包|款|钱|车)|加(?:过|[上个了一])*(?:微信|好友|企微|单|钱|价))"
_TAGGED = re.compile(rf"(?!{_DOING})(?:贴|打|加|标|挂)(?:上|个|了)* ?{_TAG}(?:的?标签)?(?:吧|了)?")
_UNTAGGED = (
    re.compile(rf"(?:的)?(?:标签 ?)?{_TAG}(?:的?标签)?(?:去掉|删掉|删了|拿掉|撕掉)(?:吧|了)?"),
    re.compile(rf"(?:去掉|删掉|拿掉|撕掉)(?:的?标签)? ?{_TAG}(?:的?标签)?(?:吧|了)?"),
    re.compile(r"(?:不是|取消)(?P<tag>vip)(?:了|吧)?"),
)
_SAME_PERSON = re.compile("(?:其实)?是(?:同一?|一)个?(?:人|位)(?:顾客|客户)?")
# Rooms that come later, said of a customer: told so, like the word itself.
_TO_COME = re.compile(
    r"(?:加|送|奖励?|\+)? ?\d+ ?个?(积分).*|(?:发|送)(?:一?张)?(?:优惠)?(券).*|(?:为|成|设为|做|当)(代理)(?:商|人)?"
)
_SIGNS = re.compile(r"(?P<sign>[+-]) ?(?P<rest>[^\d+-][^+]{0,40})")
_TOLD = re.compile(r"(?:说|讲|发消息|发信息|发微信|回复|回)(?:一?下|一?声)?[ :,]*(?P<text>.{1,200})", re.DOTALL)
_MONEY = re.compile(
    r"(?<![\w.-])(?:¥ ?)?(?P<yuan>[1-9]\d{0,6}(?:\.\d{1,2})?)(?=元|块|[^\w.*/:+-]|$|[\u4e00-\u9fff])", re.ASCII
)
_JOINT = re.compile(r"[,;。\n]")
_NOTES = ("备注", "记一下", "记下", "备忘")
_TELLS = {"备注", "立案", "资料", "跟进"}  # a text follows, or words of its own kind
_NO_NAME_GOES_ON = re.compile(r"[^\u3400-\u9fffA-Za-z]|各|每人|$")
_NOT_MONEY = re.compile(r"\d+ ?(?:号|点|天|月|日|岁|个|件|位|次|分|周|楼|室|条|双|小时)")
_NO_DEAL = re.compile(r"[没未不别想说问欠吗]|要是|如果|准备|打算")  # tells of money, none changed hands
_OTHER_VALUE = re.compile(r"生日|电话|手机|年龄|身高|体重|尺码|红包|转账|转钱|打钱|积分|券|满\d+|优惠|打折|欠")
_AWAY = re.compile("网上|线上|网店|微店|快递|淘宝|抖音")
_MONEY_VERBS = ((re.compile("退|还钱|还给"), "退款"), (re.compile("订|定|谈好|说好|谈成"), "成交"))
_REFUNDED = re.compile(r"(?:又|已经|刚)?退(?:款|货|钱|了|掉)* ?(?P<rest>[¥\d].*)", re.ASCII)
_GOODS = r"(?:的|那)?(?:货|快递|包裹|单子?|订单|衣服|东西)?"
_ORDER_STEPS = (
    (re.compile(rf"{_GOODS} ?(?:已经?)?(?:付款下单|下单)了?(?P<rest>)"), "下单", (1,)),
    (re.compile(rf"{_GOODS} ?(?:已经?)?(?:发货|发走|寄出|寄|发)了?(?P<rest> .*|)"), "发货", (1, 2)),
    (re.compile(rf"{_GOODS} ?(?:已经?)?(?:签收|收到货?|收货)了?(?P<rest>)"), "签收", (1, 2)),
    (re.compile(rf"{_GOODS} ?(?:快)?(?:用完|用光)了?(?P<rest> .*|)"), "用完", (3,)),
)
_SENTENCE = re.compile(r"[和跟与各都没不想说问吗]|一共|总共|合计|要是|如果|昨天|今天|明天|前天|刚才|什么|多少|怎么")
_NAME_LIKE = re.compile(
    r"(?!不|别|没|第|我|你|这|那|怎|有)[\u3400-\u9fff·]{2,4}(?<![了吗的吧呢])|[A-Za-z][A-Za-z ]{1,15}"
)
_FIELDS = sorted((*BY_WORD, *AGE_WORDS), key=len, reverse=True)
_STACKED = ("到店", "来店", "消费")
_CLAUSE_END = re.compile(r"(?<=[\d元块级])(?=\+[^\d ])")


@dataclass(frozen=True, slots=True)
class _Group:
    """People who stand together in a line, as a list of ours: ``小美、张三``. ``start`` and ``end`` in the folded line."""

    people: str
    start: int
    end: int


def candidates(text: str) -> list[str]:
    """Every piece of a line that may be a name, to be looked up; none of a text too long to be an order."""
    line = read(text).plain
    if len(line) > LINE_AT_MOST:
        return []
    pieces = (
        line[start : start + length]
        for start in range(len(line))
        for length in range(SHORTEST, min(LONGEST, len(line) - start) + 1)
    )
    return list(dict.fromkeys(piece for piece in pieces if piece == piece.strip(" \n,、。+")))


def reread(text: str, names: Iterable[str]) -> str:
    """The line in our own form, if what stands around the names says one thing; else empty."""
    line = without_mood(without_lead(read(text)))
    groups = _groups(line, names)
    if not groups or len(groups) > _MOST_PEOPLE or "?" in line.plain[:-1]:
        return ""
    clauses = list(_clauses(line, groups))
    return "，".join(clauses) if len(clauses) == len(groups) and all(clauses) else ""


def offers(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Lines to offer for one that speaks of a customer and is no order: likely a payment, a word to them, a note."""
    line = without_lead(read(text))
    groups = _groups(line, names)
    if len(groups) != 1 or "、" in groups[0].people:
        return ()
    who, before, after = groups[0].people, line.cut(0, groups[0].start), line.cut(groups[0].end)
    found: list[str] = []
    told = _TOLD.match(after.plain)
    if after and (re.fullmatch(r"告诉|通知|回复?", before.plain) or (told and _TO.fullmatch(before.plain) and before)):
        found.append(f"回 {who} {(after.group(told, 'text') if told else after).typed}")
    paid = _MONEY.search(_NOT_MONEY.sub(lambda match: " " * len(match.group()), line.plain))
    if paid and not _NO_DEAL.search(line.plain) and not _OTHER_VALUE.search(line.plain):
        verb = next((verb for words, verb in _MONEY_VERBS if words.search(line.plain)), "消费")
        away = _AWAY.search(line.plain) if verb == "消费" else None
        found.append(f"{verb} {who} {paid['yuan']}{' ' + away.group() if away else ''}")
    said_before = "" if _TO.fullmatch(before.plain) else before.typed
    rest = " ".join(piece for piece in (said_before, after.strip(" ,:").typed.removeprefix("的")) if piece)
    if len(rest) > 1:
        found.append(f"备注 {who} {rest}")
    return (*found, f"查 {who}")


def order_step(text: str, names: Iterable[str]) -> tuple[str, tuple[int, ...], str] | None:
    """``李四的货发了 顺丰 SF1``: the step said of a customer's order, the stages it can be in, and the words after it."""
    line = without_mood(without_lead(read(text)))
    groups = _groups(line, names)
    if len(groups) != 1:
        return None
    around = f"{line.cut(0, groups[0].start).typed} {line.cut(groups[0].end).typed}".strip()
    for pattern, verb, stages in _ORDER_STEPS:
        if match := pattern.fullmatch(around):
            return verb, stages, match["rest"].strip(" ,，:：")
    return None


def is_sentence(text: str) -> bool:
    """Whether words in the place of a name say more than one: 张姐和李四一共."""
    return bool(_SENTENCE.search(text))


def may_be_name(text: str) -> bool:
    """Whether a word nobody is called by could be a new customer's name, and is not a piece of a sentence."""
    words = (text[at : at + 2] for at in range(len(text) - 1))
    return bool(_NAME_LIKE.fullmatch(text)) and not is_sentence(text) and not any(map(is_verb, words))


def _groups(line: Words, names: Iterable[str]) -> list[_Group]:
    groups: list[_Group] = []
    for start, end in _spots(line.lower, names):
        name = line.cut(start, end).typed
        last = groups[-1] if groups else None
        if last and _AND.fullmatch(line.plain[last.end : start]):
            groups[-1] = _Group(f"{last.people}、{name}", last.start, end)
        else:
            groups.append(_Group(name, start, end))
    return groups


def _spots(plain: str, names: Iterable[str]) -> list[tuple[int, int]]:
    """Where names stand, the longest first: in 王芳芳到店 it is 王芳芳 who came, not 王芳."""
    taken: list[tuple[int, int]] = []
    # Of a customer called 群发 nobody knows where the name ends and our verb begins.
    said = {lower for name in names if not is_verb(lower := read(name).lower)}
    for name in sorted(said, key=len, reverse=True):
        at = plain.find(name)
        while at >= 0:
            end = at + len(name)
            if all(end <= start or at >= stop for start, stop in taken):
                taken.append((at, end))
            at = plain.find(name, end)
    return sorted(taken)


def _clauses(line: Words, groups: list[_Group]) -> Iterator[str]:
    """Each group with what is said of it up to the next; empty for one that is not plain."""
    before = line.cut(0, groups[0].start)
    several = len(groups) > 1
    if several and not _TO.fullmatch(before.plain):
        return  # a verb before the first name may or may not be meant for the next one too
    for index, group in enumerate(groups):
        end = groups[index + 1].start if index + 1 < len(groups) else len(line)
        after = line.cut(group.end, end).strip(" \n,;。")
        if several and (not after or _JOINT.search(after.plain)):
            return
        glued = line.plain[group.end : group.end + 1] != " "
        clause = _clause(before, group.people, after, glued=glued)
        yield "" if several and clause.startswith("查 ") else clause
        before = line.cut(0, 0)


def _clause(before: Words, who: str, after: Words, *, glued: bool) -> str:
    kindly = _KINDLY.match(before.plain)
    before = before.cut(kindly.end()) if kindly else before
    if _TO.fullmatch(before.plain):
        return _predicate(who, after, bare=not before)
    if _JOINT.search(after.plain) and before.strip(" :,").lower not in _NOTES:
        return ""
    once = _ONCE.search(before.plain)
    verb = BEFORE_WHOM.get((before.cut(0, once.start()) if once else before).strip(" :,").lower)
    if verb is None:
        return ""
    if verb.words[0] in _LOOKS:
        return f"查 {who}" if _NOTHING_MORE.fullmatch(after.plain) else _looked_at(who, after)
    ends = _NO_NAME_GOES_ON.match(after.plain) or (verb.words[0] == "消费" and take_spelt_money(after))
    if verb.words[0] not in _TELLS and glued and not ends:
        return ""  # 消费小美妈298: somebody whose name begins like one we know
    return f"{verb.words[0]} {who} {after.strip(' :,').typed}".rstrip()


def _looked_at(who: str, after: Words) -> str:
    """``查小美订单``: what of the customer is to be looked at."""
    verb = BEHIND_WHOM.get(after.strip(" 的").lower)
    return f"{verb.words[0]} {who}" if verb else ""


def _predicate(who: str, after: Words, *, bare: bool) -> str:
    """What is said behind a customer: a verb, a field of the file, a new name, a grade, tags."""
    if bare and _NOTHING_MORE.fullmatch(after.plain):
        return f"查 {who}"
    lower = after.lower
    for pattern in (_GRADED, _SET_GRADE):
        if graded := pattern.fullmatch(lower):
            return f"级别 {who} {graded['grade'].upper()}"
    if renamed := _RENAMED.fullmatch(after.plain):
        return f"改名 {who} {after.group(renamed, 'name').typed}"
    if _SAME_PERSON.fullmatch(after.plain):
        return f"合并 {who}"
    if to_come := _TO_COME.fullmatch(after.plain):
        return f"{next(filter(None, to_come.groups()))} {who}"
    for pattern in _UNTAGGED:
        if (gone := pattern.fullmatch(lower)) and "的" not in gone["tag"][:-1]:
            return f"{who} -{after.group(gone, 'tag').typed}"
    if put := _TAGGED.fullmatch(after.plain):
        return f"{who} +{after.group(put, 'tag').typed}"
    if (signed := _SIGNS.fullmatch(after.plain)) and "-" not in signed["rest"]:
        return f"{who} {after.typed}"
    if back := _REFUNDED.fullmatch(after.plain):
        return f"退款 {who} {after.group(back, 'rest').typed}"
    late = _JUST_NOW.match(after.plain)
    return _verb_behind(who, after.cut(late.end()) if late else after) or _field_of(who, after)


def _verb_behind(who: str, after: Words) -> str:
    said = after.cut(1) if after.plain[:1] == "的" else after
    for length in range(min(5, len(said)), 1, -1):
        verb = BEHIND_WHOM.get(said.lower[:length])
        if verb is None:
            continue
        rest = said.cut(length).strip(" :,")
        if any(rest.plain.startswith(word) for word in _STACKED):
            return f"{who} {verb.words[0]} {_verb_behind('', rest).strip()}"
        return f"{who} {verb.words[0]} {_CLAUSE_END.sub(' ', rest.typed)}".rstrip()
    return ""


def _field_of(who: str, after: Words) -> str:
    said = after.cut(1) if after.plain[:1] == "的" else after
    word = next((word for word in _FIELDS if said.lower.startswith(word)), None)
    return f"资料 {who} {said.typed}" if word and len(said) > len(word) else ""
