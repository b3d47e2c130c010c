"""How long a segment takes to count: tags as rows, plain SQL."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert

import app
from bench import shop as shops
from bench.report import Section
from bot.clock import SystemClock
from bot.domain.customers import segments
from bot.domain.customers.models import Customer, CustomerTag, Tag
from bot.language import parse_segment
from bot.store.engine import Store
from bot.store.transaction import reading

TAGS, TAGS_EACH = 40, 12
EXPRESSION = "Y & O & !VIP & (标签1|标签2) & 未消费30天"
CHUNK = 20_000
REPEATS = 7


def measure(folder: Path, people: int) -> Section:
    """Counts one expression over ``people`` customers with twelve tags each, three examples included."""
    section = Section(
        "Segments", f"`{EXPRESSION.replace('|', '¦')}` over customers with {TAGS_EACH} of {TAGS} tags each."
    )
    shop = shops.furnish(folder / "segments")
    store = shop.store()
    _fill(store, people)
    app.create_router(shop.settings())
    tree = parse_segment(EXPRESSION)
    seconds = []
    count = 0
    for _ in range(REPEATS):
        with reading(store, SystemClock()) as tx:
            began = time.perf_counter()
            count, _examples = segments.look(tx, tree, datetime.now(UTC))
            seconds.append(time.perf_counter() - began)
    store.close()
    most = 1.0 if people >= 1_000_000 else 0.030
    met = median(seconds) <= most
    shown = f"{median(seconds) * 1000:.1f} ms ({count:,} found)"
    section.add(f"count over {people:,} customers × {TAGS_EACH} tags", shown, f"≤ {most * 1000:.0f} ms", met)
    return section


def _fill(store: Store, people: int) -> None:
    chance = random.Random(2026)
    now = datetime.now(UTC)
    with store.engine.begin() as connection:
        connection.execute(insert(Tag), [{"id": n, "name": f"标签{n}", "created_at": now} for n in range(1, TAGS + 1)])
    for first in range(1, people + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, people + 1))
        with store.engine.begin() as connection:
            connection.execute(insert(Customer), [_customer(number, now, chance) for number in numbers])
            connection.execute(insert(CustomerTag), list(_tags(numbers, now, chance)))


def _customer(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    bought = chance.random() < 0.6
    return {
        "id": number,
        "created_at": now,
        "visited": chance.random() < 0.7,
        "purchased": bought,
        "vip": chance.random() < 0.1,
        "last_purchase_at": now - timedelta(days=chance.randrange(200)) if bought else None,
    }


def _tags(numbers: range, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in numbers:
        for tag in chance.sample(range(1, TAGS + 1), TAGS_EACH):
            yield {"customer_id": number, "tag_id": tag, "since": now}
