"""Peer: one RQ job a message under SimpleWorker: customer by the ORM, template, wechatpy's client, ORM commit.

``python rq_send.py REDIS_URL STORE_URL SINK_URL COUNT`` puts COUNT jobs into the queue and prints the seconds the
worker took for them, the queueing itself not counted.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

import redis
from jinja2 import Environment
from rq import Queue, SimpleWorker
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from wechatpy import WeChatClient

WORDING = "{{ c.name|default('您好') }},拾光新款到店,前 20 位试穿有小礼物,欢迎来看看。"


class Base(DeclarativeBase):
    """The tables of this peer."""


class Customer(Base):
    """Somebody to write to."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    openid: Mapped[str]
    name: Mapped[str]
    sent_at: Mapped[datetime | None]


@cache
def engine(url: str) -> Engine:
    made = create_engine(url)
    with made.connect() as connection:
        # As ours is; the default journal would cost each commit several flushes of the disk.
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    return made


@cache
def client(url: str) -> WeChatClient:
    WeChatClient.API_BASE_URL = f"{url}/cgi-bin/"
    # With a token at hand: the library fetches one from a fixed address.
    return WeChatClient("wx0123456789abcdef", "0123456789abcdef0123456789abcdef", access_token="benchBenchBenchBench")


def send(store: str, sink: str, customer_id: int) -> None:
    """The job."""
    with Session(engine(store)) as session:
        customer = session.get_one(Customer, customer_id)
        words = Environment().from_string(WORDING).render(c=customer)
        client(sink).message.send_text(customer.openid, words)
        customer.sent_at = datetime.now(UTC)
        session.commit()


def main() -> None:
    redis_url, store, sink, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    Base.metadata.drop_all(engine(store))
    Base.metadata.create_all(engine(store))
    with Session(engine(store)) as session:
        session.add_all(Customer(id=n, openid=f"oBench{n:022d}", name=f"顾客{n}") for n in range(1, count + 1))
        session.commit()
    queue: Any = Queue("peer", connection=redis.Redis.from_url(redis_url))
    queue.enqueue_many([Queue.prepare_data("rq_send.send", (store, sink, n)) for n in range(1, count + 1)])
    worker = SimpleWorker([queue], connection=queue.connection)
    began = time.perf_counter()
    worker.work(burst=True, logging_level="ERROR")
    seconds = time.perf_counter() - began
    with Session(engine(store)) as session:
        sent = session.query(Customer).filter(Customer.sent_at.is_not(None)).count()
    print(json.dumps({"sent": sent, "seconds": seconds}))


if __name__ == "__main__":
    main()
