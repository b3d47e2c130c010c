"""The company's own people: whoever writes to the app is staff until they are removed, or leave the company."""

from __future__ import annotations

from bot.domain import journeys
from bot.domain.customers import friends
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.domain.merchants.models import Staff
from bot.domain.merchants.service import Member
from bot.errors import Refusal
from bot.language.staff import understand
from bot.language.work_intents import Bind
from bot.platforms.messages import Inbound
from bot.settings import Settings
from bot.store.transaction import Tx
from handlers.merchants import ROLES, only_theirs, what_stays
from handlers.talk import Talk, on

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


@on.event("member_changed")
def left_the_company(talk: Talk) -> str:
    """Who is deleted there works here no more. Other changes (names, departments, newcomers) wait for their first word."""
    tx, message = talk.tx, talk.message
    member_id = str(message.fields.get("UserID") or "")
    if str(message.fields.get("ChangeType") or "").lower() != "delete_user":
        return ""
    staff = merchants.find(tx, account=message.account, person_id=member_id)
    rest = only_theirs(friends.member_left(tx, message.account, member_id, message.created_at))
    if staff is None:
        # Customers may well know somebody who has never written to the app.
        called = friends.members_of(tx, message.account).get(member_id, member_id)
        if rest:
            _tell_owners(talk, f"{called}不在企业通讯录里了。{rest}", about=f"member:{member_id}")
        return ""
    try:
        gone = journeys.dismiss(tx, str(staff.id))
    except Refusal:
        return ""  # the last owner, who cannot write by the app any more
    words = f"{gone.name}不在企业通讯录里了，已经不是店员。{rest}{what_stays(talk, gone)}"
    _tell_owners(talk, words, about=f"member:{member_id}")
    return ""


@on.event("member_left")
def sees_the_app_no_more(talk: Talk) -> str:
    """May have left, or only its visible range: which of them, and what is to become of it, people know."""
    staff = merchants.find(talk.tx, account=talk.message.account, person_id=talk.message.sender)
    if staff is not None:
        words = f"{staff.name}看不到应用了：不在可见范围里，或者离开了企业。不是店员了，就发送：员工 移除 {staff.id}"
        _tell_owners(talk, words, about=f"member:{talk.message.sender}", but=staff.id)
    return ""


def _tell_owners(talk: Talk, words: str, *, about: str, but: int | None = None) -> None:
    for owner in merchants.owners(talk.tx):
        if owner.id != but:
            notices.tell(talk.tx, owner.id, words, kind="member", subject=about)
