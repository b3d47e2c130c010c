"""What staff tell about the shop: 店铺 and 自动回复."""

from __future__ import annotations

from bot.domain.merchants import auto_replies, shop_facts
from bot.language.file_intents import AutoReplies, AutoReplyDelete, AutoReplyWrite, ShopFactEdit, ShopFacts
from handlers.talk import StaffTalk, on

ANSWER_SHOWN = 30
_EXAMPLES = {"hours": "店铺 营业 10:00-22:00", "address": "店铺 地址 …", "phone": "店铺 电话 …"}


@on.staff(ShopFacts)
def show(talk: StaffTalk) -> str:
    known = shop_facts.facts(talk.tx)
    lines = [f"【{talk.shop.shop_name}】"]
    lines += [
        f"{word}：{known[name]}" if known[name] else f"{word}：还没写（{_EXAMPLES[name]}）"
        for name, word in shop_facts.NAMES.items()
    ]
    return "\n".join(lines) + "\n话术和自动的回答会用到；营业时间也告诉顾客什么时候有人回。"


@on.staff(ShopFactEdit)
def edit(talk: StaffTalk) -> str:
    values = dict(talk.intent.values)
    before = shop_facts.facts(talk.tx)
    if all(before[name] == text for name, text in values.items()):
        return "本来就是这样，没有变化。"
    shop_facts.change(talk.tx, values)
    told = "；".join(f"{shop_facts.NAMES[name]}{f' {text}' if text else '（删掉）'}" for name, text in values.items())
    talk.label(f"店铺 {told}")
    return f"店铺记好了：{told}"


@on.staff(AutoReplies)
def auto_reply_list(talk: StaffTalk) -> str:
    replies = auto_replies.listed(talk.tx)
    if not replies:
        return "还没有自动回复。加一条：自动回复 几点开门、营业时间 = 10点到22点，周一休息"
    lines = [f"{reply.id}. {'、'.join(reply.words)} → {_short(reply.answer)}" for reply in replies]
    return (
        "自动回复（顾客问到就答，投诉和发火的除外）：\n" + "\n".join(lines) + f"\n去掉：自动回复 删除 {replies[0].id}"
    )


@on.staff(AutoReplyWrite)
def write(talk: StaffTalk) -> str:
    reply, replaced = auto_replies.write(talk.tx, talk.intent.words, talk.intent.answer)
    words = "、".join(reply.words)
    talk.label(f"自动回复 {reply.id} {words}"[:60])
    return f"自动回复 {reply.id} {'改好' if replaced else '设好'}了：{words} → {_short(reply.answer)}"


@on.staff(AutoReplyDelete)
def delete(talk: StaffTalk) -> str:
    reply = auto_replies.delete(talk.tx, talk.intent.number)
    return f"自动回复 {reply.id} 删掉了：{'、'.join(reply.words)}"


def _short(answer: str) -> str:
    line = " ".join(answer.split())
    return line if len(line) <= ANSWER_SHOWN else f"{line[:ANSWER_SHOWN]}…"
