"""What a handler gets, and the one way from a message to its reply: who speaks, what is meant, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.delivery.rules import why_no_address
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.merchants import desk
from bot.domain.merchants.models import Staff
from bot.domain.scripts import service as scripts
from bot.errors import Refusal
from bot.gateway.router import Router
from bot.language import known
from bot.language.intents import Whom
from bot.language.normalise import display_name
from bot.language.times import show_day, show_moment
from bot.platforms.abilities import Abilities, abilities
from bot.platforms.messages import Inbound
from bot.settings import Settings
from bot.store.transaction import Tx

on = Router()

NEW_FILE = 0  # no customer's number: chosen from a numbered list, it opens a file under the name that was typed
WIDE = 20  # a change that touches more people than this asks first

UNPROVEN = (
    "账号用的是明文模式，看不出消息是不是本人发的，所以群发、批量和删除都不做。"
    "请在公众号后台把消息加解密改成安全模式，再把密钥填进配置 aes_key。"
)


@dataclass
class Talk:
    """What every handler gets. ``intent`` is the typed meaning, or the event's kind."""

    tx: Tx
    shop: Settings
    message: Inbound
    intent: Any

    def here(self, moment: datetime) -> datetime:
        """A moment in the shop's zone, for people to read."""
        return moment.astimezone(self.shop.timezone)

    @property
    def now(self) -> datetime:
        return self.here(self.tx.now)

    def day(self, moment: datetime) -> str:
        return show_day(moment, self.now)

    def moment(self, moment: datetime) -> str:
        return show_moment(moment, self.now)

    def how_many(self, spans: Sequence[tuple[int, datetime]]) -> str:
        """How many messages windows still allow, and until when each part of the number is true."""
        parts: dict[str, int] = {}  # windows that close within one minute read as one
        for count, closes in spans:
            parts[self.moment(closes)] = parts.get(self.moment(closes), 0) + count
        each = "，".join(f"{count} 条到 {moment}" for moment, count in parts.items())
        total = sum(parts.values())
        return f"{total} 条，到 {next(iter(parts))}" if len(parts) == 1 else f"{total} 条：{each}"

    @property
    def unproven(self) -> bool:
        """Whether anybody could have written the message: plain mode (明文) signs no body."""
        account = self.shop.account(self.message.account)
        return account is not None and not account.aes_key

    @property
    def can(self) -> Abilities:
        """What the account can do that the message came by."""
        account = self.shop.account(self.message.account)
        return abilities(account) if account is not None else Abilities()

    @property
    def unreached(self) -> str:
        """Why a customer without any address cannot be reached, by what the shop's accounts are."""
        return why_no_address(self.shop.accounts)

    def say(self, key: str, **roots: dict[str, str]) -> str:
        """A sentence of the script library, with the shop's facts filled in."""

        def said() -> str:
            return scripts.say(self.tx, key, {"shop": scripts.shop_context(self.tx, self.shop.shop_name), **roots})

        return said() if roots else self.tx.once(("said", key), said)


@dataclass
class CustomerTalk(Talk):
    """A customer speaks."""

    met: customers.Met

    @property
    def customer_id(self) -> int:
        return self.met.customer_id

    def customer(self) -> Customer:
        return self.tx.session.get_one(Customer, self.met.customer_id)


@dataclass
class StaffTalk(Talk):
    """A staff member speaks. ``chosen`` maps a typed name to the customer picked for it from a numbered list.

    ``may_be_wide``: the line only looks, or was confirmed; any other that names more than ``WIDE`` people asks first.
    """

    staff: Staff
    line: str
    chosen: dict[str, int] = field(default_factory=dict)
    may_be_wide: bool = False
    change_label: str = ""
    change_final: str | None = None

    def label(self, text: str) -> None:
        """Names the change for ``撤销``; without it the reply's first line does."""
        self.change_label = text

    def final(self, reason: str) -> None:
        """Marks what is done as not to be taken back, with the reason."""
        self.change_final = reason

    def one(self, whom: Whom) -> Customer:
        """The one customer ``whom`` means, from now on also ``他``. Raises Unclear or Refusal."""
        customer = self._find(whom)
        self.one_is(customer)
        return customer

    def one_is(self, customer: Customer) -> None:
        """From now on ``他`` means this customer."""
        desk.speak_of(self.tx, self.staff.id, customer.id)

    def all(self, whom: Sequence[Whom], *, may_open: bool = False) -> list[Customer]:
        """Every customer named, each once. Raises Unclear, Wide or Refusal; then nothing was changed.

        ``may_open``: a name nobody has is offered as a new file (Unfiled), and opened where that was chosen.
        """
        found = {customer.id: customer for customer in (self._find(one, may_open=may_open) for one in whom)}
        if len(found) > WIDE and not self.may_be_wide:
            raise Wide(list(found.values()))
        if len(found) == 1:
            desk.speak_of(self.tx, self.staff.id, next(iter(found)))
        return list(found.values())

    def confirm(self, action: str, payload: dict[str, Any], question: str) -> str:
        """Asks for ``确认 CODE`` before ``action``; its handler is registered with ``@on.confirmed(action)``."""
        if self.unproven:
            return f"{question}\n现在还不能做。{UNPROVEN}"
        code = desk.ask_code(self.tx, self.staff.id, action, payload)
        return f"{question}\n确认请在 10 分钟内回复：确认 {code}"

    def _find(self, whom: Whom, *, may_open: bool = False) -> Customer:
        chosen = self.chosen.get(whom.text)
        if chosen == NEW_FILE and may_open:
            return self._open_file(whom)
        if chosen:
            return customers.get(self.tx, chosen)
        last = desk.state(self.tx, self.staff.id).customer_id
        found = customers.matches(self.tx, whom, last_spoken_of=last)
        if len(found) == 1:
            return found[0]
        if found:
            raise Unclear(whom, found)
        if whom.kind == "pronoun":
            raise Refusal("还不知道说的是哪位顾客。先“查 名字”，之后就可以用“他”“她”“上一个”。")
        near = customers.nearest(self.tx, whom)
        if may_open and whom.kind in ("name", "phone") and not known.is_sentence(whom.text):
            raise Unfiled(whom, near)
        offer = f"最接近的：{'、'.join(shown(customer) for customer in near)}。" if near else ""
        raise Nobody(
            f"没有找到“{_as_typed(whom)}”这位顾客，什么都没有改。{offer}还没有档案的可以建一个：新客 名字 手机号"
        )

    def _open_file(self, whom: Whom) -> Customer:
        name, phone = (whom.text, "") if whom.kind == "name" else ("", whom.text)
        # One file, however often the line names them.
        there = customers.matches(self.tx, whom, last_spoken_of=None)
        if len(there) == 1:
            return there[0]
        return customers.enrol(self.tx, name=display_name(name)[0], phone=phone, wechat="")


class Nobody(Refusal):
    """No customer is called what was typed as a name."""


class Unclear(Exception):
    """Several customers stand on the same rank; the question is which one."""

    def __init__(self, whom: Whom, candidates: Sequence[Customer]) -> None:
        super().__init__(f"{len(candidates)} customers match")
        self.whom = whom
        self.candidates = candidates


class Unfiled(Exception):
    """Nobody has this name; a new file is offered beside the ``near`` ones."""

    def __init__(self, whom: Whom, near: Sequence[Customer]) -> None:
        super().__init__("nobody matches")
        self.whom = whom
        self.near = near


class Wide(Exception):
    """A line names so many customers that it is done only after a code."""

    def __init__(self, people: Sequence[Customer]) -> None:
        super().__init__(f"{len(people)} customers named")
        self.people = people


def names_of(people: Sequence[Customer]) -> str:
    """``小美 #3、张姐 #5 等 12 位``."""
    listed = "、".join(shown(customer) for customer in people[:3])
    return listed if len(people) <= 3 else f"{listed} 等 {len(people)} 位"


def _as_typed(whom: Whom) -> str:
    return f"#{whom.text}" if whom.kind == "number" else whom.text
