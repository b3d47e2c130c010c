"""A shop to measure: its configuration in a folder of its own, its database upgraded, its people made beforehand."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from bench.load import closed_loop
from bench.processes import OTHERS, completed, free_port
from bench.wire import IDENTITY, callbacks, opened, person
from bot.domain.customers.models import Customer, Identity
from bot.settings import Settings, load
from bot.store.engine import Store, open_store

SHUKE = (sys.executable, str(Path(__file__).resolve().parents[1] / "app.py"))
ACCOUNT = "main"
PATH = f"/callback/{ACCOUNT}"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Customers whose staff wrote their names; staff commands are about them.
NAMED = 200

CONFIGURATION = """\
[shop]
name = "拾光"

[web]
listen = "127.0.0.1:{port}"

[store]
url = "{store}"

[redis]
url = "{redis}"

[limits]
quiet_hours = ""
marketing_per_day = 100
marketing_per_month = 1000
staff_broadcast_max = 10000000

[[accounts]]
name = "{account}"
app_id = "{app_id}"
secret = "{secret}"
token = "{token}"
aes_key = "{aes_key}"
api_base_url = "{platform}"
"""


@dataclass(frozen=True)
class Shop:
    """A configured shop; ``port`` is where ``shuke web`` will answer."""

    folder: Path
    port: int

    @property
    def configuration(self) -> Path:
        return self.folder / "config.toml"

    def command(self, *words: str) -> tuple[str, ...]:
        """The command line of ``shuke …`` for this shop."""
        return (*SHUKE, words[0], "--config", str(self.configuration), *words[1:])

    def settings(self) -> Settings:
        return load(self.configuration, os.environ)

    def store(self) -> Store:
        return open_store(self.settings().store_url)


def furnish(
    folder: Path, *, store: str = "sqlite:///shuke.db", redis: str = "", platform: str = "http://127.0.0.1:9"
) -> Shop:
    """Writes the configuration and makes the tables."""
    folder.mkdir(parents=True)
    shop = Shop(folder, free_port())
    identity = vars(IDENTITY)
    shop.configuration.write_text(
        CONFIGURATION.format(port=shop.port, store=store, redis=redis, platform=platform, account=ACCOUNT, **identity),
        encoding="utf-8",
    )
    completed(shop.command("db", "upgrade"), core=OTHERS)
    return shop


def people(shop: Shop, count: int) -> None:
    """Makes followers 1 to ``count``. Straight into the tables: making them is not what is measured."""
    now = datetime.now(UTC)
    store = shop.store()
    with store.engine.begin() as connection:
        connection.execute(
            insert(Customer),
            [
                {"id": number, "created_at": now, "name": f"顾客{number}" if number <= NAMED else None}
                for number in range(1, count + 1)
            ],
        )
        connection.execute(
            insert(Identity),
            [
                {
                    "customer_id": number,
                    "account": ACCOUNT,
                    "person_id": person(number),
                    "relation": "active",
                    "relation_at": NEVER,
                }
                for number in range(1, count + 1)
            ],
        )
    store.close()


def hire(shop: Shop, role: str, who: str) -> None:
    """Makes ``who`` an owner or a staff member, the way people do: a code at the terminal, then 绑定 in the chat."""
    code = completed(shop.command("staff", "invite", "--role", role), core=OTHERS).split()[-1]
    load_ = closed_loop(shop.port, callbacks(PATH, [(who, f"绑定 {code}")]), connections=1)
    if "绑定" not in opened(load_.sample):
        raise RuntimeError(f"绑定 was answered by {opened(load_.sample)}")
