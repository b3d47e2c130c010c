"""The chat language: text in, intent with typed slots out. No I/O, no database; never raises for any text.

What a whole line means is told by ``staff.understand`` and ``customers.understand_customer``; who needs neither (a
scheduler, a worker with nothing to read) is spared a tenth of its memory.
"""

from __future__ import annotations

from datetime import datetime

from bot.language.days import TimeError, warm_lunar
from bot.language.money import CAP_FEN, MoneyError, read_money, show_money
from bot.language.normalise import display_name, normalise, stored, tag_name
from bot.language.segments import SegmentError, explain, names, parse_segment, parser
from bot.language.segments import show as show_segment
from bot.language.times import Recurrence, RecurringTime, read_day, read_recurrence, read_time, show_time, split_time
from bot.language.whom import NameKeys, name_keys, read_whom


def warm_up(now: datetime) -> None:
    """Loads what the first line with a name (pinyin, 80 ms), a segment (40 ms) or 农历 (10 ms) would wait for."""
    parser()
    warm_lunar(now.date())
    name_keys("熟客")


__all__ = [
    "CAP_FEN",
    "MoneyError",
    "NameKeys",
    "Recurrence",
    "RecurringTime",
    "SegmentError",
    "TimeError",
    "display_name",
    "explain",
    "name_keys",
    "names",
    "normalise",
    "parse_segment",
    "read_day",
    "read_money",
    "read_recurrence",
    "read_time",
    "read_whom",
    "show_money",
    "show_segment",
    "show_time",
    "split_time",
    "stored",
    "tag_name",
    "warm_up",
]
