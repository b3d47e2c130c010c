"""What a verb of the chat language is, and how the words after it are taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.errors import Refusal
from bot.language.intents import Intent, Whom
from bot.language.normalise import Words, without_mood
from bot.language.numerals import read_numeral
from bot.language.whom import whom, whoms


class Unclear(Refusal):
    """A line that cannot be carried out as said; ``nearest`` are the forms to offer instead.

    ``is_free``: no verb of ours was found, so nothing in particular is wrong with it.
    """

    def __init__(self, problem: str, *nearest: str, is_free: bool = False) -> None:
        super().__init__(problem)
        self.nearest = nearest
        self.is_free = is_free


@dataclass(frozen=True, slots=True)
class Said:
    """What was said beside the verb.

    ``whom`` is set where the customer stood before it (小美 消费 298); ``glued`` where no space followed it.
    """

    words: Words
    now: datetime
    whom: Words | None = None
    glued: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """``words``: ways to say it, ours first. ``forms``: whole lines to show; the first is offered for a misspelling.

    ``gluable``: the words after it may follow without a space. ``after_whom``: the customer may stand before it.
    ``takes_text``: a text of any lines follows; elsewhere a second line is another clause (``clauses.py``).
    """

    words: tuple[str, ...]
    read: Callable[[Said], Intent]
    forms: tuple[str, ...]
    gluable: bool = True
    after_whom: bool = False
    takes_text: bool = False


_NUMBER = re.compile(
    r"(?:单号|订单号?|活动|群发|编号|第|no\.?|#)? ?(\d{1,9}|[一二三四五六七八九十]{1,3})(?:号|单|个|条|项)?(?![\d.百千万])",
    re.ASCII,
)
_LATIN_NAME = re.compile(r"[a-z][a-z.'-]* [A-Z][a-z.'-]+(?= )", re.IGNORECASE)


def take_people(said: Said, example: str) -> tuple[tuple[Whom, ...], Words]:
    """Who stands before or after the verb, and the words after them. Raises ``Unclear``."""
    first, rest = (said.whom, said.words) if said.whom else split_people(said.words)
    people = whoms(first)
    if not people:
        raise Unclear(f"没说是哪位顾客，例如：{example}", example)
    if any(person.text[0] in "+-" for person in people):
        raise Unclear(f"“{first.typed[:20]}”不像顾客的名字，例如：{example}", example)
    return people, rest


def split_people(words: Words) -> tuple[Words, Words]:
    """The first word, with all that a list goes on with (小美、 张姐), and the rest."""
    plain, end = words.plain, 0
    while True:
        space = re.compile("[ \n]").search(plain, end)
        end = space.start() if space else len(plain)
        goes_on = plain[end - 1 : end] in ("、", ",") or plain[end + 1 : end + 2] in ("、", ",")
        if space is None or not goes_on:
            return words.cut(0, end), words.cut(end)
        end += 2


def take_person(said: Said, example: str) -> tuple[Whom, Words]:
    """As ``take_people``, for what can be done with one customer only. Raises ``Unclear``."""
    people, rest = take_people(said, example)
    if len(people) > 1:
        raise Unclear(f"这句话一次只能说一位顾客，例如：{example}", example)
    return people[0], rest


def one_person(words: Words, example: str) -> Whom:
    """The one customer these words point at. Raises ``Unclear``."""
    people = whoms(words)
    if len(people) != 1:
        problem = "这句话一次只能说一位顾客" if people else "没说是哪位顾客"
        raise Unclear(f"{problem}，例如：{example}", example)
    return people[0]


def take_addressee(said: Said, example: str) -> tuple[Whom, Words]:
    """One customer and a text for or about them, also divided by a colon or comma: 回 小美:您好. Raises ``Unclear``."""
    if said.whom:
        return take_person(said, example)
    stop = re.search(r"[ \n:,]", said.words.plain)
    end = stop.start() if stop else len(said.words)
    person = whom(said.words.cut(0, end))
    if not person.text:
        raise Unclear(f"没说是哪位顾客，例如：{example}", example)
    return person, said.words.cut(end).strip(" \n:,")


def take_number(words: Words, example: str) -> tuple[int, Words]:
    """The number of an order, activity, task or broadcast, and the words after it. Raises ``Unclear``."""
    match = _NUMBER.match(words.lower)
    number = read_count(match.group(1)) if match else None
    if match is None or not number:
        raise Unclear(f"没说是几号，例如：{example}", example)
    return number, words.cut(match.end()).strip(" \n,:")


def only_number(words: Words, example: str) -> int:
    """A number and nothing else. Raises ``Unclear``."""
    number, rest = take_number(words, example)
    expect_end(rest, example)
    return number


def read_count(text: str) -> int | None:
    """``20`` or ``二十``."""
    return int(text) if text.isascii() and text.isdigit() else read_numeral(text)


def expect_end(words: Words, *examples: str) -> None:
    """Raises ``Unclear`` if anything is left that says something."""
    rest = without_mood(words)
    if rest and rest.plain not in ("了", "吧", "一下", "哦", "呀", "啊", "谢谢"):
        raise Unclear(f"“{rest.typed[:20]}”没看懂，例如：{examples[0]}", *examples)


def unquoted(words: Words) -> str:
    """A name as typed, without quotes around it."""
    return words.strip(' "').typed
