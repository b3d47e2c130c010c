"""Pushing to the shop in the company's name: always encrypted, otherwise as the Official Account side does it.

Source: WeCom manual, pages 90930 and 90238. The address is verified with a GET whose echostr is encrypted; its clear
text is the answer, without quotes, mark or newline.
"""

from typing import TYPE_CHECKING, Any

from bot.sandbox import wire
from bot.sandbox.callbacks import Push, Pushes, with_query
from bot.sandbox.phones import Message, system_line
from bot.sandbox.probing import unanswered
from bot.sandbox.transport import Transport
from bot.sandbox.wire import Reply

from . import cards, parcels

if TYPE_CHECKING:
    from bot.sandbox.platform import Platform

    from .company import Company

FAULT_NOTICE = "应用没有回答"


class CorpPushes(Pushes):
    """The pushes of one company; a lane is a member, a contact, a chat or a tag."""

    AGENDA = "corp_push"

    def __init__(self, platform: "Platform", company: "Company", transport: Transport) -> None:
        super().__init__(platform, transport)
        self._company = company

    def _account(self) -> dict[str, Any]:
        return dict(self._company.account)

    def _seal(
        self, account: dict[str, Any], push: Push, *, timestamp: str, nonce: str, salt: bytes
    ) -> tuple[dict[str, str], bytes]:
        agent = account["agent_id"] if "AgentID" in push.fields else None
        return seal(account, wire.build(push.fields), agent=agent, timestamp=timestamp, nonce=nonce, salt=salt)

    def _read(self, account: dict[str, Any], received: bytes, push: Push) -> Reply | None:
        if received.strip().lower() == b"success":
            return None
        return wire.read_reply(as_wire(account), received, push.openid)

    def _show_reply(self, push: Push, reply: Reply) -> Message | None:
        """What the member sees; a card update changes the card and shows nothing new."""
        company = self._company
        member = company.members.get(push.openid)
        if reply.msgtype in ("update_button", "update_template_card"):
            cards.update_by_reply(company, push, reply)
            return None
        parcel = parcels.passive(company, reply)
        if member is None or not push.heard:
            return None
        return company.show(member, parcel, via="passive")

    def _show_fault(self, push: Push) -> None:
        member = self._company.members.get(push.openid)
        if member is not None and push.heard:
            self._company.show(member, system_line(FAULT_NOTICE), via="passive", sender="company")


def as_wire(account: dict[str, Any]) -> dict[str, Any]:
    """The account as the shared reading of replies wants it: the CorpID stands in both places."""
    corp_id = account["corp_id"]
    return {"token": account["token"], "aes_key": account["aes_key"], "app_id": corp_id} | {
        "original_id": corp_id,
        "mode": "safe",
    }


def seal(
    account: dict[str, Any], clear: str, *, agent: int | None, timestamp: str, nonce: str, salt: bytes
) -> tuple[dict[str, str], bytes]:
    """Query and body of one push; `agent` stands in the envelope of what concerns the app."""
    secret = wire.encrypt(clear.encode(), account["aes_key"], account["corp_id"], salt)
    query = {"msg_signature": wire.sign(account["token"], timestamp, nonce, secret)}
    query |= {"timestamp": timestamp, "nonce": nonce}
    envelope: dict[str, Any] = {"ToUserName": account["corp_id"]}
    if agent is not None:
        envelope["AgentID"] = agent
    return query, wire.build(envelope | {"Encrypt": secret}).encode()


def verify_address(platform: "Platform", company: "Company") -> str:
    """GET with an encrypted echostr, as when the administrator saves; empty when its clear text came back."""
    with platform.lock:
        account, number = dict(company.account), platform.next_number()
        timestamp, seconds = str(int(platform.clock.now())), platform.limits["callback_seconds"]
    dice = platform.chance.about("corp verify", number)
    nonce, echo = str(dice.randrange(10**8, 10**10)), str(dice.randrange(10**17, 10**19))
    secret = wire.encrypt(echo.encode(), account["aes_key"], account["corp_id"], dice.randbytes(16))
    signature = wire.sign(account["token"], timestamp, nonce, secret)
    query = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": secret}
    address = with_query(account["callback_url"], query)
    return unanswered(
        platform, address, echo, seconds, "服务器没有返回解密后的 echostr，请核对 Token 和 EncodingAESKey"
    )
