"""Several clauses in one message, done together: 小美 到店 消费298 +VIP."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import Refusal
from bot.language.intents import Several, Whom
from handlers.talk import WIDE, StaffTalk, on


@on.staff(Several)
def together(talk: StaffTalk) -> str:
    """One transaction, one reply, one change for ``撤销``: a clause that is refused takes the others back with it."""
    clauses = talk.intent.clauses
    named = {whom for clause in clauses for whom in _named(clause)}
    if len(named) > WIDE:
        talk.all(sorted(named, key=lambda whom: whom.text))  # asks first, as one clause with so many names would
    replies, labels = [], []
    for clause in clauses:
        part = replace(talk, intent=clause, change_label="", change_final=None)
        handler = on.find("staff", type(clause))
        if handler is None:
            raise Refusal("这句话我还不会处理，什么都没有改。发送“帮助”看能说什么。")
        try:
            reply = str(handler(part))
        except Refusal as refusal:
            raise Refusal(f"{refusal}\n（几句话一起说的，整条都没有做）") from refusal
        replies.append(reply)
        labels.append(part.change_label or reply.splitlines()[0][:40])
        if part.change_final is not None:
            talk.final(part.change_final)
    talk.label("；".join(labels))
    return "\n".join(replies)


def _named(clause: object) -> tuple[Whom, ...]:
    whom = getattr(clause, "whom", None)
    return (whom,) if isinstance(whom, Whom) else whom or ()
