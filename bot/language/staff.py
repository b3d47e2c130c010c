"""What staff mean: one line of the chat language becomes one intent, or a sentence saying which part is not clear."""

from __future__ import annotations

import re
from datetime import datetime

from bot.errors import Refusal
from bot.language import (
    about_activities,
    about_after_sale,
    about_campaigns,
    about_care,
    about_channels,
    about_customers,
    about_files,
    about_groups,
    about_ledger,
    about_orders,
    about_playbooks,
    about_segments,
    about_shop,
    about_tags,
    about_work,
)
from bot.language.about_activities import remind_by_time
from bot.language.about_campaigns import broadcast_turned
from bot.language.about_orders import PASSER_BY
from bot.language.about_tags import tag_by_signs, tag_by_verb
from bot.language.about_work import ABOUT_CUSTOMERS
from bot.language.asides import aside, counted, help_wanted, listed
from bot.language.callme import called
from bot.language.clauses import Reading, read_several
from bot.language.customer_intents import Rename, Show, Visit
from bot.language.intents import CallMe, Choice, Confirm, Help, Intent, Later, NotUnderstood, Yes
from bot.language.nearest import MOST_OFFERED, Nearest, pasted
from bot.language.normalise import Words, read, without_farewell, without_lead, without_mood
from bot.language.verbs import Said, Unclear, Verb, read_count
from bot.language.whom import whom, whoms

LONGEST_LINE = 8000  # more than WeChat lets through; a script may have 4,000

VERBS: tuple[Verb, ...] = (
    *about_customers.VERBS,
    *about_files.VERBS,
    *about_shop.VERBS,
    *about_tags.VERBS,
    *about_orders.VERBS,
    *about_ledger.VERBS,
    *about_segments.VERBS,
    *about_campaigns.VERBS,
    *about_activities.VERBS,
    *about_playbooks.VERBS,
    *about_after_sale.VERBS,
    *about_care.VERBS,
    *about_channels.VERBS,
    *about_groups.VERBS,
    *about_work.VERBS,
)
_PLAYBOOK_VERBS = {verb.words[0] for verb in about_playbooks.VERBS}
_BY_WORD = {word: verb for verb in VERBS for word in verb.words}
_AFTER_WHOM = {word: verb for word, verb in _BY_WORD.items() if verb.after_whom}
# For lines that name a customer we know (known.py): what may stand before the name, and what behind it.
_OF_CUSTOMERS = (*about_customers.VERBS, *about_files.VERBS, *about_tags.VERBS, *about_orders.VERBS)
_NOT_BEFORE = {
    "待回",
    "给",
    "把",
    "回",
    "回复",
    "规则",
    "合并标签",
    "标签列表",
    "批量标签",
    "下单",
    "发货",
    "签收",
    "用完",
}
BEFORE_WHOM = {word: verb for verb in _OF_CUSTOMERS if verb.words[0] not in _NOT_BEFORE for word in verb.words}
BEHIND_WHOM = _AFTER_WHOM
_LONGEST_VERB = max(map(len, _BY_WORD))
_LONGEST_AFTER = max(map(len, _AFTER_WHOM))
_NEAREST = Nearest(VERBS)

_POLITE = re.compile(r"(?:(?:请|麻烦(?:你|您)?|帮(?:我|忙)|我要|记一?下|给我)[ ,]?)+")
_CHOICE = re.compile(r"(?:选|第)? ?(?P<number>\d{1,3}|[一二三四五六七八九十]) ?(?:个|号|位)?", re.ASCII)
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_YES = {
    "发吧",
    "发",
    "发送",
    "发出去",
    "可以发",
    "同意",
    "是",
    "是的",
    "对",
    "对的",
    "yes",
    "嗯",
    "嗯嗯",
    "好",
    "好的",
    "行",
    "可以",
    "没错",
    "ok",
}
_CONFIRM = re.compile(r"(?:(?:我?回复?|发送?) ?[\"“]?)?(?:确认|确定|confirm) ?码? ?:? ?(?P<code>.*)")
_STOP = re.compile(r"(?:先?别|先?不要?|停)(?:再|群)?发(?:送|了)?")
_POINTS = re.compile(r"[^ \n+-]{1,20} ?[+-] ?\d+ ?(?P<word>积分)")
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9]{4}", re.ASCII)
_BROAD = ("给", "把", "今日")  # as likely to begin a sentence of its own as an order of ours
_GLUE_ANYWAY = "#他她它"  # 回#12 and 查他 need no space even where other words do

_CAME = re.compile(
    r"(?P<whom>[^ \n]{1,12}?) ?(?:刚刚?|已经)?(?:到店里?了?|来店里?了?|进店了?|来了|到了|来过了?|过来了)"
)
_PAID = re.compile(
    r"(?P<whom>[^ \n\d]{1,12}?|#\d+) ?(?P<verb>消费了?|买了|买单|付款|付了|花了|退款|退货|成交了?) ?(?P<rest>[¥\d].*)",
    re.ASCII,
)
_BOUGHT = re.compile(
    r"(?P<whom>[^ \n\d]{1,12}?) ?(?P<verb>买了) ?(?P<goods>[^ \d]{1,12}) ?(?P<rest>[¥\d][\d.]*[元块]?)", re.ASCII
)
_EACH = re.compile(r"(?P<whom>[^ \n\d]{1,40}) 各(?P<verb>消费|付款|买了) ?(?P<rest>[¥\d].*)", re.ASCII)
_REFUNDED = re.compile(r"(?P<whom>[^ \n\d]{1,12}?|#\d+) ?(?P<verb>退款)(?P<rest>)", re.ASCII)
_EARLIER = re.compile("(?:昨天|前天|昨晚|上周.?|上个?月)$")
_JUST_NOW = re.compile(r"(?:今天|今日|刚才|刚刚?|已经|又|到店|来店|来了)+$")  # 小美今天到店消费298
_PAID_BY_NAMESAKE = re.compile(r"[^ ]{1,12} (?:消费|买了|付款|退款|成交|到店)(?: ?[¥\d].*)?", re.ASCII)
# 小美没消费298 and 小美说消费298 tell about money, nobody paid.
_NO_SALE = re.compile(r"(?:[没未不别想要说会能请可问]|准备|打算|应该|如果|怎么|谁|都|人)$")
_GRADED = re.compile(r"(?P<whom>[^ \n]{1,12}?) ?(?P<verb>级别|等级) ?(?P<rest>[=:]? ?[a-z]级?)", re.ASCII)
_GRADED_SHORT = re.compile(r"(?P<whom>[^ \n]{1,12}) (?P<verb>)(?P<rest>[a-z])级", re.ASCII)
_NOTED = re.compile(r"(?P<whom>[^ \n]{1,8})(?P<verb>备注)[ :](?P<rest>.+)", re.DOTALL)
_NAMED = re.compile(r"(?P<whom>#\d+) ?(?:叫做?|是|改名叫?) ?(?P<name>[^ \n].{0,80})", re.ASCII)
_NUMBER_FIRST = re.compile(
    r"(?:单号?|订单|群发|第|#)? ?(?P<number>\d{1,6})[号单个条]?的? ?(?P<verb>"
    r"已?下单|已?发货|寄出|已?签收|售后|收货|用完了?|完成|做完|搞定|推迟|延后|文案|名单|进度|结果|效果|暂停|继续|取消)了?"
    r"(?P<rest>(?:[ ,:].*|(?<=推迟)(?:到|明天|后天|下|周|\d).*)?)",
    re.ASCII,
)
_ORDER_BACK = re.compile(
    r"(?:单号?|订单号?) ?(?P<number>\d{1,9})[号单]?的? ?(?:要)?退(?:款|货|钱|了|掉)* ?(?P<rest>.*)", re.ASCII
)
_PASSER_BY = re.compile(
    rf"(?P<whom>{'|'.join(sorted(PASSER_BY))}) ?(?:消费了?|买了?|付了?|花了?)? ?(?P<rest>[^ ,;。\n][^,;。\n]*)"
)
_POSSESSED = re.compile(r"(?P<whom>[^ \n]{1,12})的(?P<what>资料|信息|情况|档案|订单|历史|历史记录|售后|周期)")
# 收货 is a verb of ours; 收货地址 begins what a customer's order says.
_PASTED = re.compile(r"(?:收货|收件|寄件|取件) ?(?:人|地址|信息|方式|电话|手机|姓名)")
# 客户没到店 and 明天到店 tell about a visit, they are none.
_NO_VISIT = re.compile(r"(?:[没未不别想要会能请可再]|明天|后天|下周|周末|怎么|何时|几点|时候|人|谁|都)$")


def understand(text: str, now: datetime) -> Intent:
    """What a staff member means. ``now`` is aware, in the shop's zone. Never raises.

    A line with one bad part comes back as ``NotUnderstood``, which names that part: nothing is half-understood.
    """
    line = without_lead(read(text[: LONGEST_LINE + 1]))
    if len(line) > LONGEST_LINE:
        return NotUnderstood(f"这条太长了（最多 {LONGEST_LINE} 个字），请分开发。")
    try:
        return _understood(line, now)
    except Unclear as error:
        return NotUnderstood(str(error), error.nearest, error.is_free)
    except Refusal as error:
        found = _verb_at(line)
        return NotUnderstood(str(error), found[0].forms[:1] if found else ())


def _understood(line: Words, now: datetime) -> Intent:
    if not line:
        raise Unclear("没看到文字，说“帮助”看看能做什么。", "帮助")
    if intent := _whole_line(line):
        return intent
    line = _without_politeness(line)
    if _PASTED.match(line.plain):
        raise pasted(line)

    def clause(piece: Words) -> Intent:
        return _sentence(piece, now, offers=piece.start == line.start)

    return _passer_by(line, now) or read_several(line, Reading(_verb_at, clause, now)) or _sentence(line, now)


def _passer_by(line: Words, now: datetime) -> Intent | None:
    """``散客 58 苹果``: nobody in particular can only have paid. Raises ``Unclear``."""
    match = _PASSER_BY.fullmatch(line.plain)
    if match is None:
        return None
    paid = line.group(match, "rest")
    paid = paid.cut(0, len(paid.plain.removesuffix("消费")))
    return _BY_WORD["消费"].read(Said(without_farewell(paid), now, line.group(match, "whom")))


def is_verb(word: str) -> bool:
    return word in _BY_WORD


def _sentence(line: Words, now: datetime, *, offers: bool = True) -> Intent:
    """One clause. Raises ``Unclear``; without ``offers`` it saves the search for what an unknown one may have meant."""
    found = _verb_at(line)
    if (found is None or found[0].words[0] not in _PLAYBOOK_VERBS) and (intent := about_playbooks.of_play(line, now)):
        return intent
    if found is None:
        line = without_farewell(line)
        if what := listed(line):
            return _sentence(what, now)
        if who := counted(line):
            return _BY_WORD["人群"].read(Said(who, now))
        if intent := _customer_first(line, now):
            return intent
        raise _unknown(line) if offers else Unclear(f"没看懂“{line.typed[:12]}”。", "帮助")
    verb, after = found[0], line.cut(found[1]).strip(" \n:,")
    if verb.words[0] == "订单" and (intent := _turned(line, now)):
        return intent  # 订单2下单
    # A text is kept as typed to its end, and a name may be an emoji.
    whole = verb.takes_text or verb.words[0] == "改名"
    said = Said(after if whole else without_farewell(after), now, glued=found[2])
    try:
        return verb.read(said)
    except Refusal as error:
        # 群发 +VIP: a customer may be called like a verb of ours, but 批量标签 +A only lacks its segment.
        if verb not in about_tags.VERBS and (intent := tag_by_signs(line)):
            return intent
        if intent := _question(line) or _about_them(line, now):
            return intent
        if verb.words[0] in _BROAD and (who := counted(line)):
            return _BY_WORD["人群"].read(Said(who, now))  # 今天谁过生日
        if verb.words[0] in _BROAD and offers:
            unknown = _unknown(line)
            problem = str(error if line.plain[0] == "给" else unknown)
            raise Unclear(problem, *unknown.nearest, is_free=True) from error
        raise


def _about_them(line: Words, now: datetime) -> Intent | None:
    """``群发 消费 298`` of a customer called like a verb; ``给小美退款298``, ``小美的…`` behind a word of ours."""
    given = re.match(r"[给帮把](?=[^ ])", line.plain)
    if given and (intent := broadcast_turned(line, now)):
        return intent
    try:
        if given:
            return _customer_first(line.cut(1), now)
        return _verb_second(line, now) if _PAID_BY_NAMESAKE.fullmatch(line.plain) else None
    except Refusal:
        return None


def _without_politeness(line: Words) -> Words:
    """``帮我查一下小美`` is 查一下小美."""
    polite = _POLITE.match(line.plain)
    if polite and _verb_at(rest := line.cut(polite.end())):
        return rest
    return line


def _whole_line(line: Words) -> Intent | None:
    bare = without_mood(line)
    if not bare:
        return Help() if "?" in line.plain else None
    if match := _CHOICE.fullmatch(bare.plain):
        return Choice(read_count(match["number"]) or 0)
    if len(bare) == 1 and bare.plain in _CIRCLED:
        return Choice(_CIRCLED.index(bare.plain) + 1)
    if bare.lower in _YES:
        return Yes()
    if intent := aside(bare):
        return intent
    if match := _CONFIRM.fullmatch(without_farewell(bare).lower):
        return _confirm(match["code"].strip(' "'))
    if _STOP.fullmatch(bare.plain):
        raise Unclear(f"没看懂“{bare.typed}”，什么都没有改。要停下正在发的群发，说：暂停", "暂停")
    if _CODE.fullmatch(bare.lower):
        code = bare.plain.upper()
        raise Unclear(f"要确认请说：确认 {code}", f"确认 {code}", f"查 {bare.typed}")
    if match := _POINTS.fullmatch(bare.plain):
        return Later(match["word"])
    if re.fullmatch(r"# ?\d{1,9}", bare.plain, re.ASCII):
        return Show((whom(bare),))
    if name := called(line):
        return CallMe(name)
    return None


def _confirm(code: str) -> Intent:
    code = code.replace(" ", "").upper()
    if code in ("", "一下", "吧", "了"):
        return Yes()  # which of what waits: the answer says
    if not re.fullmatch(r"[A-Z0-9]{4}", code, re.ASCII):
        raise Unclear("确认要带四位码，照着发就行，例如：确认 7F3K", "确认 7F3K")
    return Confirm(code)


def _verb_at(line: Words) -> tuple[Verb, int, bool] | None:
    """The longest verb the line begins with, its length, and whether the next word is glued to it."""
    plain = line.plain[: _LONGEST_VERB + 1].lower()
    if len(line) <= _LONGEST_VERB and " " in plain and (verb := _BY_WORD.get(plain.replace(" ", ""))):
        return verb, len(plain), False  # 帮 助
    for length in range(min(_LONGEST_VERB, len(plain)), 0, -1):
        verb = _BY_WORD.get(plain[:length])
        if verb is None:
            continue
        after = plain[length : length + 1]
        glued = bool(after) and after not in " \n:,。.!?~"
        if not glued or after in _GLUE_ANYWAY:
            return verb, length, False
        if verb.gluable and not (plain[length - 1].isascii() and after.isascii() and after.isalnum()):
            return verb, length, True
    return None


def _customer_first(line: Words, now: datetime) -> Intent | None:
    """``小美 +VIP``, ``小美 消费298``, ``张三 到店``, ``明天10点提醒我 …``: the verb is not what comes first."""
    if intent := tag_by_signs(line) or remind_by_time(line, now) or _question(line) or about_files.file_of(line):
        return intent
    if intent := about_segments.why(line) or about_after_sale.lasts(line):
        return intent
    if intent := tag_by_verb(line):
        return intent
    if match := _CAME.fullmatch(without_mood(line).plain):
        whose = line.group(match, "whom")
        late = _JUST_NOW.search(whose.plain)
        people = whoms(whose.cut(0, late.start()) if late and late.start() else whose)
        return Visit(people) if people and not _NO_VISIT.search(match["whom"]) else None
    if match := _NAMED.fullmatch(line.plain):
        return Rename(whom(line.group(match, "whom")), line.group(match, "name").strip(' "').typed)
    if intent := _money_glued(line, now) or _turned(line, now) or broadcast_turned(line, now):
        return intent
    return _verb_second(line, now)


def _money_glued(line: Words, now: datetime) -> Intent | None:
    """``小美消费298``, ``小美级别A``: no space says where the name ends, the verb does."""
    for pattern in (_PAID, _BOUGHT, _EACH, _REFUNDED, _GRADED, _GRADED_SHORT, _NOTED):
        if match := pattern.fullmatch(line.lower):
            if _NO_SALE.search(match["whom"]):
                return None
            rest = line.group(match, "rest")
            if pattern is _BOUGHT:
                rest = read(f"{rest.typed} {line.group(match, 'goods').typed}")
            whose = line.group(match, "whom")
            if earlier := _EARLIER.search(whose.plain):
                raise Unclear(
                    f"收款只记现在的，“{earlier.group()}”的请写成备注，例如：消费 小美 298 备注 {earlier.group()}的"
                )
            late = _JUST_NOW.search(whose.plain)
            said = Said(rest, now, whose.cut(0, late.start()) if late and late.start() else whose)
            return _AFTER_WHOM[match["verb"] or "级别"].read(said)
    return None


def _turned(line: Words, now: datetime) -> Intent | None:
    """``12 发货``, ``小美的订单``, ``小美 298 消费``: the verb comes last, or after its number."""
    plain = line.lower
    if (match := _NUMBER_FIRST.fullmatch(plain)) and (verb := _BY_WORD.get(match["verb"])):
        rest = line.group(match, "rest").strip(" ,:")
        return verb.read(Said(read(f"{match['number']} {rest.typed}") if rest else line.group(match, "number"), now))
    if match := _ORDER_BACK.fullmatch(plain):
        return _BY_WORD["退款"].read(Said(read(f"单号{match['number']} {line.group(match, 'rest').typed}"), now))
    if match := _POSSESSED.fullmatch(plain):
        word = match["what"] if match["what"] in ("订单", "历史", "历史记录", "售后", "周期") else "查"
        return _BY_WORD[word].read(Said(line.group(match, "whom"), now))
    last = plain.rfind(" ") + 1
    verb = _BY_WORD.get(plain[last:])
    if last and verb and (verb.after_whom or plain[last:] == "查"):
        before = line.cut(0, last)
        if len(before.split()) > 1 or plain[last:] == "查":
            return verb.read(Said(before, now))
    return None


def _verb_second(line: Words, now: datetime) -> Intent | None:
    """``小美 备注 喜欢素色``: a word, then a verb that may follow a customer."""
    parts = line.split("[ \n]+")
    if len(parts) < 2 or len(parts[0]) > 20:
        return None
    rest = line.cut(parts[1].start - line.start)
    for length in range(min(_LONGEST_AFTER, len(rest)), 1, -1):
        verb = _AFTER_WHOM.get(rest.lower[:length])
        after = rest.plain[length : length + 1]
        level = verb and verb.words[0] in ("跟进", "级别") and after in "abcdsfABCDSF改"
        if verb and (not after or after in " \n:,+-=¥" or after.isdigit() or level):
            return verb.read(Said(rest.cut(length).strip(" \n:,"), now, parts[0]))
    word = next((word for word in ABOUT_CUSTOMERS if rest.plain.startswith(word)), None)
    return Later(word) if word else None


def _question(line: Words) -> Intent | None:
    """``群发怎么用``, ``怎么退款`` ask for help with that word."""
    topic = help_wanted(line)
    return Help(topic) if topic in _BY_WORD else None


def _unknown(line: Words) -> Unclear:
    if re.match(r"[+-] ?[^\d\s+-]", line.plain):
        return Unclear(f"没说给哪位顾客，例如：小美 {line.typed[:20]}", f"他 {line.typed[:20]}")
    # 看小美 reads like much else, so it is offered with its space instead of being carried out.
    one = _BY_WORD.get(line.lower[:1])
    fits = one and one.forms and one.words[0] not in _BROAD and 1 < len(line) <= 12
    spaced = (f"{one.words[0]} {line.cut(1).typed}",) if one and fits else ()
    nearest = tuple(dict.fromkeys((*spaced, *_NEAREST.forms(line))))[:MOST_OFFERED]
    shown = line.typed[:12] + ("…" if len(line) > 12 else "")
    return Unclear(f"没看懂“{shown}”，什么都没有改。", *nearest, is_free=True)
