"""The time after a sale, by chat: what customers hear of their orders, how long articles last, who is to be woken up."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.domain.care import after_sale, letter_rules, switches, wake_ups
from bot.domain.care.after_sale import Told
from bot.domain.customers import finding
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.merchants import service as merchants
from bot.domain.orders import cycles
from bot.domain.orders import service as orders
from bot.domain.orders.models import Order
from bot.domain.orders.rules import article, items_shown, stage_shown
from bot.errors import Refusal
from bot.language.after_sale_intents import (
    AfterSale,
    AfterSaleSwitch,
    CycleDelete,
    Cycles,
    CycleSet,
    WakeUps,
    WakeUpSwitch,
)
from bot.language.intents import Whom
from bot.language.normalise import read
from bot.language.whom import whom as read_whom
from handlers.talk import Nobody, StaffTalk, on

LATELY = timedelta(days=7)
LISTED = 20  # articles in one reply
# What became of a letter, as people say it.
BECAME = {
    "sent": "已发",
    "planned": "正在发",
    "claimed": "正在发",
    "handed": "正在发",
    "by_hand": "等您人工发，在“今日”里",
    "unknown": "不确定收到没有",
    "failed": "没发成",
    "cancelled": "没有发",
    "skipped": "没有发",
    "later": "晚些发",
    "over": "没有发",
}
STEPS_SHOWN = (
    "① 下单：告诉 TA 下好了",
    "② 发货：快递单号；第二天说怎么用（有周期，或写过“使用说明”话术的货）",
    "③ 寄出 3 天问到了没，签收问好不好；收到 3 天后回访",
    "④ 用完：问用得怎样、要不要再来（算营销，退订的不发）",
)


@on.staff(AfterSale)
def show(talk: StaffTalk) -> str:
    intent = talk.intent
    if intent.order is not None:
        return _journey(talk, orders.get(talk.tx, intent.order))
    if intent.whom is not None:
        customer = talk.one(intent.whom)
        latest = next(iter(orders.of(talk.tx, customer.id, count=1)), None)
        if latest is None:
            raise Refusal(f"{shown(customer)} 还没有订单。")
        return _journey(talk, latest)
    started = switches.on_since(talk.tx, switches.AFTER_SALE)
    if started is None:
        return "\n".join(["售后没开，到时只在“今日”提醒您。打开后自动告诉顾客：", *STEPS_SHOWN, "打开：售后 开"])
    found = after_sale.counts(talk.tx, talk.tx.now - LATELY)
    told = {"queued": "自动发", "by_hand": "人工发", "later": "排着", "skipped": "没发", "over": "过了时间"}
    numbers = "，".join(f"{words} {found[state]}" for state, words in told.items() if found.get(state))
    return "\n".join(
        [
            f"售后开着（{talk.day(started)}起），自动告诉顾客：",
            *STEPS_SHOWN,
            "发不了的放进“今日”，文案备好。",
            f"近 7 天：{numbers or '还没有'}",
            "看一单：售后 单号12；关掉：售后 关",
        ]
    )


@on.staff(AfterSaleSwitch)
def switch(talk: StaffTalk) -> str:
    wanted = talk.intent.on
    merchants.require_owner(talk.staff, "打开售后" if wanted else "关掉售后")
    if not switches.turn(talk.tx, switches.AFTER_SALE, on=wanted):
        return f"售后本来就{'开着' if wanted else '没开'}，没有变化。"
    talk.label(f"售后 {'开' if wanted else '关'}")
    if not wanted:
        return "售后关了，不再自动告诉顾客，到时在“今日”提醒您。再打开：售后 开"
    return "\n".join(
        [
            "售后开了，从现在的单子起自动告诉顾客：",
            *STEPS_SHOWN,
            "记完等 1 分钟才发，记错了马上说 撤销，TA 不会收到。夜里不发，一位顾客一天最多一条。",
            "关掉：售后 关",
        ]
    )


def _journey(talk: StaffTalk, order: Order) -> str:
    customer = customers.get(talk.tx, order.customer_id) if order.customer_id is not None else None
    who = shown(customer) if customer is not None else "散客"
    lines = [f"单号{order.id} {who} {items_shown(order.items)} {stage_shown(order.stage)}".replace("  ", " ")]
    if customer is None:
        return f"{lines[0]}\n散客的单子没有售后。"
    talk.one_is(customer)
    on_now = switches.on_since(talk.tx, switches.AFTER_SALE) is not None
    for told in after_sale.journey(talk.tx, order):
        if told.letter is not None or told.step.word not in ("下单告知", "发货通知", "使用说明") or on_now:
            lines.append(_step_line(talk, order, told, on_now=on_now))
    if order.refunded_fen >= order.amount_fen:
        lines.append("已经全部退款，售后到此为止。")
    elif order.bought_again_id is not None:
        lines.append(f"又买了一次（单号{order.bought_again_id}），用完的事跟着那一单算。")
    elif order.used_up_due is None and order.items:
        lasts = cycles.how_long(talk.tx, order)
        if lasts is None:
            lines.append(f"不知道多久用完。告诉我：周期 {items_shown(order.items)} 30天")
        elif order.stage < 3:
            lines.append(f"· 用完提醒（{lasts.why}）：收到以后 {lasts.days} 天")
    return "\n".join(lines)


def _step_line(talk: StaffTalk, order: Order, told: Told, *, on_now: bool) -> str:
    learned = f"（{order.used_up_why}）" if told.step.name == "used_up" and order.used_up_why else ""
    letter = told.letter
    if letter is None:
        at = max(told.at or talk.tx.now, talk.tx.now)
        opens = letter_rules.opening(at, talk.shop.quiet_hours, talk.shop.timezone)
        return f"· {told.step.word}{learned}：{talk.moment(opens)} {'自动发' if on_now else '在“今日”提醒您'}"
    why = letter.reason.rstrip("）").replace("（", "：")
    reason = f"（{why}）" if why and told.became not in ("sent", "by_hand") else ""
    return f"· {told.step.word}{learned}：{talk.day(letter.created_at)} {BECAME.get(told.became, told.became)}{reason}"


# -- how long articles last ----------------------------------------------------------------------------------------------


@on.staff(Cycles)
def show_cycles(talk: StaffTalk) -> str:
    name = talk.intent.name
    known = cycles.articles(talk.tx)
    if name:
        return _about(talk, name, known)
    if not known:
        return "还没有货品的周期。设一个：周期 洗面奶 30天\n到日子提醒您问用得怎样；同一位顾客多买几次，就按 TA 自己的间隔算。"
    lines = [f"· {items_shown(one)} {days} 天" for one, days in list(known.items())[:LISTED]]
    more = (
        f"\n还有 {len(known) - LISTED} 样，看一样：周期 {items_shown(next(iter(known)))}" if len(known) > LISTED else ""
    )
    return (
        "一份用多久：\n" + "\n".join(lines) + more + "\n顾客多买几次，就按 TA 自己的间隔算，例如：周期 小美"
        f"\n改：周期 {items_shown(next(iter(known)))} 30天"
    )


def _about(talk: StaffTalk, name: str, known: dict[str, int]) -> str:
    """An article by its name, else a customer."""
    if not any(article(name) in one for one in known):
        customer = _customer(talk, read_whom(read(name)))
        if customer is not None:
            return _habits(talk, customer)
    found = cycles.find(talk.tx, name)
    lines = [f"{items_shown(found)}：一份按 {known[found]} 天算。"]
    in_use = cycles.in_use(talk.tx, found)
    if in_use:
        people = {one.order.customer_id: customers.get(talk.tx, one.order.customer_id or 0) for one in in_use}
        lines.append("最近要用完的：")
        lines += [
            f"· {shown(people[one.order.customer_id])} {talk.day(one.due)}"
            f"（{one.why or '您定的日子'}，单号{one.order.id}）"
            for one in in_use
        ]
    return "\n".join([*lines, f"改：周期 {items_shown(found)} 30天；去掉：周期 删除 {items_shown(found)}"])


def _customer(talk: StaffTalk, whom: Whom) -> Customer | None:
    try:
        return talk.one(whom)
    except Nobody:
        return None


def _habits(talk: StaffTalk, customer: Customer) -> str:
    learned = cycles.habits(talk.tx, customer.id)
    if not learned:
        return f"还看不出 {shown(customer)} 多久用完什么。同一样买过两次就会算，也可以先设：周期 洗面奶 30天"
    lines = [f"· {items_shown(name)} {one.days} 天（{one.why}）" for name, one in learned]
    return f"{shown(customer)} 多久用完：\n" + "\n".join(lines)


@on.staff(CycleSet)
def set_cycle(talk: StaffTalk) -> str:
    name, days = talk.intent.article, talk.intent.days
    before = cycles.articles(talk.tx).get(article(name))
    if before is None and finding.named_in(talk.tx, [name]):
        raise Refusal(
            f"“{name}”是一位顾客，没有记。TA 多久买一次会自己算，看：周期 {name}。货品这样写：周期 洗面奶 30天"
        )
    if before == days:
        return f"{items_shown(name)}本来就按 {days} 天算，没有变化。"
    moved = cycles.set_days(talk.tx, name, days)
    talk.label(f"周期 {items_shown(name)} {days}天")
    was = f"（原来 {before} 天）" if before else ""
    in_use = f"正在用的 {moved} 单也排上了。" if moved else ""
    return f"记好了：{items_shown(name)}一份按 {days} 天算{was}。{in_use}顾客多买几次，就按 TA 自己的间隔算。"


@on.staff(CycleDelete)
def delete_cycle(talk: StaffTalk) -> str:
    gone = cycles.forget_days(talk.tx, talk.intent.article)
    talk.label(f"周期 删除 {items_shown(gone.article)}")
    return f"{items_shown(gone.article)}的周期（{gone.days} 天）去掉了。已经排好的日子不变。"


# -- waking up -----------------------------------------------------------------------------------------------------------

_WOKEN = {switches.QUIET: "流失", switches.FOLLOW_UP: "跟进"}


@on.staff(WakeUps)
def show_wake_ups(talk: StaffTalk) -> str:
    states = Counter({name: switches.on_since(talk.tx, name) is not None for name in _WOKEN})
    said = {name: "自动告诉顾客" if states[name] else "只在“今日”提醒您" for name in _WOKEN}
    some = next((word for name, word in _WOKEN.items() if not states[name]), "流失")
    return "\n".join(
        [
            "唤醒：",
            f"· 流失：{wake_ups.count_quiet(talk.tx)} 位好久没来，还没联系；{said[switches.QUIET]}",
            f"· 跟进：约好的日子到了；{said[switches.FOLLOW_UP]}",
            f"打开：唤醒 开 {some}；关掉：唤醒 关 {some}。谁算好久没来：规则 流失预警 45天",
        ]
    )


@on.staff(WakeUpSwitch)
def switch_wake_up(talk: StaffTalk) -> str:
    name, wanted = talk.intent.name, talk.intent.on
    word = _WOKEN[name]
    merchants.require_owner(talk.staff, f"{'打开' if wanted else '关掉'}“{word}”的唤醒")
    if not switches.turn(talk.tx, name, on=wanted):
        return f"“{word}”的唤醒本来就{'开着' if wanted else '没开'}，没有变化。"
    talk.label(f"唤醒 {'开' if wanted else '关'} {word}")
    if not wanted:
        return f"“{word}”的唤醒关了，只在“今日”提醒您。再打开：唤醒 开 {word}"
    if name == switches.QUIET:
        what = f"以后谁刚算好久没来，就问候一句（话术“好久不见”，VIP 用“VIP关怀”），一天最多 {wake_ups.A_DAY} 位，消费多的先。"
    else:
        what = "以后约好的日子到了，先自动问一句（话术“打消顾虑”“新品问需”），“今日”里照样提醒您。"
    return f"“{word}”的唤醒开了。{what}\n发不了的放进“今日”，文案备好；退订的、在等回复的不发。关掉：唤醒 关 {word}"
