"""Several clauses in one message: 小美 到店 消费298 +VIP. All are understood, or none is.

A clause begins after a new line or 。;, after a comma, or after a space; the weaker the sign, the more the words after
it must look like a clause. One that names nobody is about the customer spoken of before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.errors import Refusal
from bot.language.about_tags import tag_change
from bot.language.activity_intents import CheckIn
from bot.language.care_intents import Remind
from bot.language.customer_intents import Enrol, FollowUp, Grade, History, Note, Rename, Show, Visit
from bot.language.file_intents import FileEdit, FileShow
from bot.language.intents import Intent, Several, Whom
from bot.language.money import take_money
from bot.language.normalise import Words, read
from bot.language.order_intents import Deal, Delivered, Ordered, Orders, Purchase, Refund, Shipped, UsedUp
from bot.language.tag_intents import Tag
from bot.language.verbs import Said, Unclear, Verb
from bot.language.whom import whoms
from bot.language.work_intents import OpenCase, TaskDone, TaskLater

MOST_CLAUSES = 25
_LONGEST = 1200  # characters; a longer line is one text
_MOST_PLACES = 120  # where a clause might begin
_MOST_TRIES = 64  # pieces read to see whether they are clauses: a line has five milliseconds
_WINDOW = 80  # characters in which it shows how a clause begins

# What one 撤销 takes back together, and what only looks. The rest has its own question, code or message.
TOGETHER: tuple[type[Intent], ...] = (
    *(Visit, Purchase, Refund, Deal, Grade, FollowUp, Tag, Note, Rename, Enrol, OpenCase, CheckIn, Remind),
    *(FileEdit, FileShow, Ordered, Shipped, Delivered, UsedUp, TaskDone, TaskLater, Show, History, Orders),
)
_FREE_TEXT = (FollowUp, TaskDone, Remind)  # words in them may be ours without beginning a clause
_SEPARATOR = re.compile(r"[ \n,;。]+")
_SIGNED = re.compile(r"[+-] ?[^\d +\-]")
_SEGMENT_END = re.compile(r"[,;。\n]")
_AFTER_VERB = re.compile(r"[ \n,;。:=+¥\d两-]|$")
_NOTES = ("备注", "立案")
_LETTERED = ("级别", "跟进")  # 级别A, 跟进b
_CONFIRM = re.compile("确认|确定")
_LONGEST_GLUED = 60
_BARE = re.compile(r"[^ \n;。:+=-]{1,20}")
_GRADE = re.compile(r"[=:]? ?[a-z]级?", re.ASCII)
_LEVEL = re.compile(r"[a-d](?:级)?(?![a-z0-9])", re.ASCII)
_NOTE_OR_PLACE = re.compile(r"备注|到店(?=[ ,;。\n]|$)")
_THE_NEW_ONE = "上一个"

Found = tuple[Verb, int, bool] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How single clauses are read: ``verb_at`` what a piece begins with, ``one`` the intent of a piece (or Unclear)."""

    verb_at: Callable[[Words], Found]
    one: Callable[[Words], Intent]
    now: datetime


def read_several(line: Words, reading: Reading) -> Intent | None:
    """The clauses of a line as one ``Several``; None if it is one sentence. Raises ``Unclear`` if one clause is bad."""
    if len(line) > _LONGEST:
        return None
    found = reading.verb_at(line)
    if found and found[0].words[0] in ("人群", "为什么") and not _SEGMENT_END.search(line.plain):
        return None  # its spaces join conditions; trying each as a clause would take many times five milliseconds
    places = list(_places(line))
    if found and found[0].takes_text:
        # A further line may be a sentence beside a note; in a message or a script it is text.
        is_note = found[0].words[0] in _NOTES
        places = [place for place in places if is_note and "\n" in line.plain[place[0] : place[1]]]
    if not places or len(places) > _MOST_PLACES:
        return None
    return _Parse(line, reading).run(places)


def _places(line: Words) -> Iterator[tuple[int, int, str]]:
    """Where the words of a line stand apart: end of one, beginning of the next, and how strong the sign is."""
    for match in _SEPARATOR.finditer(line.plain):
        strength = "hard" if re.search(r"[\n;。]", match.group()) else "comma" if "," in match.group() else "space"
        if match.start() > 0 and match.end() < len(line):
            yield match.start(), match.end(), strength


class _Parse:
    """Goes through the places from the left; what stands before one must be a whole clause to end there."""

    def __init__(self, line: Words, reading: Reading) -> None:
        self._line = line
        self._reading = reading
        self._clauses: list[Intent] = []
        self._subject: Words | None = None
        self._begun = "hard"
        self._tries = 0
        self._led = False  # the line begins with a customer and a comma or space before the first verb

    def run(self, places: list[tuple[int, int, str]]) -> Intent | None:
        start = 0
        for end, begin, strength in places:
            piece, after = self._line.cut(start, end), self._line.cut(begin, begin + _WINDOW)
            if not self._may_end(piece, after, strength):
                continue
            if not self._clauses and self._subject is None and self._is_bare(piece, after):
                self._subject, self._led, start, self._begun = piece, True, begin, strength
                continue
            if not self._ends(piece, after, strength):
                continue
            start, self._begun = begin, strength
        if start == 0 or (self._led and not self._clauses and self._begun == "space"):
            return None
        last = self._line.cut(start)
        if self._clauses and _CONFIRM.match(last.plain):
            raise _alone(last)
        try:
            intent = self._read(last)
        except Refusal as error:
            if not self._clauses:
                raise
            nearest = error.nearest if isinstance(error, Unclear) else ()
            raise Unclear(f"“{last.typed[:20]}”这一句：{error}\n整条都没有改。", *nearest) from error
        self._take(intent, last)
        return self._result()

    def _may_end(self, piece: Words, after: Words, strength: str) -> bool:
        """Whether a clause could begin there, from how its first words look."""
        if _SIGNED.match(after.plain):
            return not re.search(r"[+-] ?[^ +-]*$", piece.plain) or strength != "space"
        found = self._reading.verb_at(after)
        if found is not None:
            verb, length, _ = found
            next_sign = after.lower[length : length + 1]
            stands_apart = bool(_AFTER_VERB.match(next_sign)) or (verb.words[0] in _LETTERED and next_sign in "abcdfs")
            if strength == "space":
                return verb.after_whom and stands_apart
            return stands_apart or self._is_clause(after)
        return strength != "space" and (bool(_CONFIRM.match(after.plain)) or self._is_clause(after))

    def _is_clause(self, after: Words) -> bool:
        """张姐到店 and 到店张姐 after a comma are clauses of their own, 活动价 is not."""
        end = _SEGMENT_END.search(after.plain)
        segment = after.cut(0, end.start()) if end else after
        self._tries += 1
        if len(segment) > _LONGEST_GLUED or self._tries > _MOST_TRIES:
            return False
        try:
            return isinstance(self._reading.one(segment), TOGETHER)
        except Refusal:
            return False

    def _is_bare(self, piece: Words, after: Words) -> bool:
        """Whether the line begins with nothing but a customer: 小美 到店 消费298, but not 小美，张姐 +VIP."""
        begins = _SIGNED.match(after.plain) or self._reading.verb_at(after)
        if not begins or self._reading.verb_at(piece) or not _BARE.fullmatch(piece.plain):
            return False
        return not self._is_clause(piece)

    def _ends(self, piece: Words, after: Words, strength: str) -> bool:
        """Takes the piece as a clause if it is one. Raises ``Unclear`` where a new sentence surely begins after it."""
        found = self._reading.verb_at(piece)
        if found and found[0].takes_text:
            is_note = found[0].words[0] in _NOTES
            if not is_note or "\n" not in self._between(piece, after) or not self._is_clause(after):
                return False
        self._tries += 1
        if self._tries > _MOST_TRIES:
            raise Unclear("这句话太长太杂了，请分开发，什么都没有改。", "帮助")
        try:
            intent = self._read(piece)
        except Refusal:
            if strength == "hard" and self._begun == "hard":
                raise
            return False
        if not isinstance(intent, TOGETHER):
            if strength != "hard":
                return False
            raise _alone(piece)
        if strength != "hard" and self._belongs_to(intent, piece, after, strength):
            return False
        self._take(intent, piece)
        return True

    def _belongs_to(self, intent: Intent, piece: Words, after: Words, strength: str) -> bool:
        """Whether words that could begin a clause belong to the one before them: its note, its place, its tags."""
        if _SIGNED.match(after.plain):
            return False
        if isinstance(intent, _FREE_TEXT):
            found = self._reading.verb_at(after)
            return not (strength == "comma" and found and found[0].after_whom and take_money(after.cut(found[1])))
        if isinstance(intent, Purchase | Deal | Refund):
            return bool(_NOTE_OR_PLACE.match(after.plain))
        return isinstance(intent, Tag) and strength == "space" and not re.search(r"[+-]", piece.plain)

    def _between(self, piece: Words, after: Words) -> str:
        return self._line.plain[piece.end - self._line.start : after.start - self._line.start]

    def _read(self, piece: Words) -> Intent:
        """One clause, about the customer of the clause before it where it names none. Raises ``Unclear``."""
        piece = piece.strip(" \n,;。")
        if _SIGNED.match(piece.plain) and self._subject:
            return Tag(whoms(self._subject), *tag_change(piece))
        found = self._reading.verb_at(piece)
        if found is None or self._subject is None or not found[0].after_whom:
            return self._reading.one(piece)
        verb, length, _ = found
        rest = piece.cut(length).strip(" \n:,")
        if not (self._led and not self._clauses) and not self._goes_on(verb, rest):
            return self._reading.one(piece)
        return verb.read(Said(rest, self._reading.now, self._subject))

    def _goes_on(self, verb: Verb, rest: Words) -> bool:
        """Whether a verb's words leave out the customer: 消费298, but not 消费 张姐 100. Raises ``Unclear``."""
        if not rest:
            return True
        money = take_money(rest)
        if money:
            if money[1] and self._begun == "hard" and not self._led and not isinstance(self._clauses[-1], Enrol):
                raise Unclear(f"“{verb.words[0]} {rest.typed[:20]}”没说是哪位，什么都没有改。", verb.forms[0])
            return True
        match verb.words[0]:
            case "标签" | "去标签":
                return bool(_SIGNED.match(rest.plain))
            case "级别":
                return bool(_GRADE.fullmatch(rest.lower))
            case "跟进":
                return bool(_LEVEL.match(rest.lower))
            case "资料":
                return self._fits(verb, rest)
            case "备注" | "立案":
                return self._begun != "hard" or " " not in rest.plain
        return False

    def _fits(self, verb: Verb, rest: Words) -> bool:
        try:
            verb.read(Said(rest, self._reading.now, self._subject))
        except Refusal:
            return False
        return True

    def _take(self, intent: Intent, piece: Words) -> None:
        if not isinstance(intent, TOGETHER):
            raise _alone(piece)
        last = self._clauses[-1] if self._clauses else None
        if isinstance(intent, Tag) and isinstance(last, Tag) and last.whom == intent.whom:
            self._clauses[-1] = replace(last, add=last.add + intent.add, remove=last.remove + intent.remove)
        elif isinstance(last, Show) and isinstance(intent, History | Orders):
            self._clauses[-1] = intent  # 查 小美 订单 looks at one thing
        else:
            self._clauses.append(intent)
        if len(self._clauses) > MOST_CLAUSES:
            raise Unclear(f"一次最多说 {MOST_CLAUSES} 句，请分开发，什么都没有改。", "帮助")
        self._subject = _subject(intent) or self._subject

    def _result(self) -> Intent:
        return self._clauses[0] if len(self._clauses) == 1 else Several(tuple(self._clauses))


def _alone(piece: Words) -> Unclear:
    return Unclear(f"“{piece.typed[:20]}”不能和别的话连着说，请分开发，什么都没有改。", "帮助")


def _subject(intent: Intent) -> Words | None:
    """Whom a clause was about, as words the next one can be read with."""
    if isinstance(intent, Enrol):
        return read(_THE_NEW_ONE)
    people = getattr(intent, "whom", None)
    if isinstance(people, Whom):
        people = (people,)
    return read("、".join(f"#{one.text}" if one.kind == "number" else one.text for one in people)) if people else None
