"""Looking for something: 找 蓝色连衣裙."""

from __future__ import annotations

from bot.domain import journeys
from bot.domain.customers import service as customers
from bot.domain.customers.rules import shown
from bot.domain.merchants import desk
from bot.language.file_intents import Find
from handlers.customers import card
from handlers.talk import StaffTalk, on


@on.staff(Find)
def find(talk: StaffTalk) -> str:
    """One customer found by name is shown at once; else a numbered list, of which a bare number opens one."""
    text = talk.intent.text
    if text in talk.chosen:
        return _open(talk, talk.chosen[text])
    found, more = journeys.find(talk.tx, text)
    if not found:
        return f"没有找到“{text}”。名字、资料、备注、单子和聊过的话都找过了，换个短一点的词试试。"
    if len(found) == 1 and found[0][1].where == "名字":
        return _open(talk, found[0][0].id)
    payload = {
        "line": talk.line,
        "asked": text,
        "options": [customer.id for customer, _hit in found],
        "chosen": {},
    }
    offers = [f"{shown(customer)} {hit.where}{f'：{hit.text}' if hit.text else ''}" for customer, hit in found]
    desk.ask(talk.tx, talk.staff.id, desk.Question("choice", payload, offers))
    lines = [f"{number}. {offer}" for number, offer in enumerate(offers, start=1)]
    rest = "\n还有更多，词说得细一点能少些。" if more else ""
    return f"“{text}”找到这些，回复数字打开（5 分钟内）：\n" + "\n".join(lines) + rest


def _open(talk: StaffTalk, number: int) -> str:
    desk.speak_of(talk.tx, talk.staff.id, number)
    return card(talk, customers.get(talk.tx, number))
