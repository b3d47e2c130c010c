"""The company's own people: whoever writes to the app is staff, unless they were removed."""

from __future__ import annotations

from bot.domain.merchants import service as merchants
from bot.domain.merchants.models import Staff
from bot.domain.merchants.service import Member
from bot.errors import Refusal
from bot.language.intents import Bind
from bot.language.staff import understand
from bot.platforms.messages import Inbound
from bot.settings import Settings
from bot.store.transaction import Tx
from handlers.merchants import ROLES

# Opening the app, or seeing it for the first time, says nothing, but shows who is there.
CAME = {"enter_agent", "member_came"}
REMOVED = "您已经不是这家店的店员了，口令不再有用。要回来，请老板发送“员工 邀请”，再把绑定码发给我：绑定 CODE"


def meet(tx: Tx, settings: Settings, message: Inbound) -> Member:
    """Who of the company this is; whom the settings name as owner has the owner's rights from now on."""
    account = settings.account(message.account)
    # The platform takes ids in either case, and writes them in lower case in some of its answers.
    owners = {owner.casefold() for owner in account.owners} if account else set()
    return merchants.member(
        tx, account=message.account, person_id=message.sender, owner=message.sender.casefold() in owners
    )


def greeting(staff: Staff) -> str:
    """What somebody reads first of all."""
    return f"您好，{staff.name}，您是这家店的{ROLES[staff.role]}。换个称呼：我叫小李。发送“帮助”看能说什么。"


def removed(tx: Tx, settings: Settings, message: Inbound) -> str:
    """The answer to somebody who was removed; an invitation brings them back."""
    intent = understand(message.text, tx.now.astimezone(settings.timezone))
    if not isinstance(intent, Bind):
        return REMOVED
    try:
        with tx.savepoint():
            bound = merchants.bind(
                tx, account=message.account, person_id=message.sender, code=intent.code, name=intent.name
            )
    except Refusal as refusal:
        return str(refusal)
    return f"绑定好了，{bound.staff.name}，您又是这家店的{ROLES[bound.staff.role]}了。发送“今日”接着干。"
