"""Sentences about money and goods: 消费, 退款, 成交, 订单, 下单, 发货, 签收, 用完."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.language.intents import Intent, Whom
from bot.language.money import looks_like_money, read_money, take_money, take_spelt_money
from bot.language.normalise import Words, read, without_mood
from bot.language.order_intents import Deal, Delivered, Ordered, Orders, Purchase, Refund, Shipped, UsedUp
from bot.language.times import read_day
from bot.language.verbs import Said, Unclear, Verb, one_person, only_number, split_people, take_number
from bot.language.whom import whoms

_BUY, _DEAL = "消费 小美 298 连衣裙", "成交 小美 298 连衣裙"
_REFUND, _SHIP, _USED = "退款 小美 298", "发货 12 顺丰 SF123456", "用完 12 30天后"

PASSER_BY = {"散客", "路人", "过路客", "陌生人", "无名"}
_NOT_IN_SHOP = {
    "线上",
    "网上",
    "快递",
    "邮寄",
    "网店",
    "微店",
    "网购",
    "线上单",
    "直播",
    "外卖",
    "小程序",
    "微商城",
    "商城",
}
_NOT_IN_SHOP |= {"淘宝", "抖音", "拼多多", "美团", "饿了么"}
_IN_SHOP = {"到店", "店里", "门店", "店内", "现场", "线下", "本店"}
# How it was paid is no article: it would be asked after in the words to the customer.
_MEANS = {
    f"{means}{paid}"
    for means in ("微信", "支付宝", "现金", "刷卡", "扫码", "转账")
    for paid in ("", "付", "付的", "付了", "支付", "付款", "转", "转的", "转了", "收款")
}
_PAID_BY = re.compile(rf"(?:{'|'.join(sorted(_MEANS, key=len, reverse=True))})(?= ?¥?\d)", re.ASCII)
_NOTE = re.compile(r"(?:^|[ ,;])备注[ :]?")
# 消费 小美 298，张姐 100 and 298或398 say two amounts; 童装 110 is goods.
_ANOTHER_AMOUNT = re.compile(
    r"^(?:或者?|到|至|加|减|[~/+-]) ?¥?\d[\d.]*|[,;。][^\d,;。]* ¥?\d[\d.]*[元块]?$|(?:^|[ ,])¥ ?\d|\d[元块]$|^¥?\d[\d.]*(?= |$)",
    re.ASCII,
)
_ASKING = re.compile(r"[吗么]$|\?$|没有?$|了没$")
_BROKEN_POINT = re.compile(r"(?<!\d)\d{1,9} ?[。·] ?\d{1,9}", re.ASCII)
_NAME_AND_AMOUNT = re.compile(
    r"(?!原价|实付|实收|优惠|折后|应付|现价|减免|还差|找零)[\u3400-\u9fff]{2,4}¥?\d+(?:\.\d+)?[元块]?", re.ASCII
)
_ROUGHLY = re.compile(r"(?:左右|上下|出头|多块?)(?= |$)|.*(?:还差|还欠|欠着|没付清)")
_EARLIER = re.compile(r"(?:(?<= )|^)(?:昨天|前天|大前天|上周[一二三四五六日天]?|上个?月|昨晚)(?= |$)(?!.*备注)")
_EACH = re.compile(r"(?:每人|各自?) ?(?=[¥\d一二两三四五六七八九十])", re.ASCII)
_ASKED = re.compile(r"多少钱?|吗|怎么.*|了吗|能.*|可以.*|要.*吗")
_MOST_GOODS = 40  # words among which the amount is looked for
_BREAK = re.compile("[ \n]+")
_ORDER = re.compile(r"(?:单号|订单号?|no\.?) ?:?#? ?(\d{1,9})(?!\d)|^(\d{1,9})(?:号?单)(?!\w)", re.ASCII)
_PAGE = re.compile(r"(?:^|(?<=.)) ?第 ?(?P<page>\d{1,3}) ?页$", re.ASCII)
_PARCEL = re.compile(
    r"(?P<carrier>[^\dA-Za-z]*?)[ ,:]*(?:(?:快递)?单号)?[ ,:]*(?P<parcel>[A-Za-z]{0,5}\d[\dA-Za-z-]{4,30})", re.ASCII
)
_CARRIERS = "顺丰|中通|圆通|韵达|申通|极兔|京东|邮政|EMS|ems|德邦|百世|天天|丰网|菜鸟"
_CARRIED = re.compile(
    rf"(?P<carrier>(?:{_CARRIERS})(?:快递|快运|速运|物流)?)[ ,:]*(?P<parcel>[A-Za-z\d-]{{3,34}})", re.ASCII
)
_TURNED_PARCEL = re.compile(
    rf"(?P<parcel>[A-Za-z]{{0,5}}\d[\dA-Za-z-]{{2,30}})[ ,:]*(?P<carrier>(?:{_CARRIERS})(?:快递|快运|速运|物流)?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Sale:
    """What 消费 and 成交 have in common. Nobody in ``people``: a passer-by."""

    people: tuple[Whom, ...]
    amount_fen: int
    items: str
    note: str
    in_shop: bool


def _sale(said: Said, example: str) -> _Sale:
    """Who, how much, what, wherever the spaces are. Raises ``Unclear`` and ``MoneyError``."""
    if _ASKING.search(said.words.plain):
        raise Unclear(f"像是在问，没有记。要记账就说：{example}", example)
    if broken := _BROKEN_POINT.search(said.words.plain):
        raise Unclear(f"金额“{broken.group()}”没看懂，小数点写成 298.50，例如：{example}", example)
    pairs = [word.typed for word in said.words.split() if _NAME_AND_AMOUNT.fullmatch(word.plain)]
    if len(pairs) > 1 and not said.whom:
        each = "，".join(f"{example.split()[0]} {pair}" for pair in pairs)
        raise Unclear(f"有两个金额，没有记。两位顾客就一人一句：{each}", example)
    first, amount, goods = _parts(said, example)
    people = () if first.plain in PASSER_BY else whoms(first)
    nobody = not people and first.plain not in PASSER_BY
    if nobody or any(person.text[0] in "+-" for person in people):
        raise Unclear(f"没说是哪位顾客，例如：{example}", example, "消费 散客 58 苹果")
    if another := _ANOTHER_AMOUNT.search(goods.plain):
        raise Unclear(f"有几个数，哪个是金额？“{another.group().strip(' ,')[:20]}”请另发，例如：{example}", example)
    if _ROUGHLY.match(goods.plain):
        raise Unclear(f"金额要说准，例如：{example}", example)
    if earlier := _EARLIER.search(goods.plain):
        raise Unclear(
            f"收款只记现在的，“{earlier.group()}”的请写成备注，例如：{example} 备注 {earlier.group()}的", example
        )
    note = _NOTE.search(goods.plain)
    in_shop, items, means = _items(goods.cut(0, note.start()) if note else goods)
    noted = " ".join(filter(None, (means, goods.cut(note.end()).typed if note else "")))
    return _Sale(people, read_money(amount.plain), items, noted, in_shop)


def _items(goods: Words) -> tuple[bool, str, str]:
    """Whether it was paid in the shop, the goods without the words that say so or how, and how, as typed."""
    pieces = goods.split()
    places = [piece.plain in _IN_SHOP for piece in pieces if piece.plain in _IN_SHOP | _NOT_IN_SHOP]
    means = [piece.typed for piece in pieces if piece.plain in _MEANS]
    kept = [without_mood(piece).typed for piece in pieces if piece.plain not in _IN_SHOP | _NOT_IN_SHOP | _MEANS]
    return all(places), " ".join(filter(None, kept)), " ".join(means)


def _parts(said: Said, example: str) -> tuple[Words, Words, Words]:
    """The customers, the amount and the goods. Raises ``Unclear`` where it is not plain which is which."""
    if said.whom:
        return said.whom, *_amount_in(said.words, example)
    if not said.words:
        raise Unclear(f"没说是哪位顾客，例如：{example}", example)
    first, rest = split_people(said.words)
    if each := _EACH.match(rest.plain):
        rest = rest.cut(each.end())
    follows = take_money(rest)
    if first and follows:
        return first, *follows
    if glued := _glued(first):
        name, _ = glued
        amount, goods = take_money(said.words.cut(len(name))) or (name, name)
        return name, amount, goods
    turned = take_money(said.words)
    if turned and turned[1] and not any(take_money(word) for word in turned[1].split()):
        people, goods = split_people(turned[1])  # 消费 298 小美 连衣裙
        return people, turned[0], goods
    if turned and not turned[1]:
        raise Unclear(f"没说是哪位顾客，例如：{example}", f"{example.split()[0]} 他 {turned[0].typed}", example)
    first, rest = _latin_name(first, rest)
    return first, *_amount_in(rest, example)


def _glued(first: Words) -> tuple[Words, Words] | None:
    """``小美298连衣裙`` as name and the rest; None if the digits belong to something else."""
    start = re.search(r"(?<=[^\d#])(?=[¥\d])", first.plain, re.ASCII)
    name = first.plain[: start.start()] if start else ""
    if not name.strip("¥"):
        return None
    # A102 is an article, not A's 102 yuan.
    if name.startswith("#") or (name.isascii() and len(name) < 2):
        return None
    if start and take_money(first.cut(start.start())):
        return first.cut(0, start.start()), first.cut(start.start())
    return None


def _latin_name(first: Words, rest: Words) -> tuple[Words, Words]:
    """Amy Li is one name, though it has a space in it."""
    match = re.match(r"[A-Z][a-z]+(?= )", rest.plain)
    if not match or not re.fullmatch(r"[A-Z][a-z]+", first.plain):
        return first, rest
    both = first.through(rest.cut(0, match.end()))
    return both, rest.cut(match.end())


def _amount_in(words: Words, example: str) -> tuple[Words, Words]:
    """The one amount among goods (消费 小美 连衣裙 298) and the goods without it."""
    if each := _EACH.match(words.plain):
        words = words.cut(each.end())
    if paid := _PAID_BY.match(words.plain):
        words = read(f"{words.cut(paid.end()).typed} {paid.group()}")  # 消费 小美 微信128 连衣裙
    begins = [0, *(gap.end() for gap in _BREAK.finditer(words.plain))] if words else []
    if len(begins) > _MOST_GOODS:
        raise Unclear(f"货品太多了，请分几条记，例如：{example}", example)
    found = [(at, taken) for at in begins if (taken := take_money(words.cut(at)))]
    if not found:
        if spelt := take_spelt_money(words):
            return spelt
        odd = next((word for word in words.split() if looks_like_money(word)), None)
        if odd:
            raise Unclear(f"没看懂金额“{odd.typed[:20]}”，写 298、298.50 或 1.2万，例如：{example}", example)
        raise Unclear(f"没说多少钱，例如：{example}", example)
    at, (amount, after) = found[0]
    if at == 0:
        return amount, after
    if looks_like_money(words.split()[0]):
        raise Unclear(f"没看懂金额“{words.split()[0].typed[:20]}”，写 298、298.50 或 1.2万，例如：{example}", example)
    if len(found) > 1:
        raise Unclear(f"有几个数，哪个是金额？金额写在顾客后面，例如：{example}", example)
    if not after:
        return amount, words.cut(0, at)
    before = words.cut(0, at)
    if before.plain in _IN_SHOP | _NOT_IN_SHOP:
        return amount, read(f"{before.typed} {after.typed}")  # 消费 小美 线上 298 连衣裙
    raise Unclear(f"金额写在顾客后面，例如：{example}", example)


def purchase(said: Said) -> Intent:
    sale = _sale(said, _BUY)
    return Purchase(sale.people, sale.amount_fen, sale.items, sale.note, sale.in_shop)


def _deal(said: Said) -> Intent:
    sale = _sale(said, _DEAL)
    if len(sale.people) != 1:
        raise Unclear(f"成交一次说一位顾客，例如：{_DEAL}", _DEAL)
    return Deal(sale.people[0], sale.amount_fen, sale.items, sale.note)


def _refund(said: Said) -> Intent:
    order = _ORDER.search(said.words.plain)
    if order:
        before, after = said.words.cut(0, order.start()), said.words.cut(order.end()).strip(" ,:")
        return Refund(_refunded(said.whom or before), int(order.group(1) or order.group(2)), *_refunded_fen(after))
    if given := re.match("给 ?", said.words.plain):
        said = Said(said.words.cut(given.end()), said.now, said.whom)
    if said.whom:
        return Refund(_refunded(said.whom), None, *_refunded_fen(said.words))
    first, rest = split_people(said.words)
    if re.fullmatch(r"\d{1,3}", first.plain, re.ASCII):
        number = first.plain
        raise Unclear(
            f"{number} 是单号还是顾客？请说“退款 单号{number}”或“退款 #{number} 298”", f"退款 单号{number}", _REFUND
        )
    if not take_money(rest) and (glued := _glued(first)):
        first, rest = glued[0], said.words.cut(len(glued[0]))
    return Refund(_refunded(first, required=True), None, *_refunded_fen(rest))


def _refunded(words: Words | None, *, required: bool = False) -> Whom | None:
    people = whoms(words) if words else ()
    if words and _ASKED.fullmatch(words.plain):
        people = ()
        required = True
    if len(people) > 1 or (required and not people) or (people and people[0].text[0] in "+-"):
        raise Unclear(f"给哪位顾客退款？例如：{_REFUND}，或 退款 单号12", _REFUND, "退款 单号12")
    return people[0] if people else None


def _refunded_fen(words: Words) -> tuple[int | None, str]:
    """The amount, if one was said, and the reason after it."""
    amount, reason = take_money(words) or (None, words)
    label = _NOTE.match(reason.plain)
    if amount is None and reason and not label:
        raise Unclear(f"没看懂退款金额“{words.typed[:20]}”，例如：{_REFUND}", _REFUND)
    note = (reason.cut(label.end()) if label else reason).strip(" ,。").typed
    return (read_money(amount.plain) if amount else None), note


def _orders(said: Said) -> Intent:
    words = said.words
    page = _PAGE.search(words.plain)
    if page:
        words = words.cut(0, page.start())
    return Orders(one_person(said.whom or words, "订单 小美"), int(page["page"]) if page else 1)


def order_number(words: Words) -> int | None:
    """The number of ``单号12`` where nothing else is said."""
    match = _ORDER.fullmatch(words.plain)
    return int(match.group(1)) if match else None


def _shipped(said: Said) -> Intent:
    number, rest = take_number(said.words, _SHIP)
    if not rest:
        return Shipped(number)
    parcel = _PARCEL.fullmatch(rest.plain) or _CARRIED.fullmatch(rest.plain) or _TURNED_PARCEL.fullmatch(rest.plain)
    if parcel:
        return Shipped(number, rest.group(parcel, "carrier").strip(" :,").typed, parcel["parcel"])
    if re.search(r"[ \d]", rest.plain):
        raise Unclear(f"没看懂快递单号“{rest.typed[:30]}”，例如：{_SHIP}", _SHIP)
    return Shipped(number, rest.typed)


def _used_up(said: Said) -> Intent:
    late = re.match(r"了 ?", said.words.plain)
    number, rest = take_number(said.words.cut(late.end()) if late else said.words, _USED)
    rest = rest.strip(" ,:")
    return UsedUp(number, read_day(rest.plain, said.now) if rest else None)


VERBS = (
    Verb(
        ("消费", "消费了", "买了", "买单", "付款", "付了", "花了", "入账", "记账"),
        purchase,
        (_BUY, "消费 散客 58 苹果"),
        after_whom=True,
    ),
    Verb(("退款", "退钱", "退货款", "退货", "全额退款", "全额退"), _refund, (_REFUND, "退款 单号12"), after_whom=True),
    Verb(("退",), _refund, (_REFUND, "退款 单号12"), gluable=False),
    Verb(("成交", "成交了"), _deal, (_DEAL,), after_whom=True),
    Verb(("订单", "定单"), _orders, ("订单 小美",), after_whom=True),
    Verb(("下单", "已下单"), lambda said: Ordered(only_number(said.words, "下单 12")), ("下单 12",)),
    Verb(("发货", "已发货", "寄出"), _shipped, (_SHIP,)),
    Verb(("签收", "收货", "已签收"), lambda said: Delivered(only_number(said.words, "签收 12")), ("签收 12",)),
    Verb(("用完", "用完了"), _used_up, (_USED, "用完 12")),
)
