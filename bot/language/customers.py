"""What customers mean. Only plain words act; everything else is talk, which is kept and put before staff."""

from __future__ import annotations

import re
from datetime import datetime

from bot.language.callme import called
from bot.language.intents import (
    Activities,
    CallMe,
    Complain,
    FreeTalk,
    Intent,
    Join,
    Later,
    Leave,
    Mine,
    OptIn,
    OptOut,
    OptOutHint,
)
from bot.language.normalise import Words, read, stored, without_lead, without_mood
from bot.language.own_file import own_file
from bot.language.verbs import read_count

LONGEST_OWN = 160  # 地址 … may be longer than a command
LONGEST_COMMAND = 60  # a longer text is talk, whatever words are in it
_LONGEST_SEARCHED = 2000

_POLITE = (
    r"(?:你好|您好|请|麻烦(?:你|您)?|帮(?:我|忙)|给我|替我|我要求|我要|我想要?|我们?|现在|马上|立即|立刻|直接|申请|需要"
    r"|那就|就|再) ?"
)
_AFTER_OPT_OUT = (
    r"(?: ?(?:吧|了|谢谢|感谢|一下|掉|这个|你们|所有|全部|一切|消息|信息|推送|广告|营销|短信|群发|通知|订阅|服务|推广"
    r"|的))*"
)
_OPT_OUT = re.compile(rf"(?:{_POLITE})*(?:退订|取消订阅|取消推送|unsubscribe){_AFTER_OPT_OUT}")
# What people copy from an SMS. One Latin letter counts only when it stands alone: T恤 is no wish.
_OPT_OUT_CODES = re.compile(
    r"(?:回复?|回|发送?)? ?[\"“]?(?:td|t|qx|stop|tui ?ding)[\"”]?(?: ?退订)?|退订 ?(?:回复?)? ?(?:td|t)|(?:退订[ ,!]*)+"
)
_JOINTS = re.compile(r"[ !.。,·-]")
_OPT_OUT_WORD = re.compile(r"退订|取消订阅|取消推送")
# 退订金 and 退订酒店 are about a deposit or a booking.
_OTHER_NOUN = re.compile(
    r"(?:退订|取消订阅)(?:金|单|房|酒店|票|机票|位|座|餐|货|的?钱|费|定金|衣|款|奶|杂志|报|课|阅|号|价)"
)
_NOT_OPT_OUT = re.compile(
    r"(?:[别不没未勿]|无须|无需)(?:要|想|用|能|是|会|再|给我|帮我|有|打算|准备|同意|需要|说|小心|得|该)* ?"
    r"(?:退订|取消订阅|取消推送)|(?:谁|他|她|朋友)[^,。!;\n]{0,5}(?:退订|取消订阅)"
)
_PRICE_QUESTION = re.compile(r"多少|几块|几元|要钱|收费|扣钱|扣费|手续费|违约|免费")
_QUESTION = re.compile(r"[?]|吗|么$|呢$|怎么|怎样|如何|为什么|为啥|能不能|可不可以|可以|哪里|哪儿|什么|会不会")
# 别再发了 is about our messages, 别发货 and 不要发红色 are not.
_TIRED = re.compile(
    r"(?:别|不要|不想|请勿|不许|停止)(?:"
    r"(?:再|老|总|天天|一直|继续|给我|向我|跟我)+(?:发|推送|群发)(?:了|我|$)"
    r"|(?:再|老|总|天天|一直|继续|给我|向我|跟我)*(?:发|收到|看到|接收|推送|群发)(?:这些|这种|你们|的|什么|任何)*"
    r"(?:广告|消息|信息|短信|推送|推广|营销)"
    r"|(?:再|老|总|天天|一直)*(?:来)?(?:打扰|骚扰|联系我|烦我|吵我)"
    r")|^(?:拒收|不想再?收到?了?|取关)$"
)
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_CLAUSES = re.compile(r"[,。.!;~\n]+")

_OPT_IN = re.compile(
    rf"(?:{_POLITE})*(?:恢复订阅|重新订阅|订阅|取消退订|恢复接收|继续订阅)(?:吧|一下|谢谢|消息|推送|通知|了)*"
)

_NUMBER = r":? ?(?:活动)? ?(?:第|#|no\.?)? ?(?P<number>\d{1,6}|[①②③④⑤⑥⑦⑧⑨⑩]|[一二三四五六七八九十]{1,2}(?!下)) ?(?:号|个)?(?:活动)?"
_EAGER = rf"(?:{_POLITE})*"
_JOIN = re.compile(rf"{_EAGER}(?:报名|参加|报个名)(?:参加)? ?(?:{_NUMBER})?(?:吧|一下|谢谢|哦|啊)?", re.ASCII)
_JOIN_TURNED = re.compile(r"(?:活动)? ?(?P<number>\d{1,6}) ?号?(?:活动)? ?(?:我要|我)?报名", re.ASCII)
_LEAVE_TURNED = re.compile(r"(?:活动)? ?(?P<number>\d{1,6}) ?号?(?:活动)? ?(?:我要|我)?取消报名", re.ASCII)
_LEAVE = re.compile(rf"{_EAGER}(?:取消|退出|撤销) ?报名 ?(?:{_NUMBER})?(?:吧|一下|了|谢谢)*", re.ASCII)
# No number of ours, and nothing people say about an activity either: told how to say it.
_ODD_NUMBER = re.compile(r"(?P<leave>取消)? ?报名 ?(?P<odd>[a-z0-9#._-]{1,20})", re.ASCII)
_ACTIVITIES = re.compile(
    r"(?:看看|看下|查看)?(?:最近|现在|你们|还|今天|本周|这周)*(?:的|有什么|有哪些|有没有|有啥|有)? ?"
    r"(?:活动|活动列表|活动报名)(?:有哪些|有什么)?(?:吗|呢|呀|啊)?"
)
# Rooms that are announced but not open yet; only the bare word, so that 推荐一款 stays talk.
_TO_COME = re.compile(
    r"(?:我的|我要|看看|查)?(?P<word>推荐|积分|优惠券|券|兑换|抽奖|投票|打卡|签到) ?(?:#|码|第)? ?:? ?\d{0,8}", re.ASCII
)
_GREETING = re.compile(r"(?:您好|你好|hi|hello|哈喽|老板好?)[ ,!。~]*(?=我|叫)", re.IGNORECASE)
_MINE = {"我的", "我的信息", "我的报名", "我的活动", "个人中心", "我的资料卡", "会员中心", "我的主页"}

_COMPLAINT = re.compile(
    r"(?:我要|我想|我来|要|想)?投诉(?!不|有用|无|没|电话|率|过|吗)[ :,。!]*(?P<words>.*)", re.DOTALL
)
_SUGGESTION = re.compile(
    r"(?:我?(?:有个?|有点|提个?|想提个?)?)?(?:小?建议|意见|提建议|提意见)(?!零售|售价|价|价格|书|吗|怎么)"
    r"(?:[ :,。!]+|(?=你们|你|店|增加|多|少|改|把|可以|能|不要|下次|以后|给|加|让|在)|$)(?P<words>.*)",
    re.DOTALL,
)
_PERSON = re.compile(
    rf"(?:{_POLITE})*(?:(?:转接?|找|要|接|叫)?(?:人工|真人)(?:客服|服务)?|客服|(?:转|找|叫)(?:客服|店员|店长|老板))"
    r" ?(?:吧|谢谢|在吗|呢|来)?"
)
_ANGER = re.compile(
    r"退钱|还钱|赔钱|骗人|骗子|骗我|骗钱|受骗|上当|太差了?|差劲|差评|(?<!\d)12315(?!\d)|(?<!倒)垃圾(?![袋桶分箱食邮车站短])"
    r"|黑店|黑心|坑人|坑我|坑钱|假货|欺诈|曝光你|举报|工商局|消协|消费者协会|气死|恶心|无良|什么破|破店|投诉你|[要就去]投诉"
    r"|律师|报警|忽悠|太过分",
    re.ASCII,
)
_DENIED = re.compile(r"[不没别无未非勿](?:有|再|是|想|会|要|用|算|必|能|在|被|人|什么|说|你们?){0,2}$")


def understand_customer(text: str, now: datetime) -> Intent:
    """What a customer means at ``now``, in the shop's zone. Never raises.

    A wish to opt out acts only where it is plain; a negation, a question or another noun is talk.
    """
    line = without_lead(read(text))
    bare = without_mood(line)
    if 0 < len(bare) <= LONGEST_COMMAND:
        for reader in (_opt_out, _opt_in, _activity):
            if intent := reader(bare):
                return intent
        if intent := _self(bare, line):
            return intent
    if intent := _complaint(bare, line):
        return intent
    if 0 < len(bare) <= LONGEST_OWN and (own := own_file(bare, now.date())):
        return own
    if 0 < len(bare) <= _LONGEST_SEARCHED and _may_want_out(bare.lower):
        return OptOutHint()
    return FreeTalk(stored(text))


def _opt_out(line: Words) -> Intent | None:
    plain = line.lower
    if _OPT_OUT_CODES.fullmatch(plain) or _JOINTS.sub("", plain) in ("退订", "退定", "td"):
        return OptOut()
    if not _OPT_OUT_WORD.search(plain) and "unsubscribe" not in plain:
        return None
    if (
        _NOT_OPT_OUT.search(plain)
        or _OTHER_NOUN.search(plain)
        or _QUESTION.search(plain)
        or _PRICE_QUESTION.search(plain)
    ):
        return None
    if any(_OPT_OUT.fullmatch(clause.strip()) for clause in _CLAUSES.split(plain)):
        return OptOut()
    return None


def _may_want_out(plain: str) -> bool:
    """A wish that is not plain enough to act on: the customer is told the word that is."""
    if _TIRED.search(plain):
        return True
    if not _OPT_OUT_WORD.search(plain) or _NOT_OPT_OUT.search(plain) or _OTHER_NOUN.search(plain):
        return False
    return not _PRICE_QUESTION.search(plain)


def _opt_in(line: Words) -> Intent | None:
    return OptIn() if _OPT_IN.fullmatch(line.plain) or _JOINTS.sub("", line.plain) == "订阅" else None


def _activity(line: Words) -> Intent | None:
    plain = line.lower
    if _ACTIVITIES.fullmatch(plain):
        return Activities()
    for pattern in (_JOIN, _JOIN_TURNED):
        if match := pattern.fullmatch(plain):
            return Join(_number(match))
    for pattern in (_LEAVE, _LEAVE_TURNED):
        if match := pattern.fullmatch(plain):
            return Leave(_number(match))
    # 不去了，取消报名 3: the last clause says it, whatever reason stands before it.
    last = re.split(r"[,。!;~ ](?=[取退撤])", line.lower)[-1].strip()
    if last != plain and (match := _LEAVE.fullmatch(last)):
        return Leave(_number(match))
    if match := _ODD_NUMBER.fullmatch(plain):
        return (Leave if match["leave"] else Join)(None, line.group(match, "odd").typed)
    return None


def _number(match: re.Match[str]) -> int | None:
    said = match["number"]
    if not said:
        return None
    return _CIRCLED.index(said) + 1 if said in _CIRCLED else read_count(said)


def _self(bare: Words, line: Words) -> Intent | None:
    if bare.plain in _MINE:
        return Mine()
    if match := _TO_COME.fullmatch(bare.plain):
        return Later("券" if match["word"] == "优惠券" else match["word"])
    greeting = _GREETING.match(line.plain)
    name = called(line.cut(greeting.end()) if greeting else line)
    return CallMe(name) if name else None


_WHOM_ONLY = r"(?:你们?|您|您们|店家|老板|你们店|你们家|商家|店员|他|她|一下)[!！。.~]*"


def _complaint(start: Words, line: Words) -> Intent | None:
    if not start:
        return None
    if match := _COMPLAINT.fullmatch(start.plain):
        # 我要投诉你们 without its verb would be 你们.
        words = start.group(match, "words").typed
        return Complain("complaint", start.typed if re.fullmatch(_WHOM_ONLY, words) else words)
    if match := _SUGGESTION.fullmatch(start.plain):
        return Complain("suggestion", start.group(match, "words").typed)
    if len(start) <= LONGEST_COMMAND and _PERSON.fullmatch(start.plain):
        return Complain("person")
    if _is_angry(line.plain[:_LONGEST_SEARCHED]):
        return Complain("angry", line.typed)
    return None


def _is_angry(plain: str) -> bool:
    """Whether a word of anger stands there undenied: 骗人, but not 不骗人."""
    return any(not _DENIED.search(plain[max(match.start() - 6, 0) : match.start()]) for match in _ANGER.finditer(plain))
