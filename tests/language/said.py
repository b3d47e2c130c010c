"""Short names for what the tables of lines expect. It is Wednesday, September 16th 2026, 14:00."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.language.intents import Whom


def name(text):
    return Whom("name", text)


def number(text):
    return Whom("number", text)


XIAOMEI, ZHANG, SAN = name("小美"), name("张姐"), name("张三")
TWELVE = number("12")
HE, SHE = Whom("pronoun", "他"), Whom("pronoun", "她")
TAIL, PHONE = Whom("tail", "8000"), Whom("phone", "13800138000")


def at(text):
    """``09-18 15:00`` of this year, in the shop."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
