"""What customers see and say of their own file: 资料, 生日, 地址, 导出我的资料, 删除我的资料."""

from __future__ import annotations

from datetime import datetime

from bot.delivery import outbox
from bot.domain import journeys
from bot.domain.activities import service as activities
from bot.domain.customers import files, waiting
from bot.domain.customers import service as customers
from bot.domain.customers.rules import birth_shown
from bot.domain.merchants import notices
from bot.domain.orders import service as orders
from bot.domain.orders.rules import stage_shown
from bot.language.file_fields import BY_NAME
from bot.language.file_intents import Birth, EraseOwn, ExportOwn, OwnAddress, OwnBirthday, OwnFile, OwnUnclear
from bot.language.money import show_money
from handlers.activities import tell_moved_up
from handlers.pages import split
from handlers.talk import CustomerTalk, on

# What a customer has told; how staff see them stays in the shop.
TOLD = ("phone", "birth", "address", "size", "email")
ORDERS, WORDS = 200, 200


def _told(talk: CustomerTalk, names: tuple[str, ...]) -> list[str]:
    customer = talk.customer()
    known = files.known(talk.tx, customer)
    lines = [f"称呼：{customer.own_name}"] if customer.own_name else []
    return lines + [f"{BY_NAME[name].words[0]}：{known[name]}" for name in names if name in known]


@on.customer(OwnFile)
def own_file(talk: CustomerTalk) -> str:
    told = _told(talk, TOLD)
    head = f"您在{talk.shop.shop_name}留的资料：" if told else f"您在{talk.shop.shop_name}还没有留资料。"
    change = "要改就直接说：生日 5月1日，地址 …，我叫…"
    return "\n".join([head, *told, change, "导出全部：导出我的资料；不想留了：删除我的资料"])


@on.customer(OwnBirthday)
def own_birthday(talk: CustomerTalk) -> str:
    birth: Birth = talk.intent.birth
    customer = talk.customer()
    files.change(talk.tx, customer, values={}, birth=birth, staff_id=None)
    return f"记下了，您的生日是{birth_shown(customer)}。不对的话再发一次就改过来。"


@on.customer(OwnAddress)
def own_address(talk: CustomerTalk) -> str:
    files.change(talk.tx, talk.customer(), values={"address": talk.intent.address}, staff_id=None)
    return f"记下了，您的地址是：{talk.intent.address}\n不对的话再发一次就改过来。"


@on.customer(OwnUnclear)
def own_unclear(talk: CustomerTalk) -> str:
    return str(talk.intent.problem)


@on.customer(ExportOwn)
def export_own(talk: CustomerTalk) -> str:
    """All of it at once: what does not fit into the reply follows as messages."""
    first, *rest = split("\n".join(_everything(talk)))
    for piece in rest:
        outbox.queue(
            talk.tx,
            account=talk.message.account,
            person_id=talk.message.sender,
            payload={"type": "text", "text": piece},
            purpose="service",
            customer_id=talk.customer_id,
        )
    return first


def _date(talk: CustomerTalk, moment: datetime) -> str:
    """``2026年9月21日``: what is taken away is read in any year."""
    here = talk.here(moment)
    return f"{here.year}年{here.month}月{here.day}日"


def _everything(talk: CustomerTalk) -> list[str]:
    tx, customer = talk.tx, talk.customer()
    names = tuple(name for name in BY_NAME if name not in ("name", "description"))
    lines = [
        f"【您在{talk.shop.shop_name}的资料】{_date(talk, talk.now)} {talk.now:%H:%M}",
        f"会员编号：{customer.id}",
        *_told(talk, names),
        f"从 {_date(talk, customer.created_at)} 起认识您",
        f"营销消息：{'已退订' if customer.opted_out else '接收'}",
    ]
    bought = orders.of(tx, customer.id, count=ORDERS)
    if bought:
        lines.append(f"【订单】累计 {show_money(customer.spent_fen)}")
        lines += [
            f"单号{order.id} {_date(talk, order.created_at)} {show_money(order.amount_fen)} {order.items}"
            f" {stage_shown(order.stage)}".rstrip()
            + (f" 已退 {show_money(order.refunded_fen)}" if order.refunded_fen else "")
            for order in bought
        ]
    joined = activities.joined_by(tx, customer.id)
    if joined:
        lines.append("【活动】" + "、".join(activity.title for activity, _state in joined))
    said = waiting.lately(tx, customer.id, WORDS)
    if said:
        lines.append("【您说过的话】")
        lines += [f"{_date(talk, one.at)} {talk.here(one.at):%H:%M} {one.text}" for one in said]
    return lines


@on.customer(EraseOwn)
def erase_own(talk: CustomerTalk) -> str:
    if not talk.intent.sure:
        return (
            "删除以后，您的称呼、电话、生日、地址、标签、聊天记录和还没发给您的消息都会清掉，报名的活动会取消，"
            "不能恢复；付款记录按规定保留，但不再带您的名字。\n想好了就回复：确认删除我的资料"
        )
    for identity in customers.identities(talk.tx, [talk.customer_id]):
        on.forget(talk.tx, identity.account, identity.person_id, answering=talk.message.key)
    moved_up = journeys.forget(talk.tx, talk.customer())
    for activity, next_one in moved_up:
        tell_moved_up(talk, activity, next_one)
    notices.tell_all(
        talk.tx,
        f"#{talk.customer_id} 按本人要求删除了资料，编号只留着对账。",
        kind="erased",
        subject=f"erased:{talk.customer_id}",
    )
    return "您的资料已经删除，也不会再给您发活动消息。以后想来，直接说话就行，我们重新认识。"
