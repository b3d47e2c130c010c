"""A line that was not understood, read once more with the names of the shop's own customers, and what to offer for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.customers import finding
from bot.domain.customers import service as customers
from bot.domain.orders import service as orders
from bot.language import known, normalise
from bot.language.clauses import TOGETHER
from bot.language.file_intents import Merge, Photos
from bot.language.intents import Intent, Later, NotUnderstood, Several, Whom
from bot.language.nearest import MOST_OFFERED
from bot.language.order_intents import Deal, Purchase
from bot.language.pasted import pasted
from bot.language.staff import understand
from bot.store.transaction import Tx

MOST_LOOKED_AT = 20  # orders of a customer, newest first
# What may be done when only the place of the spaces was guessed: what looks, and what one 撤销 takes back.
DONE_AT_ONCE = (*TOGETHER, Several, Photos, Merge, Later)


def means(tx: Tx, line: str, intent: Intent, now: datetime, *, last: int | None = None) -> tuple[Intent, str]:
    """The intent of a line and the line as it was read. One that stays unclear comes back with offers that fit.

    ``last``: the customer last spoken of.
    """
    if not isinstance(intent, NotUnderstood):
        return intent, line
    names = _names_in(tx, line)
    if again := once_more(line, names, now):
        return again
    if order_lines := _of_their_orders(tx, line, names):
        return replace(intent, problem="没说是哪一单，什么都没有改。", nearest=order_lines, ready=order_lines), line
    if meant := _about_pasted(tx, line, intent, last):
        return meant, line
    offered = [form for form in intent.nearest if not _is_nonsense(tx, form, line, names, now)]
    if intent.is_free and (about := known.offers(line, names)):
        # What keeps the name typed is better than any example; a note of it is better than nothing.
        offered = [form for form in offered if "…" not in form and any(name in form for name in names)]
        offered = offered or list(about)
    nearest = tuple(dict.fromkeys(offered))[:MOST_OFFERED]
    if last is not None and (about_them := tuple(form for form in nearest if " 他" in form or form.startswith("他 "))):
        # Who 他 is stands in what is offered, so that nobody books blindly.
        shown = {form: form.replace("他", f"#{last}", 1) for form in about_them}
        return replace(
            intent, nearest=tuple(shown.get(form, form) for form in nearest), ready=tuple(shown.values())
        ), line
    return replace(intent, nearest=nearest), line


def named_anew(tx: Tx, line: str, now: datetime) -> tuple[Intent, str] | None:
    """For a line that named nobody: 小美和张三 +VIP names two, 查小美这个客户 names one."""
    return once_more(line, _names_in(tx, line), now)


def once_more(line: str, names: Iterable[str], now: datetime) -> tuple[Intent, str] | None:
    better = known.reread(line, names)
    if not better or normalise(better) == normalise(line):
        return None
    intent = understand(better, now)
    return (intent, better) if isinstance(intent, DONE_AT_ONCE) else None


def _names_in(tx: Tx, line: str) -> list[str]:
    return finding.named_in(tx, known.candidates(line))


def _about_pasted(tx: Tx, line: str, intent: NotUnderstood, last: int | None) -> NotUnderstood | None:
    """An address is offered to the file of whose phone or name it bears, a payment to whom it may be from."""
    found = pasted(line)
    if found.yuan:
        offers = [f"消费 #{last} {found.yuan}"] if last is not None else []
        offers.append(f"消费 散客 {found.yuan}")
        problem = f"像是收款通知，没有记。谁付的就说：消费 小美 {found.yuan}"
        return replace(intent, problem=problem, nearest=tuple(offers), ready=tuple(offers))
    if not found.address:
        return None
    whose = [Whom("phone", found.phone)] if found.phone else []
    whose += [Whom("name", found.name)] if found.name else []
    known_as = next((whom for whom in whose if len(customers.matches(tx, whom, last_spoken_of=None)) == 1), None)
    if known_as is not None:
        offers = [f"资料 {known_as.text} 地址 {found.address}", f"查 {known_as.text}"]
    else:
        offers = [f"新客 {found.name} {found.phone}"] if found.name and found.phone else []
        offers += [f"资料 #{last} 地址 {found.address}"] if last is not None else []
    problem = "像是贴来的地址，没有记。是谁的就说：资料 小美 地址 …"
    return replace(intent, problem=problem, nearest=tuple(offers), ready=tuple(offers))


def _of_their_orders(tx: Tx, line: str, names: Sequence[str]) -> tuple[str, ...]:
    """李四的货发了 顺丰 SF123456: which of 李四's orders it may be, as lines to offer."""
    step = known.order_step(line, names)
    people = customers.matches(tx, Whom("name", names[0]), last_spoken_of=None) if step and len(names) == 1 else []
    if step is None or len(people) != 1:
        return ()
    verb, stages, rest = step
    waiting = [order for order in orders.of(tx, people[0].id, count=MOST_LOOKED_AT) if order.stage in stages]
    return tuple(f"{verb} {order.id} {rest}".rstrip() for order in waiting[:MOST_OFFERED])


def _is_nonsense(tx: Tx, form: str, line: str, names: Iterable[str], now: datetime) -> bool:
    """Whether an offered line takes a piece of the sentence for a person (查 天气不错) or is none itself (今日 天气不错)."""
    intent = understand(form, now)
    if isinstance(intent, NotUnderstood):
        return any(word in normalise(line) for word in normalise(form).split(" ")[1:])
    whom = getattr(intent, "whom", None)
    people = (whom,) if isinstance(whom, Whom) else whom or ()
    typed = normalise(line)
    unknown = [
        person.text
        for person in people
        if person.kind == "name"
        and normalise(person.text) in typed
        and not customers.matches(tx, person, last_spoken_of=None)
    ]
    if not unknown:
        return False
    # A payment may well be a new customer's, whose name says nothing but a name.
    may_be_new = isinstance(intent, Purchase | Deal)
    return not may_be_new or any(not known.may_be_name(text) or any(name in text for name in names) for text in unknown)
