"""What a bill of WeChat Pay says: the merchant's trade bill and the personal export, read by their headings. No I/O.

Both are known from public copies only (trade bills of 2019, personal exports up to 2026), so nothing is read by position
and whatever is not understood is refused with its line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bot.errors import Refusal
from bot.language.cells import Cell, Row, fen, fields, heading, moment, plain, text
from bot.language.money import CAP_FEN, show_money

ITEMS_LIMIT, NOTE_LIMIT, NAME_LIMIT = 120, 200, 64

_RECEIVED = {"支付成功", "已收钱", "已存入零钱", "已收款", "已到账", "已转账", "朋友已收钱", "对方已收钱"}
_RETURNED = {"交易关闭", "已全额退款", "对方已退还", "已退还"}
_PART_BACK = re.compile(r"已退款 ?\(? ?¥?(?P<amount>[\d,.]+)元?\)?", re.ASCII)
_KEY = re.compile(r"[0-9A-Za-z_-]{6,64}", re.ASCII)
_REMARK = re.compile(r"(转账备注|收款方备注|付款方留言)[:：]")


@dataclass(frozen=True, slots=True)
class Back:
    """Money given back: ``number`` is the refund's own number, ``""`` where the bill tells the sum so far only.

    ``at`` None: the bill does not say when.
    """

    line: int
    number: str
    amount_fen: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment with all the bill says was given back of it.

    ``amount_fen`` None: the bill tells of refunds only, the payment itself stands in another one.
    """

    line: int
    bill: str
    key: str
    amount_fen: int | None
    paid_at: datetime
    payer: str = ""
    payer_id: str = ""
    items: str = ""
    note: str = ""
    back: tuple[Back, ...] = ()

    @property
    def back_fen(self) -> int:
        return sum(back.amount_fen for back in self.back)


@dataclass(slots=True)
class Bill:
    """``kind`` is ``merchant`` or ``personal``; ``refused`` are lines with their reasons, ``skipped`` what is no
    payment to the shop, by kind."""

    kind: str
    paid: list[Paid] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


class _Wrong(Exception):
    """What is wrong with one line, in words for whoever imports."""


def read_bill(rows: Sequence[Row]) -> Bill:
    """Reads a bill by its headings. Raises Refusal for a file that is none of the two."""
    for place, (_line, cells) in enumerate(rows[:60]):
        headings = [heading(cell) for cell in cells]
        if {"交易时间", "微信订单号"} <= set(headings):
            return _merchant(headings, rows[place + 1 :])
        if {"交易时间", "金额(元)", "交易单号"} <= set(headings):
            return _personal(headings, rows[place + 1 :])
        if "资金流水单号" in headings:
            raise Refusal("这是资金账单，记的是余额进出。请到商户平台下载“交易账单”再导入。")
    raise Refusal(
        "看不出这是哪种账单：没有找到带“交易时间”的表头。能导入的有：微信支付商户平台的交易账单、微信“账单”里下载的个人账单明细。"
    )


# --- cells ----------------------------------------------------------------------------------------------------------


def _key(cell: Cell, name: str) -> str:
    said = text(cell).removeprefix("'")
    # Excel shows 32 digits as 4.2E+27; two payments would become one.
    if isinstance(cell, float | int) or re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", said):
        raise _Wrong(f"{name}被表格软件改成了数字，请用下载的原文件，不要另存")
    if not _KEY.fullmatch(said):
        raise _Wrong(f"{name}“{said[:20]}”不对" if said else f"没有{name}")
    return said


def _amount(cell: Cell, name: str) -> int:
    """An amount above 0 and below the cap."""
    try:
        amount = fen(cell, name)
    except ValueError as error:
        raise _Wrong(str(error)) from None
    if not 1 <= amount <= CAP_FEN:
        raise _Wrong(f"{name} {show_money(amount)} 不在 0.01元 到 {show_money(CAP_FEN)} 之间")
    return amount


def _moment(cell: Cell) -> datetime:
    try:
        return moment(cell)
    except ValueError as error:
        raise _Wrong(str(error)) from None


# --- the merchant's trade bill ----------------------------------------------------------------------------------------


def _merchant(headings: Sequence[str], rows: Sequence[Row]) -> Bill:
    bill = Bill("merchant")
    amount = "应结订单金额" if "应结订单金额" in headings else "总金额"
    ends = next((at for at, (_, cells) in enumerate(rows) if _says(cells, "总交易单数")), len(rows))
    lines = [row for row in rows[:ends] if any(text(cell) for cell in row[1])]
    found: list[Paid] = []
    for line, cells in lines:
        _take(bill, found, line, partial(_merchant_row, fields(headings, cells), line, amount))
    bill.paid = _joined(found, bill)
    try:
        wrong = _sums(headings, lines, rows[ends : ends + 2], amount)
    except (ValueError, KeyError):
        wrong = None  # the line with that amount is among the refused, or it is the sum itself
        if not bill.refused:
            wrong = rows[min(ends, len(rows) - 1)][0], "末尾的合计行没看懂，请重新下载"
    if wrong:
        bill.refused.append(wrong)
    return bill


def _says(cells: Sequence[Cell], word: str) -> bool:
    return bool(cells) and heading(cells[0]) == word


def _take(bill: Bill, found: list[Paid], line: int, read: Callable[[], Paid | str]) -> None:
    """Reads a line into ``found``, or keeps why not."""
    try:
        paid = read()
    except _Wrong as wrong:
        bill.refused.append((line, str(wrong)))
        return
    if isinstance(paid, str):
        bill.skipped[paid] += 1
    else:
        found.append(paid)


def _merchant_row(row: Mapping[str, Cell], line: int, amount: str) -> Paid | str:
    if (currency := text(row.get("货币种类"))) not in ("", "CNY"):
        raise _Wrong(f"货币是 {currency[:10]}，只记人民币")
    state = text(row.get("交易状态"))
    key = _key(row.get("微信订单号"), "微信订单号")
    at = _moment(row.get("交易时间"))
    if state == "SUCCESS":
        items, note = _goods(row.get("商品名称"))
        payer_id = text(row.get("用户标识"))[:128]
        return Paid(
            line, "merchant", key, _amount(row.get(amount), amount), at, payer_id=payer_id, items=items, note=note
        )
    if state not in ("REFUND", "REVOKED"):
        raise _Wrong(f"交易状态“{state[:20]}”不认识")
    if text(row.get("退款状态")) in ("FAIL", "CHANGE"):
        return "没有退成的退款"
    number = text(row.get("微信退款单号"))
    number = number if number not in ("", "0") else f"{state.lower()}"
    returned = row.get("退款金额")
    if state == "REVOKED" and text(returned) in ("", "0", "0.00"):
        returned = row.get("订单金额", row.get(amount))
    when = text(row.get("退款成功时间"))
    back = Back(line, number, _amount(returned, "退款金额"), _moment(row["退款成功时间"]) if when else at)
    return Paid(line, "merchant", key, None, at, payer_id=text(row.get("用户标识"))[:128], back=(back,))


def _joined(found: Sequence[Paid], bill: Bill) -> list[Paid]:
    """One for each payment, with its refunds, which stand on lines of their own, in any order."""
    by_key: dict[str, Paid] = {}
    for one in found:
        known = by_key.get(one.key)
        if known is None:
            by_key[one.key] = one
            continue
        if None not in (one.amount_fen, known.amount_fen) and one.amount_fen != known.amount_fen:
            bill.refused.append((one.line, f"和第 {known.line} 行是同一个单号，金额不一样"))
            continue
        payment, other = (one, known) if known.amount_fen is None else (known, one)
        news = tuple(back for back in other.back if back.number not in {had.number for had in payment.back})
        by_key[one.key] = replace(payment, back=(*payment.back, *news))
    return list(by_key.values())


def _sums(headings: Sequence[str], rows: Sequence[Row], tail: Sequence[Row], amount: str) -> tuple[int, str] | None:
    """What does not agree with the bill's own sums: a file cut short or changed by hand."""
    if len(tail) < 2:
        return (rows[-1][0] if rows else 0) + 1, "末尾没有合计行，文件可能没有下载完整，请重新下载"
    lines = [fields(headings, cells) for _line, cells in rows]
    said = fields([heading(cell) for cell in tail[0][1]], tail[1][1])
    line, received = tail[1][0], sum(fen(one[amount], amount) for one in lines)
    returned = sum(fen(one["退款金额"], "退款金额") for one in lines if text(one.get("退款金额")))
    ours = {"应结订单总金额": received, "总交易额": received, "退款总金额": returned, "总退款金额": returned}
    for name, came_to in ours.items():
        if name in said and fen(said[name], name) != came_to:
            return (
                line,
                f"{name}写的是 {text(said[name])}，逐行加起来是 {show_money(came_to)}，文件可能不完整，请重新下载",
            )
    # No copy shows whether refunds count as trades.
    payments = sum(text(one.get("交易状态")) == "SUCCESS" for one in lines)
    if "总交易单数" in said and text(said["总交易单数"]) not in (str(len(lines)), str(payments)):
        return line, f"总交易单数写的是 {text(said['总交易单数'])}，文件里有 {len(lines)} 行，请重新下载"
    return None


# --- the personal export ----------------------------------------------------------------------------------------------


def _personal(headings: Sequence[str], rows: Sequence[Row]) -> Bill:
    bill = Bill("personal")
    found: list[Paid] = []
    for line, cells in rows:
        row = fields(headings, cells)
        if any(text(cell) for cell in cells) and not re.match(r"共 ?\d+ ?笔", text(cells[0])):
            _take(bill, found, line, partial(_personal_row, row, line))
    bill.paid = _joined(found, bill)
    return bill


def _personal_row(row: Mapping[str, Cell], line: int) -> Paid | str:
    kind = plain(row.get("交易类型"))
    if plain(row.get("收/支")) != "收入":
        return "支出和中性交易"
    # 商户消费-退款 and red packets come in too, but are no sale.
    if not (kind == "转账" or kind.endswith("收款")):
        return f"不是收款的收入（{kind[:12] or '没写类型'}）"
    key = _key(row.get("交易单号"), "交易单号")
    amount = _amount(row.get("金额(元)"), "金额")
    paid_at = _moment(row.get("交易时间"))
    back = _given_back(plain(row.get("当前状态")), amount)
    items, note = _goods(row.get("商品"))
    remark = text(row.get("备注"))
    said = " ".join(part for part in (note, "" if re.match("服务费|已优惠", remark) else remark) if part)
    return Paid(
        line,
        "personal",
        key,
        amount,
        paid_at,
        payer=text(row.get("交易对方"))[:NAME_LIMIT],
        items=items,
        note=said[:NOTE_LIMIT],
        back=(Back(line, "", back),) if back else (),
    )


def _given_back(state: str, amount_fen: int) -> int:
    """How much of a payment its state says went back, in fen."""
    if state in _RETURNED:
        return amount_fen
    match = _PART_BACK.fullmatch(state)
    if match:
        back = _amount(match["amount"], "已退款")
        if back > amount_fen:
            raise _Wrong(f"退款 {show_money(back)} 比收的 {show_money(amount_fen)} 多")
        return back
    if state not in _RECEIVED:
        raise _Wrong(f"当前状态“{state[:20]}”不认识")
    return 0


def _goods(cell: Cell) -> tuple[str, str]:
    """What was bought, and what the payer wrote: 收款方备注:二维码收款付款方留言:送人 is no article."""
    said = text(cell).strip('"')
    pieces = _REMARK.split(said)
    labels = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    written = [text(labels.get(name)) for name in ("付款方留言", "转账备注")]
    shop = text(labels.get("收款方备注"))
    items = text(pieces[0]) or ("" if shop == "二维码收款" else shop)
    return items[:ITEMS_LIMIT], " ".join(part for part in written if part)[:NOTE_LIMIT]
