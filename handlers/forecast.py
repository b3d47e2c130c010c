"""预测: the money the follow-ups should bring."""

from __future__ import annotations

from bot.domain.customers.rules import LEVEL_WORDS
from bot.domain.orders import forecast
from bot.domain.orders.forecast import ENOUGH, START_CHANCES, Level
from bot.language.money import show_money
from bot.language.work_intents import Forecast
from handlers.talk import StaffTalk, on

EXAMPLE = "跟进 小美 b 聊了价格 预计500"


@on.staff(Forecast)
def show(talk: StaffTalk) -> str:
    found = forecast.levels(talk.tx)
    if not any(level.customers for level in found):
        return f"还没有跟进中的顾客，没法预测。聊过就记一句：{EXAMPLE}"
    lines = [_line(level) for level in found if level.customers]
    lines.append(f"合计 {show_money(sum(level.fen for level in found))}")
    without = sum(level.without_amount for level in found)
    if without:
        lines.append(f"另有 {without} 位没写预计金额，没算进来，例如：{EXAMPLE}")
    if not all(level.measured for level in found if level.customers):
        lines.append(f"机会先用起始值，每级满 {ENOUGH} 个结果后用店里自己的。")
    return "预测（预计金额 × 成交机会）：\n" + "\n".join(lines)


def _line(level: Level) -> str:
    own = (
        f"（店里 {level.outcomes} 位里成了 {level.won} 位，起始 {START_CHANCES[level.level]}%）"
        if level.measured
        else ""
    )
    counted = (
        f"{show_money(level.expected_fen)} × {level.chance}% = {show_money(level.fen)}"
        if level.expected_fen
        else "没写金额"
    )
    return f"{level.level} {LEVEL_WORDS[level.level]}：{level.customers} 位，{counted}{own}"
