"""Peer: the full service the natural way, Flask, wechatpy, redis-py against doubles, ORM objects, a commit per request.

It does less than the product: no window, no notices to staff, no script of the merchant's own, no order of one
sender's messages. SQLite stands as durable as ours (WAL, synchronous FULL).
"""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime

import redis
from flask import Flask, Response, request
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import create_reply

THANKS = "收到,已经转给店里。店员看到后会亲自回您。"


class Base(DeclarativeBase):
    """The tables of this peer."""


class Customer(Base):
    """Somebody who writes."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    openid: Mapped[str] = mapped_column(unique=True)
    last_seen_at: Mapped[datetime | None]


class Message(Base):
    """What was said, and the answer."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    msg_id: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    text: Mapped[str]
    reply: Mapped[str]
    created_at: Mapped[datetime]


app = Flask(__name__)
crypto = WeChatCrypto(os.environ["PEER_TOKEN"], os.environ["PEER_AES_KEY"], os.environ["PEER_APP_ID"])
doubles = redis.Redis.from_url(os.environ["PEER_REDIS"])
engine = create_engine(os.environ["PEER_STORE"], pool_size=16)
if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def _durable(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=20000")


Base.metadata.create_all(engine)


@app.post("/callback/main")
def callback() -> Response:
    said = request.args
    xml = crypto.decrypt_message(request.data, said["msg_signature"], said["timestamp"], said["nonce"])
    message = parse_message(xml)
    if not doubles.set(f"seen:{message.id}", 1, nx=True, ex=86400):
        return Response("success", mimetype="text/plain")
    now = datetime.now(UTC)
    with Session(engine) as session:
        customer = session.scalars(select(Customer).where(Customer.openid == message.source)).first()
        if customer is None:
            customer = Customer(openid=message.source)
            session.add(customer)
            session.flush()
        customer.last_seen_at = now
        session.add(
            Message(msg_id=str(message.id), customer_id=customer.id, text=message.content, reply=THANKS, created_at=now)
        )
        session.commit()
    reply = create_reply(THANKS, message).render()
    return Response(crypto.encrypt_message(reply, said["nonce"], said["timestamp"]), mimetype="application/xml")


@app.get("/healthz")
def alive() -> str:
    return "ok"
