"""Sentences about the working day and the team: 今日, 完成, 员工, 通知, 撤销, 帮助 …; and rooms to come."""

from __future__ import annotations

import re

from bot.language.care_intents import Snooze
from bot.language.intents import Help, Intent, Later, More, Undo
from bot.language.normalise import Words, without_mood
from bot.language.numerals import read_numeral
from bot.language.times import names_time, read_time
from bot.language.verbs import Said, Unclear, Verb, expect_end, only_number, take_number, take_people
from bot.language.work_intents import (
    Bind,
    BindElsewhere,
    CaseList,
    CaseShow,
    Forecast,
    Keeper,
    Menu,
    NextBatch,
    Notices,
    StaffHandOver,
    StaffInvite,
    StaffList,
    StaffRemove,
    TaskDone,
    TaskLater,
    TaskText,
    Today,
)

_CASE = "投诉 5"
_REMOVE, _BIND = "员工 移除 小李", "绑定 CODE 小李"
_TASK_DONE, _TASK_LATER, _SNOOZE = "完成 3 聊了新款，周五来看", "推迟 3 明天", "推迟 1小时"

_HAND_OVER, _KEEPER = "员工 交接 小李 小王", "负责 小美 小李"
_HANDED = re.compile(
    r"把? ?(?P<old>[^ ]+?)(?:的(?:顾客|客户)?)?(?: |,|、| ?(?:->|→|交接给|交给|转给|给|到) ?)(?P<new>[^ ]+)"
)
_STAFF_SUB = re.compile(r"(?P<word>邀请|移除|删除|移出|开除|列表|有哪些|有几个|名单|交接)[ :]*")

# Rooms that are announced but not open yet. One character needs its space: 券 is also how 券商 begins.
ROOMS_TO_COME = (
    "推荐",
    "推荐榜",
    "代理",
    "积分",
    "券",
    "优惠券",
    "兑换",
    "抽奖",
    "投票",
    "打卡",
    "拼团",
    "报表",
    "漏斗",
    "二八",
    "流失",
    "业绩",
    "建议",
    "导出",
)
_TODAY = (
    *(
        "今天",
        "今日待办",
        "今天待办",
        "待办",
        "今天做什么",
        "今天干什么",
        "今天干嘛",
        "今天干啥",
        "今日任务",
        "今天任务",
    ),
    *("今日清单", "今天清单", "今天要联系谁", "今天联系谁", "今天找谁", "今天有什么事", "今天有啥事", "今天有什么安排"),
)
ABOUT_CUSTOMERS = ("积分", "优惠券", "券", "代理", "推荐")  # of these the customer may stand first: 小美 积分 +50


def _staff(said: Said) -> Intent:
    if not said.words:
        return StaffList()
    sub = _STAFF_SUB.match(said.words.plain)
    if sub is None:
        raise Unclear(f"员工要做什么？例如：员工、员工 邀请、{_REMOVE}", "员工", "员工 邀请", _REMOVE)
    rest = said.words.cut(sub.end())
    match sub["word"]:
        case "邀请":
            return _invite(Said(rest, said.now))
        case "列表" | "有哪些" | "有几个" | "名单":
            expect_end(rest, "员工")
            return StaffList()
        case "交接":
            return _hand_over(Said(rest, said.now))
    return _remove(Said(rest, said.now))


def _invite(said: Said) -> Intent:
    expect_end(said.words, "员工 邀请")
    return StaffInvite()


def _remove(said: Said) -> Intent:
    who = without_mood(said.words)
    if not who:
        raise Unclear(f"移除哪位员工？例如：{_REMOVE}", _REMOVE)
    return StaffRemove(who.typed)


def _hand_over(said: Said) -> Intent:
    """One gives, one takes: 小李 小王, 小李给小王, 把小李的交给小王."""
    match = _HANDED.fullmatch(without_mood(said.words).plain)
    if match is None:
        raise Unclear(f"谁的交给谁？例如：{_HAND_OVER}", _HAND_OVER)
    words = without_mood(said.words)
    return StaffHandOver(words.group(match, "old").typed, words.group(match, "new").typed)


def _keeper(said: Said) -> Intent:
    people, rest = take_people(said, _KEEPER)
    to = re.match(r"(?:给|归|由|:|,) ?", rest.plain)
    who = (rest.cut(to.end()) if to else rest).strip(" ")
    if not who:
        raise Unclear(f"由哪位店员负责？例如：{_KEEPER}", _KEEPER)
    return Keeper(people, "" if who.plain in ("无", "没有", "取消", "谁都不") else who.typed)


def _menu(said: Said) -> Intent:
    word = without_mood(said.words).plain
    if word in ("", "看看", "列表"):
        return Menu()
    if word in ("恢复", "还原", "换回", "换回去", "用原来的", "原来的"):
        return Menu("before")
    if word in ("熟客", "熟客的", "用熟客的", "默认", "用默认的"):
        return Menu("ours")
    raise Unclear(
        "菜单有三种说法：菜单（看）、菜单 恢复（换回原来的）、菜单 熟客（用熟客的）", "菜单", "菜单 恢复", "菜单 熟客"
    )


def _menu_back(said: Said) -> Intent:
    expect_end(said.words, "菜单 恢复")
    return Menu("before")


def _bind(said: Said) -> Intent:
    if not without_mood(said.words):
        return BindElsewhere()
    match = re.fullmatch(
        r"(?P<code>[A-Za-z0-9-]{4,64})(?:[ \n,]+(?P<name>.+))?", said.words.plain, re.ASCII | re.DOTALL
    )
    if match is None:
        raise Unclear(f"绑定要写收到的绑定码，例如：{_BIND}", _BIND)
    name = said.words.group(match, "name").strip(' "')
    called = re.match(r"我叫(?=.)|叫我(?=.)", name.plain)
    return Bind(match["code"], (name.cut(called.end()) if called else name).typed)


def _done(said: Said) -> Intent:
    number, rest = take_number(said.words, _TASK_DONE)
    if re.fullmatch(r"[\d、,; ]+", rest.plain, re.ASCII):
        raise Unclear(f"一次完成一个，“{rest.typed[:20]}”请另发，例如：完成 {number}", f"完成 {number}")
    return TaskDone(number, rest.strip(" ,:").typed)


def _later(said: Said) -> Intent:
    """A task of the list by its number; a time alone, or 提醒 and its number, is about a reminder."""
    reminder = re.match(r"(?:第|#)?提醒 ?(?P<number>\d{1,9}|)号? ?(?:到|至)? ?", said.words.plain, re.ASCII)
    if reminder and reminder.end() < len(said.words):
        when = said.words.cut(reminder.end())
        return Snooze(read_time(when.plain, said.now), int(reminder["number"] or 0))
    alone = _without_until(said.words)
    # 3号 alone is the third of the list, whatever the calendar makes of it.
    if names_time(alone.plain) and not re.fullmatch(r"\d{1,2}[号日]?", said.words.plain, re.ASCII):
        return Snooze(read_time(alone.plain, said.now))
    number, rest = take_number(said.words, _TASK_LATER) if said.words else (0, said.words)
    when = _without_until(rest)
    if not when:
        raise Unclear(f"推迟到什么时候？例如：{_TASK_LATER}；刚响的提醒：{_SNOOZE}", _TASK_LATER, _SNOOZE)
    return TaskLater(number, read_time(when.plain, said.now))


def _without_until(words: Words) -> Words:
    until = re.match(r"(?:到|至) ?", words.plain)
    return words.cut(until.end()) if until else words


def _notices(said: Said) -> Intent:
    word = without_mood(said.words).plain
    if word in ("", "测试", "测一下", "试一下"):
        return Notices(test=bool(word))
    raise Unclear("通知只有两种说法：通知（看现在怎么通知您）、通知 测试", "通知", "通知 测试")


def _notices_test(said: Said) -> Intent:
    expect_end(said.words, "通知 测试")
    return Notices(test=True)


def _undo(said: Said) -> Intent:
    word = without_mood(said.words).plain
    if word in ("", "一下", "上一步", "上一条", "刚才", "刚才的", "刚才那条", "上一个", "了", "吧"):
        return Undo()
    raise Unclear("撤销只退回您最近一次的改动，说“撤销”两个字就行；停群发说 取消 12", "撤销", "取消 12")


def _help(said: Said) -> Intent:
    topic = without_mood(said.words).plain
    return Help("" if topic == "一下" else topic)


def _cases(said: Said) -> Intent:
    """``投诉``, ``投诉 5``; its nine steps come with their own room."""
    words = without_mood(said.words)
    if not words or words.plain in ("列表", "有哪些", "名单", "和建议"):
        return CaseList()
    if re.match(r"[#第]?\d", words.plain, re.ASCII) is None and read_numeral(words.plain.split(" ")[0]) is None:
        raise Unclear(f"看一件说编号，例如：{_CASE}；给顾客立一件，说“立案”。", f"立案 {words.typed}", _CASE)
    number, rest = take_number(words, _CASE)
    return Later("投诉的九步") if rest else CaseShow(number)


def _alone(intent: type[Intent], form: str) -> Verb:
    def read(said: Said) -> Intent:
        expect_end(said.words, form)
        return intent()

    return Verb((form,), read, (form,))


def _synonyms(verb: Verb, *words: str) -> Verb:
    return Verb((*verb.words, *words), verb.read, verb.forms)


def _room_to_come(word: str) -> Verb:
    return Verb((word,), lambda _said: Later(word), (), gluable=len(word) > 1)


VERBS = (
    Verb(("帮助", "help", "怎么用", "使用说明", "说明", "命令", "口令"), _help, ("帮助", "帮助 群发")),
    Verb(("绑定", "绑定码"), _bind, (_BIND, "绑定")),
    Verb(("员工", "店员"), _staff, ("员工", "员工 邀请", _REMOVE, _HAND_OVER)),
    Verb(("交接", "员工交接"), _hand_over, (_HAND_OVER,), gluable=False),
    Verb(("负责",), _keeper, (_KEEPER,), after_whom=True, gluable=False),
    Verb(
        ("邀请员工", "邀请店员", "邀请新店员", "邀请新员工", "加个店员", "加个员工", "加店员", "加员工"),
        _invite,
        ("员工 邀请",),
    ),
    Verb(("移除员工", "删除员工", "移除店员", "删除店员", "开除员工", "开除"), _remove, (_REMOVE,)),
    _synonyms(_alone(Today, "今日"), *_TODAY),
    _synonyms(
        _alone(NextBatch, "下一批"), "下批", "再来一批", "再来五个", "再来5个", "换一批", "下一组", "下五个", "下5个"
    ),
    Verb(("完成", "做完", "搞定", "done"), _done, (_TASK_DONE,)),
    Verb(("推迟", "延后", "延期", "再推迟"), _later, (_TASK_LATER, _SNOOZE)),
    Verb(("文案",), lambda said: TaskText(only_number(said.words, "文案 3")), ("文案 3",)),
    _synonyms(_alone(Forecast, "预测"), "业绩预测", "销售预测", "能卖多少", "下个月能卖多少", "这个月能卖多少"),
    Verb(("菜单",), _menu, ("菜单", "菜单 恢复")),
    Verb(("恢复菜单", "还原菜单", "换回菜单", "换回原来的菜单", "恢复原来的菜单"), _menu_back, ("菜单 恢复",)),
    Verb(("测试通知", "试一下通知", "试下通知"), lambda said: _notices_test(said), ("通知 测试",)),
    Verb(("通知",), _notices, ("通知", "通知 测试")),
    Verb(("投诉",), _cases, ("投诉", _CASE)),
    _synonyms(_alone(More, "更多"), "下一页", "继续看", "再看", "more"),
    Verb(("撤销", "撤消", "撤回", "undo", "反悔", "回退"), _undo, ("撤销",)),
    *(_room_to_come(word) for word in ROOMS_TO_COME),
)
