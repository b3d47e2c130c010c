"""Customer messages (客服消息) and the typing sign.

Source: vendor manual, Customer_Service_Messages; the allowance per trigger is in windows.py.
"""

from typing import TYPE_CHECKING, Any

from . import windows
from .calls import Ask, endpoint
from .errors import Refused
from .fans import Fan
from .parcels import custom_parcel

if TYPE_CHECKING:
    from .platform import Platform


def check_reachable(fan: Fan) -> None:
    """`Refused` for who cannot be written to, whatever the allowance.

    Who never followed gets 43004; who left gets 45015, whose words name both a closed window and a cancelled
    subscription. Then 43019 blacklisted, 48002 refuses messages, 70000 a minor under protection.
    """
    if not fan.follows:
        raise Refused(45015 if fan.followed_before else 43004)
    if fan.blocked:
        raise Refused(43019)
    if fan.refuses:
        raise Refused(48002)
    if fan.minor:
        raise Refused(70000)


@endpoint("POST", "/cgi-bin/message/custom/send", day=500_000)
def send_custom_message(platform: "Platform", ask: Ask) -> dict[str, Any]:
    touser = ask.text("touser", 41009)
    parcel = custom_parcel(platform, ask.body, ask.now)
    fan = platform.fans.known(touser)
    check_reachable(fan)
    windows.draw(fan, ask.now)
    platform.show_from_account(fan, parcel, via="custom", call_id=ask.id)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/message/custom/typing", day=500_000)
def show_typing(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """对方正在输入: needs a word of the fan in the last 30 s (45080) and is not repeated (45081)."""
    command = ask.text("command", 45072)
    if command not in ("Typing", "CancelTyping"):
        raise Refused(45072)
    fan = platform.fans.known(ask.text("touser", 41009))
    if command == "CancelTyping":
        fan.typing_until = 0.0
        return {"errcode": 0, "errmsg": "ok"}
    span = platform.limits["typing_exchange_seconds"]
    if ask.now - fan.exchange_at > span or not fan.follows:
        raise Refused(45080)
    if fan.typing_until > ask.now:
        raise Refused(45081)
    fan.typing_until = ask.now + 15  # the phone shows the sign for 15 s
    return {"errcode": 0, "errmsg": "ok"}
