"""Peer: a broadcast with aiohttp. Customers by Core in batches, a template compiled once, 512 connections, records in batches.

``python aiohttp_send.py STORE_URL SINK_URL COUNT`` prints the seconds from the first read to the last record. There is
no ledger: who is killed in the middle knows neither who got it nor who is to get it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp
import orjson
from jinja2 import Environment
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, func, insert, select, text

WORDING = "{{ c.name|default('您好') }},拾光新款到店,前 20 位试穿有小礼物,欢迎来看看。"
CONNECTIONS = 512
BATCH = 500

metadata = MetaData()
customers = Table(
    "customers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("openid", String),
    Column("name", String),
    Column("sent_at", Integer),
    Column("code", Integer),
)
RECORD = text(
    "UPDATE customers SET sent_at = :at, code = json_extract(given.value, '$[1]') FROM json_each(:rows) AS given "
    "WHERE customers.id = json_extract(given.value, '$[0]')"
)


async def broadcast(engine: Engine, url: str) -> None:
    template = Environment(autoescape=False).from_string(WORDING)
    answered: list[tuple[int, int]] = []
    room = asyncio.Semaphore(CONNECTIONS)
    address = f"{url}/cgi-bin/message/custom/send?access_token=benchBenchBenchBench"

    def record() -> None:
        rows, answered[:] = list(answered), []
        with engine.begin() as connection:
            connection.execute(RECORD, {"at": int(time.time()), "rows": orjson.dumps(rows).decode()})

    async def send(session: aiohttp.ClientSession, number: int, openid: str, name: str) -> None:
        words = template.render(c={"name": name})
        body = orjson.dumps({"touser": openid, "msgtype": "text", "text": {"content": words}})
        try:
            async with session.post(address, data=body, headers={"Content-Type": "application/json"}) as answer:
                answered.append((number, orjson.loads(await answer.read())["errcode"]))
        finally:
            room.release()
        if len(answered) >= BATCH:
            record()

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as sending:
        after = 0
        while True:
            with engine.connect() as connection:
                page = select(customers.c.id, customers.c.openid, customers.c.name).where(customers.c.id > after)
                rows = connection.execute(page.order_by(customers.c.id).limit(BATCH)).all()
            if not rows:
                break
            after = rows[-1].id
            for row in rows:
                await room.acquire()
                sending.create_task(send(session, row.id, row.openid, row.name))
    if answered:
        record()


def main() -> None:
    store, sink, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    engine = create_engine(store)
    with engine.begin() as connection:
        # As ours is.
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        metadata.drop_all(connection)
        metadata.create_all(connection)
        rows = [{"id": n, "openid": f"oBench{n:022d}", "name": f"顾客{n}"} for n in range(1, count + 1)]
        connection.execute(insert(customers), rows)
    began, used = time.perf_counter(), time.process_time()
    asyncio.run(broadcast(engine, sink))
    seconds, used = time.perf_counter() - began, time.process_time() - used
    with engine.connect() as connection:
        sent = connection.execute(select(func.count()).where(customers.c.code == 0)).scalar()
    print(json.dumps({"sent": sent, "seconds": seconds, "cpu_seconds": used}))


if __name__ == "__main__":
    main()
