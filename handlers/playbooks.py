"""Playbooks in the chat: seen, changed, tried on today's customers, switched, and who is where in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bot.domain import play_trial
from bot.domain.care import playbooks, playing
from bot.domain.care.playbooks import Book, Counts
from bot.domain.care.playing import PER_DAY
from bot.domain.customers import segments
from bot.domain.customers.rules import shown
from bot.domain.merchants import desk
from bot.errors import Refusal
from bot.language.play_intents import (
    PlayEdit,
    PlayEnter,
    PlayList,
    PlayReset,
    PlayShow,
    PlayStop,
    PlaySwitch,
    PlayTry,
    PlayWho,
)
from bot.language.playbook_names import WORDS, is_class
from bot.language.playbook_text import ANSWERED
from bot.language.segments import parse_segment
from handlers.talk import WIDE, StaffTalk, names_of, on

SHOWN_PEOPLE = 15
PUT_IN_AT_ONCE = 500  # the rest is a second line away: nobody looks after more at once
HOW_TO_WRITE = """一行一步：等几天、什么情况、做什么，例如：
2天后 发 新品问需A
7天后 没回复 发：{{称呼}}，到新色了，要看图吗？
14天后 打电话"""


@on.staff(PlayList)
def list_books(talk: StaffTalk) -> str:
    counts = playbooks.counts(talk.tx)
    found = playbooks.books(talk.tx)
    lines = [f"· {book.name} {_about(book)}：{_switch(book)}{_counted(counts.get(book.name))}" for book in found]
    hint = "看：打法 看 Y&O；开之前先试：打法 试 Y&O"
    return "\n".join(["打法（每类顾客一套步子）：", *lines, hint])


def _about(book: Book) -> str:
    return WORDS.get(book.name, book.plan.entry)


def _switch(book: Book) -> str:
    return "开着" if book.enabled else "关着"


def _counted(counts: Counts | None) -> str:
    if counts is None:
        return ""
    parts = [(counts.running, "在走 {} 位"), (counts.reached, "达到目标 {} 位"), (counts.left, "中途离开 {} 位")]
    told = "，".join(words.format(number) for number, words in parts if number)
    return f"，{told}" if told else ""


@on.staff(PlayShow)
def show(talk: StaffTalk) -> str:
    book = playbooks.find(talk.tx, talk.intent.book)
    counts = playbooks.counts(talk.tx).get(book.name)
    switch = f"打法 关 {book.name}" if book.enabled else f"打法 开 {book.name}"
    back = [f"用回原来的：打法 恢复 {book.name}"] if book.own and is_class(book.name) else []
    return "\n".join(
        [
            f"打法 {book.name}（{_switch(book)}{_counted(counts)}）",
            book.text,
            f"改：长按复制这一条，改好发回来；{'关' if book.enabled else '开'}：{switch}",
            *back,
        ]
    )


@on.staff(PlayEdit)
def edit(talk: StaffTalk) -> str:
    name, text = talk.intent.book, talk.intent.text
    line = f"打法 改 {name}"
    if not text:
        desk.ask(talk.tx, talk.staff.id, desk.Question("text", {"line": line}))
        known = next((book for book in playbooks.books(talk.tx) if book.name == name), None)
        now = f"\n现在是：\n{known.text}" if known is not None else f"\n{HOW_TO_WRITE}"
        return f"请把“{name}”的打法整个发过来（下一条消息就是，5 分钟内）。{now}"
    try:
        book, warned = playbooks.write(talk.tx, name, text, today=talk.now.date())
    except Refusal as refusal:
        # Whoever typed a long text on a phone sends it once more, mended, and not the command as well.
        desk.ask(talk.tx, talk.staff.id, desk.Question("text", {"line": line, "again": True}))
        return f"{refusal}\n改好了直接再发一遍（5 分钟内）；不写了回“算了”。"
    talk.label(f"打法 改 {name}")
    told = ["要留意：", *warned] if warned else []
    inside = playbooks.counts(talk.tx).get(name)
    goes_on = f"正在走的 {inside.running} 位按新的接着走下一步。" if inside is not None and inside.running else ""
    off = "" if book.enabled else f"现在关着。先试：打法 试 {name}；开：打法 开 {name}"
    return "\n".join([f"打法 {name} 存好了：", book.text, *told, *([f"{goes_on}{off}"] if goes_on or off else [])])


@on.staff(PlayReset)
def reset(talk: StaffTalk) -> str:
    name = talk.intent.book
    book = playbooks.reset(talk.tx, name)
    talk.label(f"打法 恢复 {name}")
    return f"打法 {name} 删了。" if book is None else f"打法 {name} 用回原来的了：\n{book.text}"


@on.staff(PlaySwitch)
def switch(talk: StaffTalk) -> str:
    is_on = talk.intent.on
    changed = playbooks.switch(talk.tx, talk.intent.book, on=is_on)
    word = "开" if is_on else "关"
    if not changed:
        return f"打法本来就{word}着。"
    names = "、".join(book.name for book in changed)
    talk.label(f"打法 {word} {names}")
    if not is_on:
        return f"打法 {names} 关了，走到一半的停在原处，再开接着走。"
    one = changed[0].name
    return (
        f"打法 {names} 开了：从现在起，谁变成这一类就自动开始；已经是的不动。"
        f"\n48小时内没说过话的，话会排在“今日”里让您人工发。"
        f"\n现有的也要走：打法 进 {one}；看进度：打法 谁"
    )


@on.staff(PlayTry)
def try_(talk: StaffTalk) -> str:
    book = playbooks.find(talk.tx, talk.intent.book)
    found = play_trial.run(talk.tx, talk.shop, book, talk.now)
    if not found.people:
        return f"打法 {book.name} 试跑：今天没有一位顾客属于“{book.plan.entry}”。"
    looked = f"，抽看了 {found.looked_at} 位" if found.looked_at < found.people else ""
    lines = [f"打法 {book.name} 试跑（什么都没有发）：今天有 {found.people} 位{looked}。"]
    if found.at_goal:
        lines.append(f"其中 {found.at_goal} 位已经达到目标“{book.plan.goal}”，不走。")
    lines += [f"{number}. {words}" for number, words in enumerate((_tried(one) for one in found.steps), start=1)]
    if found.example is not None:
        customer, text = found.example
        lines.append(f"例如 {shown(customer)} 先收到：\n{text}")
    lines.append(f"开：打法 开 {book.name}" if not book.enabled else f"现有的也走：打法 进 {book.name}")
    return "\n".join(lines)


def _tried(step: play_trial.Tried) -> str:
    if step.tasks:
        return f"{step.words}：{step.tasks} 位，排进“今日”"
    parts = [(step.sent, "能直接发 {}"), (step.by_hand, "要人工发 {}"), (step.later, "先等 {}")]
    told = [words.format(number) for number, words in parts if number]
    skipped = sum(step.skipped.values())
    if skipped:
        told.append(f"不发 {skipped}（{_reasons(step.skipped)}）")
    if step.unfit:
        told.append(f"{'等有人回复' if ANSWERED in step.words else '条件不符'} {step.unfit}")
    return f"{step.words}：{'，'.join(told) or '没有人'}"


def _reasons(skipped: Counter[str]) -> str:
    return "、".join(f"{reason[:20]} {number}" for reason, number in skipped.most_common(3))


@on.staff(PlayWho)
def who(talk: StaffTalk) -> str:
    name = playbooks.find(talk.tx, talk.intent.book).name if talk.intent.book else ""
    total, found = playing.standing(talk.tx, name, SHOWN_PEOPLE)
    if not total:
        return f"现在没有顾客在走打法{' ' + name if name else ''}。看有哪些：打法"
    lines = [f"在走打法{' ' + name if name else ''}的 {total} 位："]
    lines += [f"· {shown(one.customer)} {one.book} {one.step}（{_when(talk, one)}）" for one in found]
    if total > len(found):
        lines.append(f"还有 {total - len(found)} 位")
    return "\n".join([*lines, f"不让一位再走：打法 停 #{found[0].customer.id}"])


def _when(talk: StaffTalk, one: playing.Standing) -> str:
    if one.held_by:
        return f"停着：{one.held_by}"
    if one.is_task:
        return "在“今日”里等您做"
    return talk.day(one.due) if one.due is not None else ""


@on.staff(PlayStop)
def stop(talk: StaffTalk) -> str:
    people = talk.all(talk.intent.whom)
    stopped = [customer for customer in people if playing.stop(talk.tx, customer.id)]
    if not stopped:
        return f"{names_of(people)} 没有在走打法，什么都没有改。"
    talk.label(f"打法 停 {names_of(stopped)}")
    return f"{names_of(stopped)} 不再走打法了；以后换了分类还会开始新的。"


@on.staff(PlayEnter)
def enter(talk: StaffTalk) -> str:
    book = playbooks.find(talk.tx, talk.intent.book)
    _refuse_off(book)
    if talk.intent.whom:
        people = talk.all(talk.intent.whom)
        tree = parse_segment(book.plan.entry)
        others = [one for one in people if not segments.holds(talk.tx, tree, one.id, talk.now)]
        if others:
            raise Refusal(f"{names_of(others)} 不属于“{book.plan.entry}”，走不了打法 {book.name}，什么都没有改。")
        return _put_in(talk, book, [one.id for one in people])
    numbers = play_trial.not_yet_in(talk.tx, book, talk.now)
    if not numbers:
        return f"打法 {book.name}：今天属于它的都已经在走了。"
    if len(numbers) <= WIDE:
        return _put_in(talk, book, numbers)
    taken = numbers[-PUT_IN_AT_ONCE:]
    more = f"（共 {len(numbers)} 位，一次 {PUT_IN_AT_ONCE} 位）" if len(numbers) > len(taken) else ""
    question = (
        f"让现有的 {len(taken)} 位{more}走打法 {book.name}：每天开始 {PER_DAY} 位，新客在前，"
        f"约 {-(-len(taken) // PER_DAY)} 天开始完。先看效果：打法 试 {book.name}"
    )
    return talk.confirm("play_enter", {"book": book.name, "people": taken}, question)


@on.confirmed("play_enter")
def enter_confirmed(talk: StaffTalk, payload: dict[str, Any]) -> str:
    book = playbooks.find(talk.tx, str(payload["book"]))
    _refuse_off(book)
    return _put_in(talk, book, payload["people"])


def _refuse_off(book: Book) -> None:
    if not book.enabled:
        raise Refusal(f"打法 {book.name} 还关着，没有开始。先：打法 开 {book.name}")


def _put_in(talk: StaffTalk, book: Book, numbers: Sequence[int]) -> str:
    begun = playing.put_in(talk.tx, book, numbers, talk.now)
    if not begun:
        return f"都已经在走打法 {book.name} 了，什么都没有改。"
    talk.label(f"打法 进 {book.name} {begun} 位")
    paced = f"，每天开始 {PER_DAY} 位" if begun > PER_DAY else ""
    return f"{begun} 位开始走打法 {book.name}{paced}。看进度：打法 谁 {book.name}"
