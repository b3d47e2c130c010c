"""Occasion plans (关怀): the usual year with what the shop has changed about it, and when each one comes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select

from bot.domain.care import days, holidays
from bot.domain.care.models import OccasionChange
from bot.domain.merchants.models import Staff
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.language.normalise import normalise
from bot.language.segments import parse_segment
from bot.store.transaction import Tx

Position = Literal["off", "remind", "send"]
POSITION_WORDS: Mapping[str, str] = {"off": "关", "remind": "提醒", "send": "自动发"}
PURPOSE_WORDS: Mapping[str, str] = {"marketing": "营销", "service": "服务"}
PERSONAL = ("birthday", "anniversary")
MOST_REMIND_DAYS = 10
_USUAL_YEAR = Path(__file__).with_name("usual_year.toml")
_DEFAULTS: dict[str, Any] = {
    "on": "day",
    "segment": "全部",
    "script": "",
    "remind_days": 3,
    "hour": "10:00",
    "purpose": "marketing",
    "gift": "",
    "position": "remind",
}
_OTHER_NAMES = {
    **dict.fromkeys(("过生日", "顾客生日", "生日祝福"), "生日"),
    **dict.fromkeys(("周年", "首购", "首购日", "首次购买", "购买周年", "首购纪念日", "首购周年日"), "首购周年"),
    **dict.fromkeys(("二十四节气", "24节气"), "节气"),
}
# A greeting on a day of mourning is a blunder.
_NEVER_GREETED = frozenset({"清明"})


@dataclass(frozen=True, slots=True)
class Occasion:
    """The plan for one occasion as it stands.

    ``on``: ``day`` (one day for all), ``terms`` (each solar term), ``birthday`` or ``anniversary`` (each customer's own).
    ``hour`` (the shop's) is when customers hear. ``since``: when somebody last turned or changed it, ``staff_id`` who.
    """

    name: str
    on: str
    position: Position
    segment: str
    script: str
    remind_days: int
    hour: time
    purpose: str
    gift: str
    usual: bool
    since: datetime | None = None
    staff_id: int | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """An occasion on one day; ``title`` is what people call the day (of the solar terms: 立秋)."""

    day: date
    title: str
    occasion: Occasion


@cache
def usual_year() -> Mapping[str, Occasion]:
    """What the shipped file says, by name, in its order."""
    with _USUAL_YEAR.open("rb") as file:
        return {entry["name"]: _occasion(entry, usual=True) for entry in tomllib.load(file)["occasion"]}


def _occasion(entry: Mapping[str, Any], *, usual: bool) -> Occasion:
    said = {**_DEFAULTS, **entry}
    return Occasion(**{**said, "hour": time.fromisoformat(said["hour"]), "usual": usual})


def _blank(name: str) -> Occasion:
    """A day nothing is shipped for (儿童节, 立秋, the shop's own): off until somebody says what to send."""
    return _occasion({"name": name, "position": "off"}, usual=False)


# -- reading -----------------------------------------------------------------------------------------------------------


def plans(tx: Tx) -> list[Occasion]:
    """All plans: the usual year in its order, then the days a shop has added, by when they were."""
    changes = {row.name: row for row in tx.session.scalars(select(OccasionChange).order_by(OccasionChange.since))}
    others = [_blank(name) for name in changes if name not in usual_year()]
    return [_merged(plan, changes.get(plan.name)) for plan in [*usual_year().values(), *others]]


def get(tx: Tx, name: str) -> Occasion:
    """The plan of an occasion by its own name (see `meant`)."""
    return _merged(usual_year().get(name) or _blank(name), tx.session.get(OccasionChange, name))


def _merged(plan: Occasion, change: OccasionChange | None) -> Occasion:
    if change is None:
        return plan
    said = {name: getattr(change, name) for name in ("position", "segment", "script", "remind_days", "purpose", "gift")}
    merged = {name: value for name, value in said.items() if value is not None}
    if change.hour is not None:
        merged["hour"] = time.fromisoformat(change.hour)
    return replace(plan, **merged, since=change.since, staff_id=change.staff_id)


def meant(tx: Tx, said: str, today: date) -> str:
    """The name of the occasion that was meant: a holiday, a solar term, 生日, 首购周年, 节气 or a day of the shop's own.

    Raises Refusal that offers the nearest.
    """
    plain, own = normalise("".join(said.split())), days.coming(tx, today)
    if said in own:
        return said
    known = (*usual_year(), *holidays.TERMS, *own)
    name = plain if plain in known else _OTHER_NAMES.get(plain) or holidays.find(plain)
    if name in _NEVER_GREETED:
        raise Refusal("清明是祭扫的日子，不发祝福，也就没有关怀。想提醒自己：提醒 4月3日10点 …")
    if name is None:
        near = "、".join(holidays.nearest(plain, today, others=(*own, "生日", "首购周年", "节气")))
        raise Refusal(
            f"没有“{said[:20]}”这个日子。您是不是说：{near}？自己的日子先加进日历：日历 添加 {said[:20]} 10月18日 每年"
        )
    return name


def next_day(tx: Tx, name: str, on_or_after: date) -> date | None:
    """When a day for all comes next; None for one that came once, and for each customer's own."""
    if name in holidays.NAMES or name in holidays.TERMS:
        return holidays.next_day(name, on_or_after)
    if name == "节气":
        return min(holidays.next_day(term, on_or_after) for term in holidays.TERMS)
    return days.coming(tx, on_or_after).get(name)


def between(tx: Tx, start: date, end: date, known: Iterable[Occasion] | None = None) -> list[Coming]:
    """The days for all from ``start`` to ``end``, both included, whose plan is not off, by date.

    A solar term with a plan of its own (冬至) is not among the terms a second time. ``known``: the plans, where they are
    at hand.
    """
    all_plans = plans(tx) if known is None else known
    standing = {plan.name: plan for plan in all_plans if plan.position != "off" and plan.on in ("day", "terms")}
    found = [(day, name) for day, name in holidays.between(start, end) if name in standing]
    found += days.between(tx, start, end)
    terms = [(day, term) for day, term in holidays.terms_between(start, end) if term not in _NEVER_GREETED]
    found += [(day, term) for day, term in terms if term in standing and term not in holidays.NAMES]
    coming = [Coming(day, name, standing[name]) for day, name in found if name in standing]
    if "节气" in standing:
        coming += [Coming(day, term, standing["节气"]) for day, term in terms if term not in standing]
    return sorted(coming, key=lambda one: (one.day, one.title))


def personal(known: Iterable[Occasion]) -> list[Occasion]:
    """Those of the plans that are for each customer's own days and not off."""
    return [plan for plan in known if plan.on in PERSONAL and plan.position != "off"]


# -- changing ----------------------------------------------------------------------------------------------------------


def switch(tx: Tx, names: Iterable[str], position: Position, *, staff_id: int) -> list[Occasion]:
    """Turns the switch of these occasions; returns those that did not stand there already.

    Raises Refusal for one that cannot send since nothing says what, or to whom.
    """
    turned = []
    for name in names:
        plan = get(tx, name)
        if plan.position == position:
            continue
        if position == "send":
            refuse_unready(tx, plan)
        _change(tx, name, staff_id, position=position)
        turned.append(get(tx, name))
    return turned


def refuse_unready(tx: Tx, plan: Occasion) -> None:
    """Raises Refusal for an occasion of which nothing says what to send."""
    if not plan.script:
        raise Refusal(
            f"“{plan.name}”还没有话术，不知道发什么。先写上，例如：关怀 改 {plan.name} 话术 店庆祝福（看有哪些：话术）"
        )
    scripts.find(tx, plan.script)
    parse_segment(plan.segment)


def change(tx: Tx, name: str, *, staff_id: int, **said: str | int | None) -> Occasion:
    """Changes what was said of segment, script, remind_days, hour (``10:00``), purpose and gift; returns how it stands.

    Raises Refusal for a segment or script that cannot be read; nothing is changed then.
    """
    if said.get("segment"):
        parse_segment(str(said["segment"]))
    if said.get("script"):
        said["script"] = scripts.find(tx, str(said["script"])).name
    _change(tx, name, staff_id, **{field: value for field, value in said.items() if value is not None})
    return get(tx, name)


def _change(tx: Tx, name: str, staff_id: int, **fields: Any) -> None:
    row = tx.session.get(OccasionChange, name)
    if row is None:
        row = OccasionChange(name=name)
        tx.session.add(row)
    for field, value in fields.items():
        setattr(row, field, value)
    row.staff_id, row.since = staff_id, tx.now
    tx.session.flush()


def hearers_of(tx: Tx, plan: Occasion) -> list[int]:
    """Who turned or changed it last, while they work here."""
    staff = tx.session.get(Staff, plan.staff_id) if plan.staff_id is not None else None
    return [staff.id] if staff is not None and staff.active else []
