"""What the company's side tells the shop by itself: changes made by people in their clients or in the admin console.

Source: WeCom manual, page 92130 and those of groups and tags. Changes made by calls are told to nobody.
"""

from typing import TYPE_CHECKING, Any

from bot.sandbox.callbacks import Outcome

if TYPE_CHECKING:
    from .company import Company


def change(company: "Company", event: str, change_type: str, subject: str, fields: dict[str, Any]) -> Outcome:
    """A change event from `sys`; `subject` (a contact, chat or tag) is its lane."""
    common = {"ToUserName": company.account["corp_id"], "FromUserName": "sys"}
    common |= {"CreateTime": int(company.platform.clock.now()), "MsgType": "event"}
    whole = {**common, "Event": event, "ChangeType": change_type, **fields}
    return company.pushes.send(company.pushes.new(subject, f"{event}/{change_type}", whole, heard=False))


def of_member(company: "Company", userid: str, fields: dict[str, Any], *, heard: bool = True) -> Outcome:
    """A message or event of a member to the app."""
    common = {"ToUserName": company.account["corp_id"], "FromUserName": userid}
    whole: dict[str, Any] = {**common, "CreateTime": int(company.platform.clock.now()), **fields}
    whole["AgentID"] = company.account["agent_id"]
    if whole["MsgType"] != "event":
        whole.setdefault("MsgId", company.platform.next_number())
    kind = str(whole.get("Event") or whole["MsgType"])
    return company.pushes.send(company.pushes.new(userid, kind, whole, heard=heard))
