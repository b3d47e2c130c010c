"""What people do with their phones, and what the platform tells the shop about it.

Every function runs under the platform's lock, puts what the person sees on the phone, opens the allowance the doing
is worth (windows.py) and returns the chat line with the push's outcome, which a caller may wait for without the lock.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import windows
from .callbacks import SUCCESS, Outcome
from .calls import Upload
from .channels import Channel, Scene
from .fans import Fan
from .media import media_address, paint
from .parcels import media_parcel, text_parcel
from .phones import Message, Parcel, system_line
from .wire import ORDINARY_KINDS, clean

if TYPE_CHECKING:
    from .platform import Platform

Done = tuple[Message, Outcome]
# Menu taps that are worth messages; view, pictures and places are not (Customer_Service_Messages).
PAID_TAPS = ("CLICK", "scancode_push", "scancode_waitmsg")


class NotPossible(ValueError):
    """The person cannot do that now; the text says why and what to do first."""


def follow(platform: "Platform", fan: Fan, scene: Scene | None = None) -> Done:
    """关注, with a scene through that parametric QR code."""
    if fan.follows:
        raise NotPossible(f"{fan.name}已经关注了")
    channel = None if scene is None else _channel(platform, scene)
    if channel is not None:
        platform.phones.show(fan, system_line(f"扫描了“{channel.scene}”"), sender="person", via="menu")
    platform.fans.follow(fan, platform.clock.now(), None if channel is None else channel.scene)
    windows.open_window(fan, "follow", platform.limits, platform.clock.now())
    line = platform.phones.show(fan, system_line("关注了公众号"), sender="person", via="menu")
    platform.person_changed(fan)
    event = {"Event": "subscribe", "EventKey": ""}
    if channel is not None:
        event |= {"EventKey": f"qrscene_{channel.scene}", "Ticket": channel.ticket}
    return line, platform.push_event(fan.openid, event, heard=True)


def unfollow(platform: "Platform", fan: Fan) -> Done:
    """取消关注: allowances, tags and remark are gone."""
    if not fan.follows:
        raise NotPossible(f"{fan.name}没有关注，不能取消")
    platform.fans.unfollow(fan)
    platform.tags.forget(fan)
    fan.remark = ""
    line = platform.phones.show(fan, system_line("取消关注"), sender="person", via="menu")
    platform.person_changed(fan)
    return line, platform.push_event(fan.openid, {"Event": "unsubscribe", "EventKey": ""})


def scan(platform: "Platform", fan: Fan, scene: Scene) -> Done:
    """Scan a parametric QR: SCAN for who follows, otherwise a follow with that scene."""
    channel = _channel(platform, scene)
    if not fan.follows:
        return follow(platform, fan, channel.scene)
    windows.open_window(fan, "scan", platform.limits, platform.clock.now())
    line = platform.phones.show(fan, system_line(f"扫描了“{channel.scene}”"), sender="person", via="menu")
    event = {"Event": "SCAN", "EventKey": str(channel.scene), "Ticket": channel.ticket}
    return line, platform.push_event(fan.openid, event, heard=True)


def say(platform: "Platform", fan: Fan, text: str) -> Done:
    words = clean(text)
    if not words.strip():
        raise NotPossible("要说的话是空的")
    return _send(platform, fan, text_parcel(words), {"MsgType": "text", "Content": words})


def choose(platform: "Platform", fan: Fan, menu_id: str, content: str) -> Done:
    """Tap an item of a msgmenu: a text message with `bizmsgmenuid`; its worth is a menu tap's."""
    words = clean(content)
    fields = {"MsgType": "text", "Content": words, "bizmsgmenuid": menu_id}
    trigger = "message" if platform.limits["msgmenu_tap_opens_message_window"] else "menu"
    if trigger == "message":
        windows.open_window(fan, "menu", platform.limits, platform.clock.now())
    return _send(platform, fan, text_parcel(words), fields, trigger=trigger)


def send_image(platform: "Platform", fan: Fan, filename: str) -> Done:
    number = platform.next_number()
    upload = Upload(filename or "photo.png", paint(number))
    medium = platform.media.keep(upload, "image", platform.clock.now())
    address = media_address(platform.base_url, medium.media_id)
    parcel = media_parcel(platform, medium, "image", {"media_id": medium.media_id})
    fields = {"MsgType": "image", "PicUrl": address, "MediaId": medium.media_id}
    return _send(platform, fan, parcel, fields)


def send_voice(platform: "Platform", fan: Fan, recognition: str | None) -> Done:
    """A voice message; `Recognition` is pushed only when given, as the newer manual no longer lists it."""
    medium = platform.media.keep(Upload("voice.amr", b"#!AMR\n" + bytes(32)), "voice", platform.clock.now())
    parcel = media_parcel(platform, medium, "voice", {"media_id": medium.media_id}, recognition or "")
    fields = {"MsgType": "voice", "MediaId": medium.media_id, "Format": "amr", "MediaId16K": medium.media_id}
    if recognition:
        fields["Recognition"] = clean(recognition)
    return _send(platform, fan, parcel, fields)


def send_location(platform: "Platform", fan: Fan, latitude: float, longitude: float, label: str) -> Done:
    fields = {
        "MsgType": "location",
        "Location_X": latitude,
        "Location_Y": longitude,
        "Scale": 16,
        "Label": clean(label),
    }
    payload = {"lat": latitude, "lon": longitude, "label": label}
    return _send(platform, fan, Parcel("text", f"[位置] {label}", payload, "location", payload), fields)


def tap_menu(platform: "Platform", fan: Fan, key: str) -> Done:
    """Tap the menu button with this key, or with this address for one that opens a page."""
    _must_follow(fan)
    found = platform.menus.button(fan, key)
    if found is None:
        raise NotPossible(f"菜单里没有 {key} 这个按钮")
    button, menu_id = found
    event = _menu_event(button, menu_id)
    if event["Event"] in PAID_TAPS:
        windows.open_window(fan, "menu", platform.limits, platform.clock.now())
    parcel = Parcel("event", f"点击菜单“{button['name']}”", {"key": key}, "event", event)
    line = platform.phones.show(fan, parcel, sender="person", via="menu")
    return line, platform.push_event(fan.openid, event, heard=True)


def pay(platform: "Platform", fan: Fan) -> Message:
    """A payment opens an unlimited allowance; the Official Account side pushes nothing about it."""
    windows.open_window(fan, "payment", platform.limits, platform.clock.now())
    return platform.phones.show(fan, system_line("支付成功"), sender="person", via="menu")


def raw(platform: "Platform", fan: Fan, fields: Mapping[str, Any]) -> Done:
    """Any message or event of the contract by its own fields; what is missing of the common ones is filled in."""
    given = {"MsgType": "event", **fields}
    if given["MsgType"] in ORDINARY_KINDS:
        words = str(given.get("Content") or f"[{given['MsgType']}]")
        return _send(platform, fan, text_parcel(words), given)
    name = str(given.get("Event", ""))
    if name in PAID_TAPS:
        windows.open_window(fan, "menu", platform.limits, platform.clock.now())
    _count_accepts(fan, given.get("SubscribeMsgPopupEvent"))
    _switch_off(fan, given.get("SubscribeMsgChangeEvent"))
    parcel = Parcel("event", f"事件 {name}", {"event": dict(fields)}, "event", dict(fields))
    line = platform.phones.show(fan, parcel, sender="person", via="menu")
    return line, platform.push_event(fan.openid, given, heard=True)


def _send(platform: "Platform", fan: Fan, parcel: Parcel, fields: dict[str, Any], trigger: str = "message") -> Done:
    _must_follow(fan)
    line = platform.phones.show(fan, parcel, sender="person", via="say")
    if fan.blocked:
        # The account does not hear blacklisted people (console's own words: 无法接收该用户发来的消息).
        heard = Outcome(SUCCESS)
        heard.done.set()
        return line, heard
    now = platform.clock.now()
    windows.open_window(fan, trigger, platform.limits, now)
    fan.exchange_at = now
    return line, platform.push_message(fan.openid, fields)


def _must_follow(fan: Fan) -> None:
    if not fan.follows:
        raise NotPossible(f"{fan.name}还没有关注公众号，先点关注")


def _channel(platform: "Platform", scene: Scene) -> Channel:
    channel = platform.channels.of_scene(scene, platform.clock.now())
    if channel is None:
        raise NotPossible(f"没有场景值 {scene} 的二维码，或者它过期了；先用 /cgi-bin/qrcode/create 建一个")
    return channel


def _menu_event(button: Mapping[str, Any], menu_id: int) -> dict[str, Any]:
    kind = button["type"]
    if kind == "click":
        return {"Event": "CLICK", "EventKey": button["key"]}
    if kind == "miniprogram":
        return {"Event": "view_miniprogram", "EventKey": button["pagepath"], "MenuId": menu_id}
    if kind.startswith("scancode"):
        code = {"ScanType": "qrcode", "ScanResult": "ORDER-1"}
        return {"Event": kind, "EventKey": button["key"], "ScanCodeInfo": code}
    if kind.startswith("pic_"):
        pictures = {"Count": 1, "PicList": {"item": {"PicMd5Sum": "0f" * 16}}}
        return {"Event": kind, "EventKey": button["key"], "SendPicsInfo": pictures}
    if kind == "location_select":
        place = {"Location_X": "31.2", "Location_Y": "121.4", "Scale": "15", "Label": "某路1号", "Poiname": ""}
        return {"Event": kind, "EventKey": button["key"], "SendLocationInfo": place}
    return {"Event": "VIEW", "EventKey": button.get("url", button.get("key", "")), "MenuId": menu_id}


def _count_accepts(fan: Fan, popup: object) -> None:
    """Every accept in a subscribe pop-up buys one bizsend."""
    for template_id in _chosen(popup, "accept"):
        fan.accepts[template_id] = fan.accepts.get(template_id, 0) + 1


def _switch_off(fan: Fan, change: object) -> None:
    """Who switches a template off in the account's settings gives up what was bought."""
    for template_id in _chosen(change, "reject"):
        fan.accepts[template_id] = 0


def _chosen(event: object, status: str) -> list[str]:
    listed = event.get("List") if isinstance(event, dict) else None
    entries = [entry for entry in (listed if isinstance(listed, list) else [listed]) if isinstance(entry, dict)]
    return [str(entry.get("TemplateId", "")) for entry in entries if entry.get("SubscribeStatusString") == status]
