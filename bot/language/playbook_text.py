"""A playbook as a merchant writes it on a phone, line by line, and the steps it stands for::

    进：Y 且 O 且 非VIP
    目标：买了
    1. 2天后 发 新品问需A
    2. 7天后 没回复 发：{{称呼}}，上次看的那几样到新色了，要看图吗？
    3. 14天后 级别=A 打电话
    每半年 打电话 VIP电话提纲
    有活动 先请 VIP首邀

Waits count from the step before. A line that begins nothing of its own goes on with the text above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from bot.errors import Refusal
from bot.language.normalise import Words, read
from bot.language.segments import SegmentError, parse_segment
from bot.language.verbs import read_count

Action = Literal["script", "text", "task", "call"]

ANSWERED, SILENT = "回复了", "没回复"
BOUGHT_AGAIN, SPOKE = "再买", "回复"
MOST_STEPS = 20
LONGEST_WAIT = 400  # days
LONGEST_TEXT = 600  # characters: what a phone shows without scrolling, and far below what one message holds
LONGEST = 4000
EXAMPLE = "2天后 没回复 发 新品问需A"


class PlaybookError(Refusal):
    """A line of a playbook that is not understood; ``str(error)`` names it and shows an example."""


@dataclass(frozen=True, slots=True)
class Step:
    """``wait`` days after the step before, if ``condition`` holds (empty, ``没回复``, ``回复了`` or a segment).

    ``what``: the name of a script, the text to say, what staff are to do, or the outline of a call (may be empty).
    """

    wait: int
    action: Action
    what: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Playbook:
    """Who enters, when the goal is reached (empty: never), the steps; ``call_every`` days a call by ``call_outline``,
    0 = none; ``invitation``: the script by which its people hear of a new activity before others."""

    entry: str
    goal: str = ""
    steps: tuple[Step, ...] = ()
    call_every: int = 0
    call_outline: str = ""
    invitation: str = ""


_UNITS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}
_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十百半]{1,4})"
_SPAN = rf"(?P<count>{_COUNT}) ?个?(?P<half>半)?(?P<unit>天|日|周|星期|礼拜|月|年)"
_NUMBERED = re.compile(r"(?:第?(?:\d{1,2}|[一二三四五六七八九十])步?(?:[.、．)）:：]|步) ?|[-·•*] ?|[①-⑳] ?)(?!\d)")
_AT_ONCE = re.compile(r"(?:当天|当日|马上|立刻|立即|现在|一?进来(?:就|时)?|0天后?|第0天)[ ,:]*")
_ON_DAY = re.compile(rf"第 ?(?P<count>{_COUNT}) ?天[ ,:]*")
_AFTER = re.compile(rf"(?:再?(?:等|过|隔) ?)?{_SPAN}(?:之?后|以后|过后)?[ ,:]*")
_EVERY = re.compile(
    rf"(?:每(?:隔)? ?{_SPAN}|(?P<year>一年|每年) ?(?P<times>\d|一|两|二|三|四)[次通]个?)[ ,:]*"
    r"(?:打|给TA打)?(?:一?[次通个])?(?:电话)?[ ,:]*(?P<outline>.*)"
)
_ACTIVITY = re.compile(
    r"(?:有|办|开)?新?(?:活动)(?:时|了|就|前)?[ ,:]*(?:先|最先|提前|第一个)?(?:请|邀请|邀|发|说|通知)?[ ,:]*(?P<script>.*)"
)
_HEAD = re.compile(
    r"(?P<word>进入|进来|进|人群|对象|给谁|谁|目标|目的|离开|到什么时候)[ ]*(?:条件)?[:=是 ]+(?P<rest>.*)"
)
_ENTRY_WORDS = ("进入", "进来", "进", "人群", "对象", "给谁", "谁")
_ACTIONS = {
    "发话术": "script",
    "发": "script",
    "说": "text",
    "任务": "task",
    "提醒店员": "task",
    "提醒我": "task",
    "打个电话": "call",
    "打电话": "call",
    "电话": "call",
}
_ACTION = re.compile(rf"(?:{'|'.join(_ACTIONS)})")
_IF = re.compile(r"^(?:如果|要是|若是?|只给|只发给|只有|对)|(?:的话|时|就|的)$")
_SILENT = {
    "没回复",
    "没回",
    "没回话",
    "没回音",
    "没反应",
    "不回",
    "不回复",
    "没理",
    "未回复",
    "还没回复",
    "还没回",
    "TA没回",
}
_ANSWERED = {"回复了", "回了", "回复", "有回复", "有回音", "回过", "回复过"}
_CONDITIONS = {
    **dict.fromkeys(("没到店", "没来", "没来过", "没到过店", "还没到店", "还没来"), "N"),
    **dict.fromkeys(("到店了", "来了", "来过", "到过店"), "Y"),
    **dict.fromkeys(("没买", "还没买", "没消费", "没买过", "没下单"), "O"),
    **dict.fromkeys(("买了", "买过", "消费了", "下单了", "成交了"), "M"),
}
_GOALS = {
    **dict.fromkeys(("到店", "到店了", "来店", "来店里", "进店", "来了"), "到店"),
    **dict.fromkeys(("买", "买了", "买单", "消费", "成交", "下单", "成交了", "消费了"), "买了"),
    **dict.fromkeys(
        ("再买", "又买", "又买了", "再买了", "复购", "再次购买", "回购", "再消费", "再买一次"), BOUGHT_AGAIN
    ),
    **dict.fromkeys(("回复", "回话", "回复了", "说话", "聊上"), SPOKE),
}
GOAL_SEGMENTS = {"到店": "Y", "买了": "M"}
# A phone copies whole bubbles: what our answers say around the text comes back with it.
_OURS = re.compile(
    r"打法 ?[^ ]{1,12} ?(?:\(|（|存好了|用回原来的了)|请把.{1,20}的打法整个发过来|现在是:$|改:长按复制|用回原来的:|\(不对就回复"
    r"|正在走的 \d+ 位按新的|现在关着。|要留意:"
)
_NONE = ("", "无", "没有", "不限", "一直")
_SCRIPT_NAME = re.compile(r"[^ ，。！？；：、,!?;:{}]{1,20}")


def parse_playbook(text: str, entry: str) -> Playbook:
    """The steps of a text; ``entry`` stands where it names nobody. Raises PlaybookError, naming the line."""
    if len(text) > LONGEST:
        raise PlaybookError(f"打法写得太长了（最多 {LONGEST} 个字），没有存。")
    book = Playbook(entry)
    passed = 0
    for line in _lines(text):
        book, passed = _with(book, line, passed)
    if not book.entry:
        raise PlaybookError("没写给谁，在第一行写上，例如：进：级别=A")
    _check_segment(book.entry, book.entry)
    if not book.steps and not book.call_every and not book.invitation:
        raise PlaybookError(f"没写一步要做的事，一行写一步，例如：\n{EXAMPLE}\n14天后 打电话")
    if len(book.steps) > MOST_STEPS:
        raise PlaybookError(f"步子太多了（最多 {MOST_STEPS} 步），没有存。")
    return book


def show_playbook(book: Playbook) -> str:
    """The text of a playbook; ``parse_playbook`` takes it back to the same."""
    lines = [f"进：{book.entry}"]
    if book.goal:
        lines.append(f"目标：{book.goal}")
    lines += [f"{number}. {show_step(step)}" for number, step in enumerate(book.steps, start=1)]
    if book.call_every:
        lines.append(f"每{_span_words(book.call_every)} 打电话 {book.call_outline}".rstrip())
    if book.invitation:
        lines.append(f"有活动 先请 {book.invitation}")
    return "\n".join(lines)


def show_step(step: Step) -> str:
    wait = "当天" if not step.wait else f"{step.wait}天后"
    return " ".join(part for part in (wait, _condition_words(step.condition), what_words(step)) if part)


def what_words(step: Step) -> str:
    """``发 到店礼A``, ``发：…``, ``任务 …``, ``打电话``."""
    match step.action:
        case "script":
            return f"发 {step.what}"
        case "text":
            return f"发：{step.what}"
        case "task":
            return f"任务 {step.what}"
    return f"打电话 {step.what}".rstrip()


def _condition_words(condition: str) -> str:
    return f"如果 {condition}" if condition and condition not in (ANSWERED, SILENT) else condition


def _span_words(days: int) -> str:
    return {365: "年", 182: "半年", 30: "月", 7: "周"}.get(days, f"{days}天")


def _lines(text: str) -> Iterator[Words]:
    """The lines, those that go on with a text joined to it."""
    waiting: str | None = None
    for typed in text.replace("\r", "\n").split("\n"):
        line = read(typed.strip())
        if not line or _OURS.match(line.plain):
            continue
        if waiting is not None and not _begins(line) and _says(read(waiting)):
            waiting = f"{waiting}\u2028{typed.strip()}"
            continue
        if waiting is not None:
            yield read(waiting)
        waiting = typed.strip()
    if waiting is not None:
        yield read(waiting)


def _begins(line: Words) -> bool:
    body = _bare(line).plain
    return any(pattern.match(body) for pattern in (_HEAD, _AT_ONCE, _ON_DAY, _EVERY)) or bool(
        (_AFTER.match(body) or body.startswith(("有活动", "办活动", "新活动"))) and _action_at(_bare(line))
    )


def _says(line: Words) -> bool:
    """Whether the line is a step with words of its own, which may go on."""
    found = _action_at(_bare(line))
    return found is not None and (found[2] in ("text", "task"))


def _bare(line: Words) -> Words:
    number = _NUMBERED.match(line.plain)
    return line.cut(number.end()) if number else line


def _with(book: Playbook, line: Words, passed: int) -> tuple[Playbook, int]:
    line = _bare(line)
    if match := _HEAD.fullmatch(line.plain):
        rest = line.group(match, "rest").strip(" 。").typed
        return (replace(book, entry=rest) if match["word"] in _ENTRY_WORDS else replace(book, goal=_goal(rest))), passed
    if (match := _EVERY.fullmatch(line.plain)) and "发" not in line.plain[:6]:
        days = 365 // (read_count(match["times"]) or 1) if match["year"] else _days(match)
        return replace(book, call_every=days, call_outline=line.group(match, "outline").typed), passed
    if match := _ACTIVITY.fullmatch(line.plain):
        script = line.group(match, "script").strip(" :。").typed
        if not _SCRIPT_NAME.fullmatch(script):
            raise _unread(line, "办活动时发哪个话术？例如：有活动 先请 VIP首邀")
        return replace(book, invitation=script), passed
    step, passed = _step(line, passed)
    return replace(book, steps=(*book.steps, step)), passed


def _step(line: Words, passed: int) -> tuple[Step, int]:
    if match := _AT_ONCE.match(line.plain):
        wait = 0
    elif match := _ON_DAY.match(line.plain):
        # 第1天 is the day of entering.
        wait = max(0, (read_count(match["count"]) or 1) - 1 - passed)
    elif match := _AFTER.match(line.plain):
        wait = _days(match)
    else:
        raise _unread(line, f"先写等几天（当天、2天后、一周后），再写做什么，例如：{EXAMPLE}")
    if wait > LONGEST_WAIT:
        raise _unread(line, f"最多等 {LONGEST_WAIT} 天")
    rest = line.cut(match.end())
    found = _action_at(rest)
    if found is None:
        raise _unread(line, f"没写做什么：发 话术名、发：要说的话、任务 要做的事、打电话。例如：{EXAMPLE}")
    start, end, action = found
    what = rest.cut(end).strip(" :").typed.replace("\u2028", "\n")
    return Step(wait, action, _what(line, action, what), _condition(rest.cut(0, start), line)), passed + wait


def _action_at(words: Words) -> tuple[int, int, Action] | None:
    """Where the doing begins in the words behind a wait, where its object begins, and what kind it is."""
    plain = words.plain
    wait = _AT_ONCE.match(plain) or _ON_DAY.match(plain) or _AFTER.match(plain)
    start = wait.end() if wait else 0
    places = [
        match
        for match in _ACTION.finditer(plain, start)
        if match.start() in (start, 0) or plain[match.start() - 1] in " ,:"
    ]
    places = places or list(_ACTION.finditer(plain, start))
    if not places:
        return None
    place = places[0]
    kind = _ACTIONS[place.group()]
    after = plain[place.end() :]
    if place.group() == "发":
        kind = (
            "script" if not after.lstrip(" ").startswith(":") and _SCRIPT_NAME.fullmatch(after.strip(" 。")) else "text"
        )
    return place.start(), place.end(), kind  # type: ignore[return-value]


def _what(line: Words, action: Action, what: str) -> str:
    if action == "script":
        what = what.strip(" 。")
    if not what and action != "call":
        raise _unread(
            line, {"script": "没写发哪个话术", "text": "没写发哪个话术、说什么话", "task": "没写要做什么"}[action]
        )
    if len(what) > LONGEST_TEXT:
        raise _unread(line, f"一步最多写 {LONGEST_TEXT} 个字")
    if action == "call" and what and not _SCRIPT_NAME.fullmatch(what):
        raise _unread(line, "打电话后面写电话提纲的话术名，或者不写；要写做什么就用“任务”")
    return what


def _condition(words: Words, line: Words) -> str:
    said = words.strip(" ,:")
    plain = said.plain
    while plain != (shorter := _IF.sub("", plain).strip(" ,:")):
        plain = shorter
    if not plain:
        return ""
    if plain in _SILENT:
        return SILENT
    if plain in _ANSWERED:
        return ANSWERED
    if plain in _CONDITIONS:
        return _CONDITIONS[plain]
    _check_segment(plain, line.typed)
    return plain


def _goal(said: str) -> str:
    if said in _NONE:
        return ""
    goal = _GOALS.get(read(said).plain, said)
    if goal not in (*GOAL_SEGMENTS, BOUGHT_AGAIN, SPOKE):
        _check_segment(goal, f"目标：{said}")
    return goal


def _check_segment(expression: str, line: str) -> None:
    try:
        parse_segment(expression)
    except SegmentError as error:
        raise PlaybookError(f"“{line[:20]}”这一行没看懂，没有存：{error}") from error


def _days(match: re.Match[str]) -> int:
    unit = _UNITS[match["unit"]]
    if match["count"] == "半":
        return {"月": 15, "年": 182}.get(match["unit"], 1)
    return (read_count(match["count"]) or 0) * unit + (unit // 2 if match["half"] else 0)


def _unread(line: Words, why: str) -> PlaybookError:
    shown = line.typed.replace("\u2028", " ")
    return PlaybookError(f"“{shown[:24]}”这一行没看懂，没有存：{why}")
