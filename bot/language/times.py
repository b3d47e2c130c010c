"""When was meant: a day and an hour in the shop's zone, never in the past."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.language.days import FARTHEST_DAYS, NUMBER, Day, TimeError, day_at, small_number, weekday_name
from bot.language.normalise import Words, read
from bot.language.numerals import read_numeral

DAY_BEGINS = time(10)  # a day said without an hour: the shop is open and nobody is woken

WEEKDAYS = "一二三四五六日"
EXAMPLE_RECURRING = "每周三 10:00、每月1日 9:00、每天 10:00"
_SUNDAY = str.maketrans("天末", "日六")
_EXAMPLE = "例如 明天10点、周五 9:30、9月20日 14:00、3天后"
_PERIOD_HOURS = {
    "清晨": 8,
    "早上": 9,
    "早晨": 9,
    "早": 9,
    "上午": 10,
    "中午": 12,
    "午后": 14,
    "下午": 15,
    "傍晚": 18,
    "晚上": 20,
    "晚": 20,
}
_PERIOD = r"(?P<period>凌晨|清晨|早上|早晨|上午|中午|午后|下午|傍晚|晚上|夜里|半夜|早|晚)"
_CLOCK = re.compile(
    _PERIOD + rf"? ?(?P<hour>{NUMBER}|零) ?(?:(?P<colon>:)(?P<minute>\d\d)(?::\d\d)?(?!\d)"
    rf"|(?:点钟?|时)(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<spoken>零?{NUMBER})分|(?P<short>零[一-九]|[1-5]\d(?!\d)"
    rf"|[二三四五]?十[一二三四五六七八九]?)|整)?)",
    re.ASCII,
)
_PERIOD_ONLY = re.compile(r"(?P<period>清晨|早上|早晨|上午|中午|午后|下午|傍晚|晚上|早|晚)(?![\u4e00-\u9fff])")
_NOW = re.compile(r"现在|马上|立刻|立即|即刻")
_IN_HOURS = re.compile(
    r"(?:(?P<half>半)个?|(?P<count>\d{1,4}(?!\d)|[一二两三四五六七八九十]{1,3}) ?个?(?P<and_half>半)?)"
    r"(?P<unit>小时|钟头|分钟|分)(?:以|之)?后",
    re.ASCII,
)
_RECURRING = re.compile(
    rf"每个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])?|每个?月(?P<day>{NUMBER}[日号])?"
    rf"|每年(?P<date>{NUMBER}月{NUMBER}[日号]?)?|每天|每日|每晚|每早|天天",
    re.ASCII,
)
_BETWEEN = re.compile(r"[ 的,]?")
_BOUNDARY = " \n,、;。()"
_STARTERS = re.compile(
    r"[0-9零一二两三四五六七八九十廿卅今明后大这本下上周星礼农阴旧夏闰正腊冬现马立即凌清早昨前中午傍晚夜半每天"
    r"元情妇劳儿教国双平圣春端重]"
)

_NEAR_DAYS = {-1: "昨天", 0: "今天", 1: "明天"}


# 推迟 3 两天: where nothing but a time can stand, 后 may be left out.
_SPAN = re.compile(
    r"(?:\d{1,4}|[一二两三四五六七八九十半]{1,3}) ?个?半?(?:天|周|星期|礼拜|月|小时|钟头|分钟)", re.ASCII
)


class RecurringTime(TimeError):
    """A time that comes again and again where only a single one will do."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """``每周三 10:00``, ``每月1日 9:00``, ``每天 9:00``: a weekday 0 (Monday) to 6, or a day of the month, or neither.

    A month that is too short has it on its last day.
    """

    hour: int
    minute: int
    weekday: int | None = None
    day: int | None = None

    def after(self, moment: datetime) -> datetime:
        """The first time later than ``moment``, in the zone of ``moment``."""
        for ahead in range(63):
            on = moment.date() + timedelta(days=ahead)
            at = _at(on, self.hour, self.minute, moment)
            if self._falls_on(on) and at > moment:
                return at
        raise AssertionError(self)

    def _falls_on(self, on: date) -> bool:
        if self.weekday is not None:
            return on.weekday() == self.weekday
        return self.day is None or on.day == min(self.day, monthrange(on.year, on.month)[1])

    def __str__(self) -> str:
        """As people say it; `read_recurrence` takes it back."""
        day = "每天" if self.day is None else f"每月{self.day}日"
        return f"{day if self.weekday is None else f'每周{WEEKDAYS[self.weekday]}'} {self.hour}:{self.minute:02}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A stretch of text that speaks of a time; ``moment`` works it out and may raise ``TimeError``."""

    start: int
    end: int
    moment: Callable[[datetime], datetime]
    exact: bool = False  # a day and an hour: no other word looks like that
    recurrence: Callable[[], Recurrence] | None = None  # may raise ``TimeError``


def read_time(text: str, now: datetime) -> datetime:
    """The moment said, aware, in ``now``'s zone; not before ``now``. Raises ``TimeError`` with the next sensible one.

    A day without an hour means 10:00. Hours 1–5 without 凌晨 or a leading zero are the afternoon's.
    """
    words = _span_ahead(read(text))
    seen = _seen_whole(words)
    if seen is None:
        raise TimeError(f"没看懂时间“{words.plain[:20]}”，{_EXAMPLE}。")
    return seen.moment(now)


def names_time(text: str) -> bool:
    """Whether all of a text is a time `read_time` looks at, be it past."""
    return _seen_whole(_span_ahead(read(text))) is not None


def _seen_whole(words: Words) -> _Seen | None:
    seen = _seen_at(words.plain, 0) if words else None
    return seen if seen is not None and seen.end == len(words) else None


def read_day(text: str, now: datetime) -> date:
    """The day said, today or later, in ``now``'s zone. Raises ``TimeError``."""
    words = _span_ahead(read(text))
    found = day_at(words.plain, 0)
    if found is None or found[0] != len(words):
        raise TimeError(f"没看懂日期“{words.plain[:20]}”，例如 明天、10月1日、30天后。")
    day = found[1](now.date())
    if day.on < now.date():
        offer = max(day.following, now.date() + timedelta(days=1))
        raise TimeError(f"“{words.plain[:20]}”已经过去了，可以说：{offer.year}年{offer.month}月{offer.day}日。")
    return day.on


def _span_ahead(words: Words) -> Words:
    return read(f"{words.plain}后") if _SPAN.fullmatch(words.plain) else words


def split_time(text: str, now: datetime) -> tuple[datetime | None, str]:
    """The time said somewhere in a text and the text without it, as typed. Raises ``TimeError``."""
    at, rest = take_time(read(text), now)
    return at, " ".join(piece.typed for piece in rest)


def take_time(words: Words, now: datetime) -> tuple[datetime | None, list[Words]]:
    """The time said in a piece of a line, and the pieces before and after it. Raises ``TimeError``.

    A time stands between spaces or punctuation, or is complete (day and hour) so that it can be told from the words
    it is glued to (中秋茶会9月20日14:00).
    """
    plain = words.plain
    seen = next(_standing_free(plain), None) or next((seen for seen in _all_seen(plain) if seen.exact), None)
    if seen is None:
        return None, [words] if words else []
    pieces = (words.cut(0, seen.start), words.cut(seen.end))
    return seen.moment(now), [piece.strip(" ,、;") for piece in pieces if piece.strip(" ,、;")]


def read_recurrence(text: str) -> Recurrence:
    """The time said, which comes again and again. Raises ``TimeError``."""
    recurrence, rest = take_recurrence(read(text))
    if recurrence is None or rest:
        raise TimeError(f"没看懂时间“{text[:20]}”，例如 {EXAMPLE_RECURRING}。")
    return recurrence


def take_recurrence(words: Words) -> tuple[Recurrence | None, list[Words]]:
    """The time said in a piece of a line that comes again and again, and the pieces around it. Raises ``TimeError``."""
    for seen in _all_seen(words.plain):
        if seen.recurrence is not None:
            pieces = (words.cut(0, seen.start), words.cut(seen.end))
            return seen.recurrence(), [piece.strip(" ,、;") for piece in pieces if piece.strip(" ,、;")]
    return None, [words] if words else []


def take_leading_time(words: Words, now: datetime) -> tuple[datetime, Words] | None:
    """The time a piece of a line begins with, whatever follows it, or None. Raises ``TimeError``."""
    seen = _seen_at(words.plain, 0)
    return None if seen is None else (seen.moment(now), words.cut(seen.end).strip(" ,、;"))


def _standing_free(plain: str) -> Iterator[_Seen]:
    for seen in _all_seen(plain):
        begins = seen.start == 0 or plain[seen.start - 1] in _BOUNDARY
        if begins and (seen.end == len(plain) or plain[seen.end] in _BOUNDARY):
            yield seen


def _all_seen(plain: str) -> Iterator[_Seen]:
    here = 0
    while match := _STARTERS.search(plain, here):
        seen = _seen_at(plain, match.start()) if _may_start(plain, match.start()) else None
        if seen:
            yield seen
        here = seen.end if seen else match.start() + 1


def _may_start(plain: str, start: int) -> bool:
    """Not in the middle of a number or a Latin word: A9-20, 1.5点."""
    before = plain[start - 1] if start else " "
    return not (plain[start].isdigit() and ((before.isascii() and before.isalnum()) or before in ".-/#:"))


def _seen_at(plain: str, start: int) -> _Seen | None:
    if match := _RECURRING.match(plain, start):
        return _recurring(plain, match)
    if match := _NOW.match(plain, start):
        return _Seen(start, match.end(), lambda now: now)
    if match := _IN_HOURS.match(plain, start):
        return _Seen(start, match.end(), _in_hours(match))
    found = day_at(plain, start)
    if found is None:
        clock = _CLOCK.match(plain, start) or _PERIOD_ONLY.match(plain, start)
        return clock and _Seen(start, clock.end(), _moment(plain[start : clock.end()], None, clock))
    end, day = found
    between = _BETWEEN.match(plain, end)
    at = between.end() if between else end
    clock = _CLOCK.match(plain, at) or _PERIOD_ONLY.match(plain, at)
    end = clock.end() if clock else end
    return _Seen(start, end, _moment(plain[start:end], day, clock), exact=clock is not None)


def _recurring(plain: str, match: re.Match[str]) -> _Seen | None:
    clock = _CLOCK.match(plain, match.end() + (plain[match.end() : match.end() + 1] == " "))
    # 每天 alone is an ordinary word; with an hour, a weekday or a date it is a plan.
    if clock is None and match.lastgroup is None:
        return None
    end = clock.end() if clock else match.end()
    said = plain[match.start() : end]

    def refuse(_now: datetime) -> datetime:
        raise RecurringTime(f"“{said}”会重复，这里要说一次的时间，{_EXAMPLE}。")

    return _Seen(match.start(), end, refuse, recurrence=lambda: _recurrence(said, match, clock))


def _recurrence(said: str, match: re.Match[str], clock: re.Match[str] | None) -> Recurrence:
    weekday, day = match["weekday"], match["day"]
    if match["date"] or (match.lastgroup is None and match.group() not in ("每天", "每日", "天天")):
        raise RecurringTime(f"“{said}”没看懂，重复的时间可以说：{EXAMPLE_RECURRING}。")
    hour, minute, days = _hour(clock) if clock else (DAY_BEGINS.hour, 0, 0)
    if days:
        raise RecurringTime(f"“{said}”是半夜，请说第二天几点，例如 {EXAMPLE_RECURRING}。")
    if weekday:
        return Recurrence(hour, minute, weekday=WEEKDAYS.find(weekday.translate(_SUNDAY)))
    number = small_number(day[:-1]) if day else None
    if number is not None and not 1 <= number <= 31:
        raise RecurringTime(f"没有“{day}”这一天，例如 {EXAMPLE_RECURRING}。")
    return Recurrence(hour, minute, day=number)


def _in_hours(match: re.Match[str]) -> Callable[[datetime], datetime]:
    def moment(now: datetime) -> datetime:
        count = 0 if match["half"] else _count(match["count"])
        minutes = count * 60 + (30 if match["half"] or match["and_half"] else 0)
        if match["unit"].startswith("分"):
            minutes = count
        if not 0 < minutes <= FARTHEST_DAYS * 24 * 60:
            raise TimeError(f"没看懂时间“{match.group()}”，{_EXAMPLE}。")
        # By way of UTC: an hour is an hour on the night the clocks change.
        later = now.astimezone(UTC) + timedelta(minutes=minutes)
        return later.astimezone(now.tzinfo).replace(microsecond=0)

    return moment


def _count(text: str) -> int:
    return int(text) if text.isascii() else read_numeral(text) or 0


def _moment(
    said: str, day: Callable[[date], Day] | None, clock: re.Match[str] | None
) -> Callable[[datetime], datetime]:
    def moment(now: datetime) -> datetime:
        meant = day(now.date()) if day else Day(now.date(), now.date() + timedelta(days=1))
        if clock is None:
            return _without_hour(said, meant, now)
        hour, minute, days = _hour(clock)
        at = _at(meant.on, hour, minute, now) + timedelta(days=days)
        if at >= now:
            return at
        if day is None and not clock["period"] and 6 <= hour <= 9 and at + timedelta(hours=12) > now:
            raise _past(said, at + timedelta(hours=12), now)  # 8点 said in the afternoon
        offer = _at(max(meant.following, now.date()), hour, minute, now) + timedelta(days=days)
        raise _past(said, offer if offer >= now else offer + timedelta(days=1), now)

    return moment


def _without_hour(said: str, meant: Day, now: datetime) -> datetime:
    if meant.on != now.date():
        at = _at(meant.on, DAY_BEGINS.hour, 0, now)
        if at < now:
            raise _past(said, _at(max(meant.following, now.date() + timedelta(days=1)), DAY_BEGINS.hour, 0, now), now)
        return at
    if meant.today_is_next_week:
        return _at(meant.following, DAY_BEGINS.hour, 0, now)
    at = _at(meant.on, DAY_BEGINS.hour, 0, now)
    if at >= now:
        return at
    if now.hour < 21:
        return _at(meant.on, now.hour + 1, 0, now)
    raise _past(said, at + timedelta(days=1), now)


def _at(on: date, hour: int, minute: int, now: datetime) -> datetime:
    return datetime.combine(on, time(hour, minute), now.tzinfo)


def _hour(clock: re.Match[str]) -> tuple[int, int, int]:
    """Hour, minute and days to add (晚上12点 is the next day's midnight). Raises ``TimeError``."""
    groups = clock.groupdict()
    period = groups["period"] or ""
    if "hour" not in groups:
        return _PERIOD_HOURS[period], 0, 0
    hour = 0 if groups["hour"] == "零" else small_number(groups["hour"])
    minute = _minute(groups)
    if not (0 <= hour <= 24 and 0 <= minute < 60) or (hour == 24 and minute):
        raise TimeError(f"没有“{clock.group()}”这个时间，{_EXAMPLE}。")
    hour += _period_shift(period, hour, padded=groups["hour"].startswith("0"))
    return hour % 24, minute, hour // 24


def read_hour(text: str) -> time | None:
    """An hour of the day alone (``10:30``, ``下午3点``); None where it is something else."""
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return None
    try:
        hour, minute, days = _hour(clock)
    except TimeError:
        return None
    return None if days else time(hour, minute)


def _minute(groups: dict[str, str | None]) -> int:
    if groups["half"]:
        return 30
    if quarter := groups["quarter"]:
        return 15 * small_number(quarter)
    return small_number(groups["minute"] or groups["spoken"] or groups["short"] or "0")


def _period_shift(period: str, hour: int, *, padded: bool) -> int:
    if period in ("凌晨", "清晨", "早上", "早晨", "上午", "早"):
        return -12 if hour == 12 else 0
    if period in ("午后", "下午", "傍晚"):
        return 12 if hour < 12 else 0
    if period == "中午":
        return 12 if hour < 4 else 0
    if period in ("晚上", "晚", "夜里", "半夜"):
        if hour < 5 or hour == 12:
            return 24 - (12 if hour == 12 else 0)
        return 12 if hour < 12 else 0
    return 12 if 1 <= hour <= 5 and not padded else 0


def _past(said: str, offer: datetime, now: datetime) -> TimeError:
    return TimeError(f"“{said[:20]}”已经过去了，可以说：{show_time(offer, now)}。")


def show_time(at: datetime, now: datetime) -> str:
    """A moment as people say it, in the zone of ``now``: ``9月20日 周日 14:00``. ``read_time`` takes it back."""
    here = at.astimezone(now.tzinfo)
    clock = f"{here.hour:02}:{here.minute:02}"
    ahead = (here.date() - now.date()).days
    if ahead in (0, 1):
        return f"{('今天', '明天')[ahead]} {clock}"
    return f"{show_day(at, now)} {weekday_name(here.date())} {clock}"


def show_day(at: datetime, now: datetime) -> str:
    """``9月20日`` in the zone of ``now``, with the year where it is another one."""
    here = at.astimezone(now.tzinfo)
    year = "" if here.year == now.year else f"{here.year}年"
    return f"{year}{here.month}月{here.day}日"


def show_moment(at: datetime, now: datetime) -> str:
    """A moment for a list: ``昨天 14:00``, ``今天 09:30``, ``9月20日 14:00``."""
    here = at.astimezone(now.tzinfo)
    away = (here.date() - now.date()).days
    return f"{_NEAR_DAYS.get(away) or show_day(at, now)} {here:%H:%M}"
