"""Where the platform calls from and how its reach is checked; the detail of a refused call by its rid.

Source: vendor manual, Get_the_WeChat_server_IP_address, Network_detection, openApi-mgnt.
"""

from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .errors import Refused

if TYPE_CHECKING:
    from .platform import Platform

OUR_ADDRESSES = ["127.0.0.1", "::1"]  # the sandbox pushes from the machine it runs on


@endpoint("GET", "/cgi-bin/getcallbackip")
def list_callback_addresses(_platform: "Platform", _ask: Ask) -> dict[str, Any]:
    return {"ip_list": list(OUR_ADDRESSES)}


@endpoint("GET", "/cgi-bin/get_api_domain_ip")
def list_api_addresses(_platform: "Platform", _ask: Ask) -> dict[str, Any]:
    return {"ip_list": list(OUR_ADDRESSES)}


@endpoint("POST", "/cgi-bin/callback/check")
def check_callback(_platform: "Platform", ask: Ask) -> dict[str, Any]:
    action, operator = ask.text("action"), ask.body.get("check_operator", "DEFAULT")
    if action not in ("dns", "ping", "all") or operator not in ("CHINANET", "UNICOM", "CAP", "DEFAULT"):
        raise Refused(40035)
    answer: dict[str, Any] = {}
    if action in ("dns", "all"):
        answer["dns"] = [{"ip": "127.0.0.1", "real_operator": "DEFAULT"}]
    if action in ("ping", "all"):
        answer["ping"] = [{"ip": "127.0.0.1", "from_operator": operator, "package_loss": "0%", "time": "0.4ms"}]
    return answer


@endpoint("POST", "/cgi-bin/openapi/rid/get")
def show_refused_call(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """The call behind a rid of the last 7 days: 76001 unknown, 76003 too old."""
    entry = platform.calls.of_rid(ask.text("rid", 76001))
    if entry is None:
        raise Refused(76001)
    if ask.now - entry.at > platform.limits["rid_days"] * 86400:
        raise Refused(76003)
    shown = entry.on_page()
    request = {"invoke_time": int(entry.at), "cost_in_ms": int(entry.ms), "request_url": shown["url"]}
    request |= {"request_body": shown["body"], "response_body": shown["answer"], "client_ip": entry.address}
    return {"errcode": 0, "errmsg": "ok", "request": request}
