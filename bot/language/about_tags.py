"""Sentences about tags: 小美 +VIP -组C, 给张三贴标签 VIP, the tag book, tags for a whole segment."""

from __future__ import annotations

import re

from bot.language.about_activities import MONEY_OUT
from bot.language.intents import Intent, Whom
from bot.language.normalise import Words, tag_name, without_mood
from bot.language.numerals import NUMERAL_CHARS, read_numeral
from bot.language.segment_terms import EVERYONE
from bot.language.segments import parse_words
from bot.language.tag_intents import RuleChange, RuleList, Tag, TagBook, TagDelete, TagJoin, TagSegment
from bot.language.verbs import Said, Unclear, Verb, expect_end, take_people
from bot.language.whom import whoms
from bot.language.work_intents import StaffHandOver, StaffRemove

_TAG = "标签 小美 +VIP -意向C"
_TAG_BY_NAME = "小美 +VIP -意向C"
_SEGMENT = "批量标签 老客 +节日"

_SIGNED = re.compile(r'[ \n]*(?P<sign>[+-]?) ?(?P<tags>"[^"]+"|[^ \n+"][^ \n+"]*)')
_AMOUNT = re.compile(r"[+-] ?[\d.]+ ?(?:积分|分|元|块钱?)?")
_TAG_LIST = r'[、,](?=(?:[^"]*"[^"]*")*[^"]*$)'
_SIGNED_ONLY = re.compile(
    r"(?:[^ \n+、,]{1,40}(?: ?[、,] ?[^ \n+、,]{1,40})*|[A-Za-z]+ [A-Za-z]+)"
    r'(?P<changes>(?:(?: [+-] ?|\+ ?)(?:"[^"\n]+"|[^ \n+"-][^ \n+"]*))+)'
)
_SUB = re.compile(r"(?P<word>合并|删除|删掉|列表)[ :]*")
_ARROW = (re.compile(r"(?P<old>\S.*?) (?:合并)?(?:到|进|并入|为|->|→|=>) (?P<new>\S.*)"),
          re.compile(r"(?P<old>\S+?)(?:->|→|=>|到)(?P<new>\S+)"))  # fmt: skip

_PUT = "贴个|打个|加个|贴上?|打上?|加上?|添加|标上?|设为?"
_TAKE = "去掉|删掉|删除|取消|移除|撕掉|拿掉|去除|去"
_LONGEST_GIVEN = 300  # the patterns go through a line more than once
_GIVE_PUT = (
    re.compile(rf"(?P<whom>.+?) ?(?:{_PUT}) ?标签 ?:? ?(?P<tags>.+)"),
    re.compile(rf"(?P<whom>.+?) ?(?:{_PUT}) ?(?P<tags>.+?) ?(?:的|这个|这些)?标签"),
)
_GIVE_SEGMENT = re.compile(r"(?P<segment>[^ +]+?) ?批量(?:贴|打|加)?标签 ?(?P<changes>[+-].+)")
_STUCK = re.compile(r"(?P<whom>[^ +]{1,12}?)(?:贴上?|打上?|加上?)标签 ?:? ?(?P<tags>[^ ].*)")
_STUCK_AROUND = re.compile(r"(?P<whom>[^ +]{1,12}?)(?:贴上?|打上?|加上?)(?P<tags>[^ ]{1,20}?)的?标签")
_JOINED = re.compile(
    r"(?:标签)?(?P<old>[^ ]{1,20}?)(?:这个)?(?:标签)? ?合并?(?:到|进|成|入) ?(?:标签)?(?P<new>[^ ]{1,20})"
)
_DELETED = re.compile(r"(?P<tag>[^ ]{1,20}?)(?:这个|那个)标签(?:给?我?)(?:删了|删掉|删除|去掉)(?:吧|了)?")
_ALL_OF_THEM = re.compile(
    rf"(?P<segment>[^ ]{{1,20}}?)(?:里?的?(?:人|客户|顾客))?(?:全都|全部|都)(?:{_PUT})(?:标签)? ?"
    r"(?P<tags>[^ ]{1,20}?)(?:的?标签)?"
)
_MONEY_OUT = re.compile("红包|转账|转钱|打钱|发钱")
_STAFF_GOES = re.compile(r"(?:店员|员工)?(?P<who>[^ 的]{1,10}?) ?(?:移除|开除|辞退|移出)(?:掉|了|吧)*")
_STAFF_GIVES = re.compile(
    r"(?P<old>[^ 的]{1,10}?)的?(?:顾客|客户|客人|活)?(?:都)?(?:交接给|交给|转给) ?(?P<new>[^ ]{1,10})"
)
_GIVE_TAKE = (
    re.compile(rf"(?P<whom>[^的]+?)的(?P<tags>.+?) ?标签 ?(?:{_TAKE})"),
    re.compile(rf"(?P<whom>.+?) ?(?:{_TAKE}) ?标签 ?:? ?(?P<tags>.+)"),
    re.compile(rf"(?P<whom>.+?)的?标签 ?(?P<tags>.+?) ?(?:{_TAKE})"),
    re.compile(rf"(?P<whom>.+?) ?(?:{_TAKE}) ?(?P<tags>.+?) ?(?:的|这个|这些)?标签"),
)


def _changes(words: Words, example: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``+A、B -C D`` as tags to add and to remove. A word without a sign is added. Raises ``Unclear``."""
    add: list[str] = []
    remove: list[str] = []
    here, plain = 0, words.plain
    while here < len(plain):
        match = _SIGNED.match(plain, here)
        if match is None:
            raise Unclear(f"“{words.cut(here).typed[:20]}”没看懂，例如：{example}", example)
        _put(add, remove, match["sign"], words.group(match, "tags"), example)
        here = match.end()
    if not add and not remove:
        raise Unclear(f"没说加什么标签、去什么标签，例如：{example}", example)
    if both := set(add) & set(remove):
        raise Unclear(f"“{both.pop()}”又加又去，没有改，例如：{example}", example)
    return tuple(dict.fromkeys(add)), tuple(dict.fromkeys(remove))


def _put(add: list[str], remove: list[str], sign: str, tags: Words, example: str) -> None:
    quoted = tags.plain.startswith('"')
    if sign and not quoted and re.search(r"[^-]-", tags.plain):
        plus, _, minus = tags.typed.partition("-")
        raise Unclear(f"“{tags.typed[:20]}”要分开写：{sign}{plus} -{minus}；标签里带横线就加引号。", example)
    for tag in tags.split(_TAG_LIST):
        name = tag_name(tag.strip(' "').typed)
        if not name or name.strip("+-") == "":
            raise Unclear(f"“{tags.typed[:20]}”不像标签，例如：{example}", example)
        (remove if sign == "-" else add).append(name)


def _tag(said: Said) -> Intent:
    if said.whom is None:
        if not said.words:
            return TagBook()
        if match := _SUB.match(said.words.plain):
            return _book(match["word"], said.words.cut(match.end()))
    people, rest = _people_and_changes(said)
    return _tagged(people, *_changes(rest, _TAG))


def _tagged(people: tuple[Whom, ...], add: tuple[str, ...], remove: tuple[str, ...]) -> Intent:
    """``全部 +节日`` means everybody, nobody is called that."""
    if len(people) == 1 and people[0].text in EVERYONE:
        return TagSegment(people[0].text, add, remove)
    return Tag(people, add, remove)


def _people_and_changes(said: Said) -> tuple[tuple[Whom, ...], Words]:
    """The sign may be glued to the name: 标签 张三+A."""
    sign = said.words.plain.find("+")
    space = said.words.plain.find(" ")
    if said.whom is None and sign > 0 and not 0 <= space < sign:
        return whoms(said.words.cut(0, sign)), said.words.cut(sign)
    return take_people(said, _TAG)


def _book(word: str, rest: Words) -> Intent:
    if word == "列表":
        expect_end(rest, "标签")
        return TagBook()
    if word == "合并":
        for arrow in _ARROW:
            if match := arrow.fullmatch(rest.plain):
                return TagJoin(_name(rest.group(match, "old")), _name(rest.group(match, "new")))
        if len(two := rest.split()) == 2:
            return TagJoin(_name(two[0]), _name(two[1]))  # the question before the code says which goes into which
        raise Unclear("合并标签要说从哪个到哪个，例如：标签 合并 老顾客 到 老客", "标签 合并 老顾客 到 老客")
    if not rest:
        raise Unclear("没说删除哪个标签，例如：标签 删除 试用", "标签 删除 试用")
    return TagDelete(_name(rest))


def _name(words: Words) -> str:
    return tag_name(words.strip(' "').typed)


def _delete_tag(said: Said) -> Intent:
    """``删除标签 老客`` names a tag only, ``删除标签 小美 意向C`` somebody's."""
    return _remove_tag(said) if said.whom or len(said.words.split()) != 1 else TagDelete(_name(said.words))


def _remove_tag(said: Said) -> Intent:
    people, rest = take_people(said, "去标签 小美 意向C")
    add, remove = _changes(rest, "去标签 小美 意向C")
    return Tag(people, (), add + remove)


def tag_by_signs(line: Words) -> Intent | None:
    """``小美 +VIP +意向A -C组`` and ``小美+VIP``: a name, then nothing but signed words."""
    match = _SIGNED_ONLY.fullmatch(line.plain)
    if match is None:
        return None
    changes = line.group(match, "changes")
    if _AMOUNT.fullmatch(changes.plain):
        return None  # 小美 +50 and +50积分 are about points or money, not about a tag
    people = whoms(line.cut(0, match.start("changes")))
    return _tagged(people, *_changes(changes, _TAG_BY_NAME)) if people else None


def tag_change(signed: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``+VIP -C组`` without the customer: tags to add and to remove. Raises ``Unclear``."""
    return _changes(signed, _TAG_BY_NAME)


def tag_by_verb(line: Words) -> Intent | None:
    """``张三贴标签 VIP、北京``: the customer is glued to the verb."""
    match = _STUCK.fullmatch(line.plain) or _STUCK_AROUND.fullmatch(line.plain)
    if match is None:
        return None
    return Tag(whoms(line.group(match, "whom")), _changes(line.group(match, "tags"), _TAG_BY_NAME)[0], ())


def _give(said: Said) -> Intent:
    """``给张三贴标签 VIP、北京``, ``给张三去掉标签 VIP``, ``把张三的标签VIP去掉``."""
    example = "给张三贴标签 VIP、北京"
    if len(said.words) > _LONGEST_GIVEN:
        raise Unclear(f"要给顾客做什么？例如：{example}", example)
    if match := _GIVE_SEGMENT.fullmatch(said.words.plain):
        changes = _changes(said.words.group(match, "changes"), _SEGMENT)
        return TagSegment(said.words.group(match, "segment").typed, *changes)
    if signed := tag_by_signs(said.words):
        return signed
    for patterns, sign in ((_GIVE_TAKE, "-"), (_GIVE_PUT, "+")):
        for pattern in patterns:
            if match := pattern.fullmatch(said.words.plain):
                people = whoms(said.words.group(match, "whom"))
                tags, _ = _changes(said.words.group(match, "tags"), example)
                return _tagged(people, tags, ()) if sign == "+" else _tagged(people, (), tags)
    if match := _JOINED.fullmatch(said.words.plain):
        return TagJoin(_name(said.words.group(match, "old")), _name(said.words.group(match, "new")))
    if match := _DELETED.fullmatch(said.words.plain):
        return TagDelete(_name(said.words.group(match, "tag")))
    if match := _ALL_OF_THEM.fullmatch(said.words.plain):
        tags, _ = _changes(said.words.group(match, "tags"), example)
        return TagSegment(said.words.group(match, "segment").typed, tags)
    if _MONEY_OUT.search(said.words.plain):
        raise Unclear(MONEY_OUT, "红包")
    if match := _STAFF_GOES.fullmatch(said.words.plain):
        return StaffRemove(said.words.group(match, "who").typed)
    if match := _STAFF_GIVES.fullmatch(said.words.plain):
        return StaffHandOver(said.words.group(match, "old").typed, said.words.group(match, "new").typed)
    raise Unclear(f"要给顾客做什么？例如：{example}", example)


def _tag_segment(said: Said) -> Intent:
    """The changes are the signed words from the first ``+`` on: a ``-`` before it belongs to the segment."""
    words = said.words
    signs = list(re.finditer(r"(?:(?:^| )(?P<sign>[+-])|(?<=[^ +-])(?P<glued>\+))(?=\S)", words.plain))
    plus = next((match for match in signs if match["sign"] == "+" or match["glued"]), None)
    minus = [match for match in signs if match["sign"] == "-"]
    if plus is None and len(minus) > 1:
        raise Unclear("几个“-”分不清：人群里不要的写“非”，要去掉的标签写“-”，例如：批量标签 Y 非VIP -节日", _SEGMENT)
    first = plus or (minus[0] if minus else None)
    if first is None:
        raise Unclear(f"没说加什么标签，例如：{_SEGMENT}", _SEGMENT)
    segment = words.cut(0, first.start())
    parse_words(segment)
    return TagSegment(segment.typed, *_changes(words.cut(first.start()), _SEGMENT))


_RULE = "规则 流失预警 45天"
_SWITCHES = {
    "关": False,
    "关闭": False,
    "停": False,
    "停用": False,
    "关掉": False,
    "开": True,
    "打开": True,
    "开启": True,
    "启用": True,
}
_SWITCH = "|".join(sorted(_SWITCHES, key=len, reverse=True))
_SWITCHED = (
    re.compile(rf"(?P<switch>{_SWITCH}) ?(?P<name>\S+)"),
    re.compile(rf"(?P<name>\S+?) ?(?P<switch>{_SWITCH})"),
)
_NUMBERED = re.compile(
    rf"(?P<name>[^\d\s]+?) ?(?:改成|改为|为|=|:)? ?(?P<number>\d{{1,7}}|[{NUMERAL_CHARS}]+) ?(?P<unit>天|日|次|回|%|元|块)?",
    re.ASCII,
)
_UNITS = {"日": "天", "回": "次", "块": "元"}


def _rule(said: Said) -> Intent:
    words = without_mood(said.words)
    if not words or words.plain in ("列表", "有哪些"):
        return RuleList()
    for form in _SWITCHED:
        if match := form.fullmatch(words.plain):
            return RuleChange(tag_name(words.group(match, "name").typed), _SWITCHES[match["switch"]])
    if match := _NUMBERED.fullmatch(words.plain):
        number = int(match["number"]) if match["number"].isdigit() else read_numeral(match["number"])
        if number:
            unit = match["unit"] or ""
            return RuleChange(tag_name(words.group(match, "name").typed), None, number, _UNITS.get(unit, unit))
    raise Unclear(f"“{words.typed[:20]}”没看懂，例如：规则 关 流失预警、{_RULE}", "规则", "规则 关 流失预警", _RULE)


VERBS = (
    Verb(
        ("标签", "打标签", "贴标签", "加标签", "打标", "贴标", "标记", "tag"),
        _tag,
        (_TAG, "标签", "标签 合并 老顾客 到 老客", "标签 删除 试用"),
        after_whom=True,
    ),
    Verb(
        ("去标签", "去掉标签", "取消标签", "移除标签"),
        _remove_tag,
        ("去标签 小美 意向C",),
        after_whom=True,
    ),
    Verb(("删标签", "删除标签", "删掉标签"), _delete_tag, ("标签 删除 试用", "去标签 小美 意向C"), after_whom=True),
    Verb(("批量标签", "批量打标", "批量贴标签", "批量打标签"), _tag_segment, (_SEGMENT,)),
    Verb(("给", "帮"), _give, ("给张三贴标签 VIP、北京",)),
    Verb(("把",), _give, ("把张三的标签VIP去掉",)),
    Verb(("规则", "标签规则", "规则标签"), _rule, ("规则", "规则 关 流失预警", _RULE)),
    Verb(("标签列表", "标签库", "标签册"), lambda said: _book("列表", said.words), ("标签",)),
    Verb(("合并标签",), lambda said: _book("合并", said.words), ("标签 合并 老顾客 到 老客",)),
)
