"""A list of customers from another program: read by its headings, each found again by number, phone or name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import orjson
from sqlalchemy import func, or_, select

from bot.domain.customers import forgetting, tags, timeline
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, TimelineEntry
from bot.domain.customers.rules import shown
from bot.errors import Refusal
from bot.language.cells import Cell, Row, fen, fields, heading, plain, text
from bot.language.days import take_calendar_day
from bot.language.money import CAP_FEN, show_money
from bot.language.normalise import display_name, read, stored
from bot.store.transaction import Tx

NOTE_LIMIT = 500
Outcome = Literal["made", "filled", "known"]

HEADINGS = {
    "number": ("编号", "顾客编号", "会员编号", "number"),
    "name": (
        "姓名",
        "名字",
        "称呼",
        "名称",
        "昵称",
        "顾客",
        "客户",
        "顾客姓名",
        "客户姓名",
        "会员姓名",
        "备注名",
        "name",
    ),
    "phone": ("电话", "手机", "手机号", "手机号码", "电话号码", "联系电话", "联系方式", "phone", "mobile", "tel"),
    "wechat": ("微信", "微信号", "wechat"),
    "tags": ("标签", "tags", "tag"),
    "birthday": ("生日", "出生日期", "出生年月日", "birthday"),
    "sex": ("性别", "sex"),
    "city": ("城市", "city"),
    "note": ("备注", "说明", "note", "notes"),
    "last_bought": ("最近消费", "最近消费日期", "上次消费", "最后消费", "最后消费日期", "last_purchase"),
    "spent": ("累计消费", "消费总额", "总消费", "消费金额", "累计消费金额", "累计消费(元)", "spent"),
}
_BY_HEADING = {name: meant for meant, names in HEADINGS.items() for name in names}
_SEXES = {
    "男": "男",
    "先生": "男",
    "m": "男",
    "male": "男",
    "女": "女",
    "女士": "女",
    "小姐": "女",
    "f": "女",
    "female": "女",
}
_PHONE = re.compile(r"1\d{10}|0\d{9,11}", re.ASCII)
_PLAIN_DAY = re.compile(r"(?:(\d{4})[-/.年]?)?(\d{1,2})[-/.月]?(\d{1,2})日?(?: 00:00:00)?", re.ASCII)
_EIGHT_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Birthday:
    """``year`` None: not said."""

    year: int | None
    month: int
    day: int
    lunar: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list; what it does not say is None or empty. ``spent_fen`` was spent before we kept books,
    the last of it on ``last_bought``."""

    line: int
    number: int | None
    name: str
    phone: str
    wechat: str
    tags: tags.TagEdit
    birthday: Birthday | None
    sex: str
    city: str
    note: str
    spent_fen: int
    last_bought: date | None


@dataclass(slots=True)
class Roster:
    """``unused`` are headings that mean nothing to us; ``doubles`` lines that say what an earlier one said."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    doubles: int = 0


@dataclass(slots=True)
class Filed:
    """What became of the entries: new files, files with something new in them, files that knew it all.

    ``hints`` tell what was left as it stood and what to look at. ``tried``: no file is opened, its number would be lost.
    """

    tried: bool = False

    made: int = 0
    filled: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def read_roster(rows: Sequence[Row], today: date) -> Roster:
    """Reads a list by the headings in its first row. Raises Refusal where nobody could be told from another."""
    headings = [heading(cell) for cell in rows[0][1]]
    meant = [_BY_HEADING.get(name.lower(), "") for name in headings]
    if not {"name", "phone", "number"} & set(meant):
        raise Refusal("第一行要是表头，至少有“姓名”“电话”“编号”里的一列。例如：姓名,电话,标签,生日,备注,累计消费")
    twice = next((name for name in meant if name and meant.count(name) > 1), None)
    if twice:
        raise Refusal(f"表头里有两列都是“{HEADINGS[twice][0]}”，请只留一列。")
    unused = [name for name, meaning in zip(headings, meant, strict=True) if name and not meaning]
    roster = Roster(unused=unused)
    seen: dict[str, Entry] = {}
    for line, cells in rows[1:]:
        try:
            entry = _entry(line, dict(fields(meant, cells)), today)
            first = seen.setdefault(_same_person(entry), entry)
            if first is not entry and _content(first) != _content(entry):
                raise Refusal(f"和第 {first.line} 行是同一个人，内容不一样，请合成一行")
        except (Refusal, ValueError) as wrong:
            roster.refused.append((line, str(wrong)))
            continue
        if first is entry:
            roster.entries.append(entry)
        else:
            roster.doubles += 1
    return roster


def _same_person(entry: Entry) -> str:
    return f"#{entry.number}" if entry.number else entry.phone or entry.name


def _content(entry: Entry) -> tuple[object, ...]:
    return tuple(getattr(entry, name) for name in Entry.__slots__ if name != "line")


def _entry(line: int, row: dict[str, Cell], today: date) -> Entry:
    typed = text(row.get("name"))
    name, _cut = display_name(typed)
    number, phone = _number(row.get("number")), _phone(row.get("phone"))
    if typed and not name:
        raise Refusal("姓名里没有看得见的字")
    if not (number or phone or name):
        raise Refusal("没有姓名、电话和编号，不知道是谁")
    sex = plain(row.get("sex")).lower()
    if sex and sex not in _SEXES:
        raise Refusal(f"性别“{sex[:10]}”要写 男 或 女")
    return Entry(
        line,
        number,
        name,
        phone,
        text(row.get("wechat"))[:40],
        tags.edit(_tags(text(row.get("tags"))), ()),
        _birthday(row.get("birthday"), today),
        _SEXES.get(sex, ""),
        text(row.get("city"))[:40],
        stored(text(row.get("note")), NOTE_LIMIT),
        _spent(row.get("spent")),
        _last_bought(row.get("last_bought"), today),
    )


def _number(cell: Cell) -> int | None:
    said = _whole(cell).removeprefix("#")
    if not said:
        return None
    if not re.fullmatch(r"\d{1,9}", said, re.ASCII) or not int(said):
        raise Refusal(f"编号“{said[:20]}”不对，要像 12")
    return int(said)


def _phone(cell: Cell) -> str:
    said = re.sub(r"[\s()-]", "", _whole(cell)).removeprefix("'")
    said = re.sub(r"^(?:\+?86)(?=1\d{10}$)", "", said)
    if said and not _PHONE.fullmatch(said):
        raise Refusal(f"电话“{said[:20]}”不对，手机要 11 位")
    return said


def _whole(cell: Cell) -> str:
    """Digits that a spreadsheet took for a number: 13800138000.0 is a phone."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else plain(cell)


def _tags(said: str) -> list[str]:
    if said.startswith("["):  # as our own export writes them
        try:
            return [str(name) for name in orjson.loads(said)]
        except orjson.JSONDecodeError:
            raise Refusal(f"标签“{said[:20]}”没看懂，用顿号隔开，例如 VIP、北京") from None
    return [name for name in re.split(r"[、,，;；|/\s]+", said) if name]


def _birthday(cell: Cell, today: date) -> Birthday | None:
    if isinstance(cell, datetime | date):
        return Birthday(cell.year, cell.month, cell.day, lunar=False)
    said = plain(cell)
    if not said:
        return None
    match = _EIGHT_DIGITS.fullmatch(said) or _PLAIN_DAY.fullmatch(said)
    if match:
        year, month, day = (int(part) if part else None for part in match.groups())
        try:
            date(year or 2000, month or 0, day or 0)  # a leap year has every day there is
        except ValueError:
            raise Refusal(f"生日“{said[:20]}”没有这一天") from None
        if year and not 1900 <= year <= today.year:
            raise Refusal(f"生日“{said[:20]}”的年份不对")
        return Birthday(year, month or 0, day or 0, lunar=False)
    found = take_calendar_day(read(said), today)
    if found is None or found[1]:
        raise Refusal(f"生日“{said[:20]}”没看懂，例如 1990-05-01、5月1日、农历八月十五")
    return Birthday(found[0].year, found[0].month, found[0].day, found[0].lunar)


def _spent(cell: Cell) -> int:
    if text(cell) in ("", "0"):
        return 0
    spent = fen(cell, "累计消费")
    if not 0 <= spent <= CAP_FEN:
        raise Refusal(f"累计消费 {show_money(spent)} 不在 0元 到 {show_money(CAP_FEN)} 之间")
    return spent


def _last_bought(cell: Cell, today: date) -> date | None:
    day = _birthday(cell.date() if isinstance(cell, datetime) else plain(cell).split(" ")[0], today)
    if day is None:
        return None
    if day.year is None or day.lunar or date(day.year, day.month, day.day) > today:
        raise Refusal(f"最近消费“{plain(cell)[:20]}”要写哪年哪月哪日，例如 2026-05-01")
    return date(day.year, day.month, day.day)


# --- into the files ---------------------------------------------------------------------------------------------------


def take_in(tx: Tx, entry: Entry, filed: Filed) -> tuple[Customer | None, Outcome]:
    """Opens a file or fills in what is missing in one; what staff or the customer said stays. None: only tried.

    Raises Refusal where nobody or more than one can be meant.
    """
    customer = _find(tx, entry)
    gone = customer is not None and customer.name == forgetting.GONE
    # Whoever is in the file again said so themselves, or staff did; a list is neither.
    if gone or (customer is None and entry.phone and forgetting.is_forgotten_phone(tx, entry.phone)):
        raise Refusal("这一位按本人要求删除了资料，不再导入；请从名单里去掉这一行")
    if customer is None:
        if entry.number:
            raise Refusal(f"没有 #{entry.number} 这位顾客；新顾客请把编号空着")
        return _open(tx, entry, filed), "made"
    news = _fill(customer, entry)
    if customer.name is None and entry.name and not customer.own_name:
        customers.rename(tx, customer, entry.name)
        news = True
    kept = [
        f"{word}“{have}”没有改成“{said}”"
        for word, have, said in (("电话", customer.phone, entry.phone), ("名字", customer.name, entry.name))
        if have and said and have != said
    ]
    filed.hints += [f"第 {entry.line} 行：{shown(customer)} 的{'、'.join(kept)}"] if kept else []
    news = _more(tx, customer, entry) or news
    return customer, "filled" if news else "known"


def _find(tx: Tx, entry: Entry) -> Customer | None:
    """Whom the line means: the number decides, then the phone, and only where there is neither the name."""
    if entry.number:
        found = tx.session.get(Customer, entry.number)
        return None if found is None or found.is_staff else found
    name = or_(*(column == entry.name for column in (Customer.name, Customer.own_name, Customer.remark)))
    where = Customer.phone == entry.phone if entry.phone else name
    people = tx.session.scalars(select(Customer).where(where, Customer.is_staff.is_(False)).limit(2)).all()
    if len(people) > 1:
        numbers = "、".join(f"#{customer.id}" for customer in people)
        raise Refusal(f"有几位都是“{entry.phone or entry.name}”（{numbers} …），请加一列编号")
    return people[0] if people else None


def _open(tx: Tx, entry: Entry, filed: Filed) -> Customer | None:
    if filed.tried:
        return None
    namesake = None
    if entry.name:
        same = or_(Customer.name == entry.name, Customer.own_name == entry.name)
        statement = select(Customer).where(same, Customer.is_staff.is_(False)).limit(1)
        namesake = tx.session.scalars(statement).first()
    customer = Customer(created_at=tx.now)
    _fill(customer, entry)
    tx.session.add(customer)
    tx.session.flush()
    if entry.name:
        customers.rename(tx, customer, entry.name)
    timeline.add(tx, customer.id, "enrol", "导入建档")
    _more(tx, customer, entry)
    if namesake is not None:
        filed.hints.append(
            f"第 {entry.line} 行：新建了 {shown(customer)}，已有同名的 {shown(namesake)}，看看是不是同一位"
        )
    return customer


def _fill(customer: Customer, entry: Entry) -> bool:
    """Writes what the file does not have yet; whether that was anything."""
    news = False
    for name in ("phone", "wechat", "sex", "city"):
        said = getattr(entry, name)
        if said and not getattr(customer, name):
            setattr(customer, name, said)
            news = True
    if entry.birthday and customer.birth_month is None:
        customer.birth_year, customer.birth_month = entry.birthday.year, entry.birthday.month
        customer.birth_day, customer.birth_lunar = entry.birthday.day, entry.birthday.lunar
        news = True
    return news


def _more(tx: Tx, customer: Customer, entry: Entry) -> bool:
    """Tags and the note, which stand in rooms of their own."""
    news = bool(tags.apply(tx, [customer], entry.tags, staff_id=None, source="import"))
    if entry.note:
        same = (TimelineEntry.customer_id == customer.id, TimelineEntry.text == entry.note)
        if not tx.execute(select(func.count()).where(*same)).scalar_one():
            timeline.add(tx, customer.id, "note", entry.note)
            news = True
    return news
