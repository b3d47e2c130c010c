"""Sentences about a customer's file and what belongs to it: 资料, 照片, 合并, 找."""

from __future__ import annotations

import re
from datetime import date
from itertools import zip_longest

from bot.language.file_fields import AGE_WORDS, BY_WORD, DESCRIPTION_LIMIT, FileField, age, bare, strict, take_birth
from bot.language.file_intents import Birth, FileEdit, FileShow, Find, Merge, Photos
from bot.language.intents import Intent
from bot.language.normalise import Words, without_mood
from bot.language.verbs import Said, Unclear, Verb, read_count, take_person
from bot.language.whom import whom, whoms

_FILE = "资料 小美 生日 农历八月十五 衣码 L 爱好 瑜伽"
_EMPTY, _PHOTO, _MERGE, _FIND = "资料 小美 删除 电话", "照片 小美", "合并 张姐 #12", "找 蓝色连衣裙"
FIND_LIMIT = 40

_WORDS = sorted((*BY_WORD, *AGE_WORDS), key=len, reverse=True)
_KEY = re.compile(rf"(?:(?<=[ \n,;、。])|^)(?P<word>{'|'.join(map(re.escape, _WORDS))})")
_IS = re.compile(r" ?(?:[:=]|是(?!个|一|不))? ?")
_REMOVE = re.compile(r"(?:删除|删掉|删|去掉|清空|清除) ?")
_NUMBER = re.compile(r"(?P<remove>(?:删除|删掉|删|去掉) ?)?(?:第|no\.?|#)? ?(?P<number>\d{1,4})(?:号|张)?", re.ASCII)
_ALSO_BEGINNINGS = ("工作", "单位", "家里", "家人", "家庭", "风格", "习惯", "印象", "看重", "地址", "对优惠", "对促销")
_PART = r"[ \n,;、。]+"


def _file(said: Said) -> Intent:
    person, rest = take_person(said, _FILE)
    rest = rest.strip(" \n:,;")
    if not rest:
        return FileShow(person)
    if removed := _REMOVE.match(rest.plain):
        return FileEdit(person, removed=_named(rest.cut(removed.end())))
    gathered = _Gathered(said.now.date())
    gathered.take(rest)
    return FileEdit(person, tuple(gathered.values.items()), gathered.birth)


def file_of(line: Words) -> Intent | None:
    """``小美的资料``, or None."""
    match = re.fullmatch(r"(?P<whom>[^ \n]{1,20})的(?:资料|档案)", without_mood(line).plain)
    return FileShow(whom(without_mood(line).group(match, "whom"))) if match else None


def _named(words: Words) -> tuple[str, ...]:
    """Fields by name only. Raises ``Unclear``."""
    names = [word.lower.replace(" ", "") for word in words.split(_PART)]
    wrong = next((name for name in names if name not in BY_WORD and name not in AGE_WORDS), None)
    if not names or wrong is not None:
        raise Unclear(f"要删哪一项？“{(wrong or '')[:20]}”没看懂，例如：{_EMPTY}", _EMPTY)
    return tuple(dict.fromkeys("birth" if name in AGE_WORDS else BY_WORD[name].name for name in names))


class _Gathered:
    """The parts of a file line, each once; a part that says nothing we know stops all of it."""

    def __init__(self, today: date) -> None:
        self.values: dict[str, str] = {}
        self.birth: Birth | None = None
        self._today = today

    def take(self, line: Words) -> None:
        """Reads ``生日 5月1日 女 衣码 L``. Raises ``Unclear``."""
        keys = [match for match in _KEY.finditer(line.lower) if _is_key(line, match)]
        if not keys or keys[0].start() > 0:
            self._bare([line.cut(0, keys[0].start() if keys else len(line))])
        for match, after in zip_longest(keys, keys[1:]):
            value = line.cut(match.end(), after.start() if after else None)
            glue = _IS.match(value.plain)
            value = value.cut(glue.end() if glue else 0).strip(" \n,;、")
            if not value or value.plain in ("。", "."):
                raise Unclear(f"“{match['word']}”后面还没写，例如：{_FILE}", _FILE)
            self._keyed(match["word"], value)

    def _keyed(self, word: str, value: Words) -> None:
        if word in AGE_WORDS:
            born, rest = age(value, self._today, _FILE)
            self._born(born)
        elif BY_WORD[word].name == "birth":
            born, rest = take_birth(value, self._today, _FILE)
            self._born(born)
        elif limit := BY_WORD[word].limit:
            kept, rest = _told(BY_WORD[word], value, limit), []
            self._keep(BY_WORD[word].name, kept)
        else:
            kept, rest = strict(BY_WORD[word], value, _FILE)
            self._keep(BY_WORD[word].name, kept)
        self._bare(rest)

    def _bare(self, pieces: list[Words]) -> None:
        for piece in pieces:
            for word in piece.split(_PART):
                found = bare(word, self._today)
                if found is None:
                    raise Unclear(f"“{word.typed[:20]}”没看懂是哪一项，什么都没有记。例如：{_FILE}", _FILE)
                field, value = found
                if isinstance(value, Birth):
                    self._born(value)
                else:
                    self._keep(field, value)

    def _keep(self, field: str, text: str) -> None:
        if self.values.setdefault(field, text) != text:
            raise Unclear(f"同一项写了两个：“{self.values[field][:20]}”和“{text[:20]}”，请只写一个。", _FILE)

    def _born(self, birth: Birth) -> None:
        known = self.birth
        if known is None:
            self.birth = birth
        elif known.month and not birth.month and not known.year:
            self.birth = Birth(known.month, known.day, birth.year, known.lunar)
        elif birth.month and not known.month and not birth.year:
            self.birth = Birth(birth.month, birth.day, known.year, birth.lunar)
        elif known != birth:
            raise Unclear("生日写了两个，请只写一个。", _FILE)


def _is_key(line: Words, match: re.Match[str]) -> bool:
    """A word of free text may begin like a field's name (工作人员): there the name wants something between."""
    field = BY_WORD.get(match["word"])
    after = line.plain[match.end() : match.end() + 1]
    glues = field is None or not field.limit or match["word"] not in _ALSO_BEGINNINGS
    return glues or not after or after in " \n:=,是"


def _told(field: FileField, value: Words, limit: int) -> str:
    text = value.strip(" \n,;、。").typed
    if len(text) > limit:
        more = "（备注可以记更长的）" if limit == DESCRIPTION_LIMIT else ""
        raise Unclear(f"{field.words[0]}最多 {limit} 个字，现在 {len(text)} 个，没有记{more}。", _FILE)
    return text


def _photos(said: Said) -> Intent:
    person, rest = take_person(said, _PHOTO)
    if not rest:
        return Photos(person)
    match = _NUMBER.fullmatch(without_mood(rest).plain)
    number = read_count(match["number"]) if match else None
    if match is None or not number:
        raise Unclear(f"“{rest.typed[:20]}”没看懂。照片接着发就行；看第 2 张说：照片 小美 2", _PHOTO, "照片 小美 2")
    return Photos(person, number, bool(match["remove"]))


def _merge(said: Said) -> Intent:
    words = said.words
    people = whoms(words)
    if len(people) == 1:
        pieces = words.split(r" ?(?:和|与|跟|到|&|\+) ?|[ \n]+")
        people = tuple(whom(piece) for piece in pieces)
    if len(people) != 2 or not all(person.text for person in people):
        raise Unclear(f"合并要写两位，例如：{_MERGE}（标签合并说：标签 合并 旧 到 新）", _MERGE)
    return Merge(*people)


def _find(said: Said) -> Intent:
    words = said.words.strip(' \n"。?!')
    if not words:
        raise Unclear(f"找什么？名字、备注、单子、聊过的都能找，例如：{_FIND}", _FIND)
    if len(words) > FIND_LIMIT:
        raise Unclear(f"要找的话太长了（最多 {FIND_LIMIT} 个字），写一两个词就行，例如：{_FIND}", _FIND)
    return Find(words.typed)


def _delete(said: Said) -> Intent:
    """Nothing of ours is deleted by this word alone; each thing has its own way."""
    what = said.words.plain
    if what.startswith("活动"):
        raise Unclear("活动不删，可以关掉：活动 关闭 3", "活动 关闭 3", "活动")
    if what.startswith("话术"):
        raise Unclear("话术不删，可以改内容：话术 改 到店礼", "话术 改 到店礼", "话术")
    raise Unclear(
        "顾客的档案店员删不了，什么都没有删。去掉一项：资料 小美 删除 电话；重复的：合并 张姐 #12；"
        "要全删，请顾客自己发：删除我的资料",
        _EMPTY,
    )


VERBS = (
    Verb(("删除", "删掉", "删"), _delete, (_EMPTY,)),
    Verb(("资料", "档案", "客户资料", "顾客资料"), _file, (_FILE, "资料 小美"), after_whom=True),
    Verb(("照片", "相片", "图片"), _photos, (_PHOTO,), gluable=False, after_whom=True),
    Verb(("合并", "合并顾客"), _merge, (_MERGE,), gluable=False),
    Verb(("找", "搜"), _find, (_FIND,), gluable=False),
    Verb(("搜索", "找找", "搜一下", "找一下", "查找", "谁买过", "谁买了"), _find, (_FIND,)),
)
