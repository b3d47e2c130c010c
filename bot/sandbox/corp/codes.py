"""How the company's side of the platform refuses: a code, the usual words, a hint and the caller's address.

Words and codes: the vendor's list of global error codes (全局错误码); clients must decide on the number alone.
"""

from typing import Any

from bot.sandbox.errors import Refused

USUAL = {
    -1: "system busy",
    40001: "invalid credential",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40050: "chatid not exist",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40063: "some parameters are empty",
    40068: "invalid tagid",
    40071: "tag name is existed",
    40096: "invalid external userid",
    41001: "access_token missing",
    41004: "corpsecret missing",
    41005: "media data missing",
    41048: "no customer to send",
    41050: "send welcome message timeout",
    41051: "externaluser has started chatting",
    41054: "userid not activated",
    41055: "group welcome template reach the limit",
    41056: "invalid config_id",
    41058: "invalid template_id of this app",
    41063: "message is being dispatched, try again later",
    41064: "attachments count out of limit",
    41094: "remind times reach limit",
    41096: "welcome message is being sent by another app",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44001: "empty media data",
    44002: "empty post data",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    47001: "data format error",
    48002: "api forbidden",
    48004: "api forbidden, authorization canceled",
    50003: "app disabled",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    701008: "no interoperable license",
    81013: "user & party & tag all invalid",
    81017: "too many owners, use owner_filter",
    84061: "not external contact",
    84074: "no external contact permission",
    93000: "invalid webhook url",
    93004: "robot is disabled",
    301002: "not allow operate another agent with this accesstoken",
}


def refused(errcode: int, **extra: Any) -> Refused:
    """The refusal to raise; `extra` are further fields of the answer (`fail_list`, `invaliduser`)."""
    return Refused(errcode, USUAL.get(errcode, "refused"), **extra)


def words(refusal: Refused, number: int, now: float, address: str) -> str:
    """The whole errmsg of a failed call, with the tail that follows every one of them."""
    usual = USUAL.get(refusal.errcode, refusal.errmsg)
    tail = f"more info at https://open.work.weixin.qq.com/devtool/query?e={refusal.errcode}"
    return f"{usual}, hint: [{int(now)}{number:010d}], from ip: {address}, {tail}"
