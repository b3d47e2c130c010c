"""What staff say that is no order: a greeting, a change of mind, a mistake noticed, a question about what there is."""

from __future__ import annotations

import re

from bot.language.intents import Courtesy, Drop, Help, Intent, Undo
from bot.language.normalise import Words, read, without_mood
from bot.language.verbs import Unclear

_THANKS = {
    *("谢谢", "谢谢你", "谢谢啦", "多谢", "感谢", "谢了", "辛苦了", "收到", "知道了", "明白", "了解"),
    *("再见", "拜拜", "晚安", "thanks"),
}
_HELLO = {
    *("你好", "您好", "在吗", "在不在", "在么", "有人吗", "hi", "hello", "哈喽", "嗨"),
    *("早", "早上好", "上午好", "下午好", "晚上好"),
}
_LAUGHTER = re.compile("[哈呵嘿嘻]{2,}")
_LOST = {
    *("功能", "有什么功能", "你会干什么", "你能干什么", "你会什么", "你能做什么", "能干什么", "能说什么", "可以说什么"),
    *("我不会用", "不会用", "怎么操作", "怎么弄", "怎么使用", "教我", "教教我", "教我怎么用", "看不懂", "有什么命令"),
}
_DROP = re.compile(r"(?:算了|不用了|不要了|不弄了|不做了|不改了|不删了|没事了?|作废|放弃|(?P<cancel>取消))(?:吧|了)?")
_WHICH = "刚才|刚刚|上一步|上一条|上一笔|上一个|最后一笔|这笔|这条|那条"
_MISTAKEN = "我?[记打写弄搞说发]?错了?|不对"
_TAKE_BACK = re.compile(
    rf"(?:(?:{_WHICH}|{_MISTAKEN})(?:的|那条|那笔)?[ ,。!]*)+(?:撤销|撤回|撤消|取消)(?:一下|吧|了|掉)?"
    r"|(?:取消|退回)(?:上一步|上一条|上一笔|刚才的?(?:那条|那笔)?)"
)
_WRONG = re.compile(rf"(?:{_MISTAKEN})|都?不是(?:这个|[他她])?|都不对")
_OPT_OUT = {"退订", "td", "我要退订", "取消退订", "订阅"}

_HOW_BEHIND = re.compile(
    r"(?P<topic>\S{1,6}?) ?(?:怎么|如何|咋)(?:用|说|弄|写|发|搞|做)|(?P<word>\S{1,6}?) ?(?:的?用法|帮助|help)"
)
_HOW = re.compile(
    r"(?:教我|教教我|请问|想问一?下|我想知道)?(?:怎么|如何|怎样|咋)(?:样|去|才能|能)?"
    r"(?:用|发|弄|做|记|写|改|查|看|贴|打|加|建|搞|设|办)?一?个?(?P<topic>\S{1,5}?)(?:啊|呢|呀)?"
)
_LISTS = "标签|话术|人群|员工|店员|活动|群发|红包|菜单|通知|投诉|日历|自动回复|报表|规则|渠道|漏斗|业绩"
_THERE = re.compile(
    r"(?:现在|店里|我们)?(?:本月|这个月|上个?月|今年|今天|都?有哪些|都?有什么|所有的?|有几个|有几位|看看|看一?下|查看|看|有没有|有)"
    rf"(?P<what>(?:{_LISTS})(?:\d+|[^ ]{{0,12}}?))(?:吗|呢|啊|没有|没)?"
)
_PEOPLE = "(?:的?(?:人|客户|顾客|客人))?"
_COUNTED = re.compile(rf"(?:现在|我们)?有(?:多少个?|几个|几位)(?P<who>[^ ]{{1,20}}?){_PEOPLE}(?:了|呢|啊)?")
_COUNTED_BEHIND = re.compile(
    rf"(?P<who>[^ ]{{1,20}}?){_PEOPLE}(?:现在|一共|总共)?(?:有|是)(?:多少人?|几个人?|几位|多少位|多少个)(?:了|呢|啊)?"
)

_EVERYBODY = re.compile(
    r"(?:现在|我们|店里|一共|总共|共)*有?(?:多少个?|几个|几位|多少位)(?:顾客|客户|客人|粉丝)(?:了|呢|啊)?"
)
_WHOSE_BIRTHDAY = re.compile(
    r"(?P<early>最近|这几天|这个月|本月|今天)?(?:都?有?谁|有?哪些?(?:个|几个|几位|位)?(?:人|顾客|客户|客人)?)(?:快要?|要|该)?"
    r"(?P<late>最近|这个月|本月|今天)?(?:快要?|要|该)?(?:过|是)?生日(?:了|呢|啊)?"
)
_BIRTHDAYS = {"这个月": "生日=本月", "本月": "生日=本月", "今天": "生日=今天"}


def aside(bare: Words) -> Intent | None:
    """A whole line of this kind, None for any other. Raises ``Unclear`` for a word that is the customers' own."""
    said = bare.lower
    if said in _HELLO or said in _THANKS or _LAUGHTER.fullmatch(said):
        return Courtesy(thanks=said not in _HELLO)
    if said in _LOST:
        return Help()
    if dropped := _DROP.fullmatch(said):
        return Drop(cancels=dropped["cancel"] is not None)
    if _TAKE_BACK.fullmatch(said):
        return Undo()
    if _WRONG.fullmatch(said):
        return Drop(doubts=True)
    if said in _OPT_OUT:
        raise Unclear("退订是顾客自己发的，发了马上停；店员不收营销消息。", "帮助")
    return None


def listed(line: Words) -> Words | None:
    """``有哪些标签``, ``看看群发``: the word that lists them. Glued only: 看 群发 looks for a customer called so."""
    bare = without_mood(line)
    match = _THERE.fullmatch(bare.plain)
    return bare.group(match, "what") if match else None


def counted(line: Words) -> Words | None:
    """``VIP有多少人``, ``多少客户``, ``谁快过生日了``: the segment to count."""
    bare = without_mood(line)
    if _EVERYBODY.fullmatch(bare.plain):
        return read("全部")
    if born := _WHOSE_BIRTHDAY.fullmatch(bare.plain):
        return read(_BIRTHDAYS.get(born["early"] or born["late"], "生日=7天内"))
    match = _COUNTED.fullmatch(bare.plain) or _COUNTED_BEHIND.fullmatch(bare.plain)
    return bare.group(match, "who") if match else None


def help_wanted(line: Words) -> str:
    """``怎么退款``, ``群发怎么用``: the word help is wanted with, empty for any other line."""
    plain = without_mood(line).lower
    if match := _HOW_BEHIND.fullmatch(plain):
        return match["topic"] or match["word"]
    match = _HOW.fullmatch(plain)
    return match["topic"] if match else ""
