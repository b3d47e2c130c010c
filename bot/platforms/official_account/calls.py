"""The calls that put a message on somebody's phone, as requests ready to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bot.platforms.caller import Call
from bot.platforms.official_account.allowed import number

CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"
NOTICE = "/cgi-bin/message/subscribe/bizsend"
MASS = "/cgi-bin/message/mass/send"

MASS_FEWEST, MASS_MOST = number("mass_people_least"), number("mass_people_most")
MASS_KEY_BYTES = number("mass_key_bytes")

Content = Mapping[str, Any]


def custom_message(person_id: str, content: Content, *, key: str = "") -> Call:  # noqa: ARG001  (as on every platform)
    """A customer message (客服消息), inside the window a person's own action has opened.

    ``content``: ``{"type": "text", "text"}``, ``{"type": "image", "media_id"}``, ``{"type": "voice", "media_id"}``,
    ``{"type": "news", "title", "description", "url", "picurl"}`` (one article) or
    ``{"type": "menu", "head", "items": [{"id", "content"}], "tail"}``. ``key``: what makes the message the same one when
    it is repeated; of no use here, for this platform knows no key. Raises ValueError for another type.
    """
    match content["type"]:
        case "text":
            message: dict[str, Any] = {"msgtype": "text", "text": {"content": content["text"]}}
        case "image" | "voice" as kind:
            message = {"msgtype": kind, kind: {"media_id": content["media_id"]}}
        case "news":
            article = {name: content.get(name, "") for name in ("title", "description", "url", "picurl")}
            message = {"msgtype": "news", "news": {"articles": [article]}}
        case "menu":
            items = [{"id": str(item["id"]), "content": item["content"]} for item in content["items"]]
            menu = {"head_content": content.get("head", ""), "list": items, "tail_content": content.get("tail", "")}
            message = {"msgtype": "msgmenu", "msgmenu": menu}
        case other:
            raise ValueError(f"a custom message cannot be {other}; use text, image, voice, news or menu")
    return Call(CUSTOM, orjson.dumps({"touser": person_id, **message}))


def template_message(
    person_id: str, template_id: str, values: Mapping[str, str], *, url: str = "", client_msg_id: str = ""
) -> Call:
    """A template message (模板消息). ``values``: the template's keys and their texts."""
    message: dict[str, Any] = {
        "touser": person_id,
        "template_id": template_id,
        "data": {key: {"value": value} for key, value in values.items()},
    }
    if url:
        message["url"] = url
    if client_msg_id:
        message["client_msg_id"] = client_msg_id
    return Call(TEMPLATE, orjson.dumps(message), keyed=bool(client_msg_id))


def subscribe_notice(person_id: str, template_id: str, values: Mapping[str, str]) -> Call:
    """A subscribe notice (订阅通知), one for each time the person said yes to its template; it carries no key."""
    data = {key: {"value": value} for key, value in values.items()}
    return Call(NOTICE, orjson.dumps({"touser": person_id, "template_id": template_id, "data": data}))


def mass_message(person_ids: Sequence[str], content: Content, client_msg_id: str) -> Call:
    """One mass message (群发) of a service account to 2…10,000 people; ``content`` is text, image or mpnews (a draft).

    ``client_msg_id``: at most 32 bytes; the platform keeps it for 24 hours. Raises ValueError where the platform is
    sure to refuse.
    """
    if not MASS_FEWEST <= len(person_ids) <= MASS_MOST:
        raise ValueError(f"a mass message goes to {MASS_FEWEST} to {MASS_MOST} people, not {len(person_ids)}")
    if not 0 < len(client_msg_id.encode()) <= MASS_KEY_BYTES:
        raise ValueError(f"a mass message needs a key of 1 to {MASS_KEY_BYTES} bytes")
    match content["type"]:
        case "text":
            message: dict[str, Any] = {"msgtype": "text", "text": {"content": content["text"]}}
        case "image":
            message = {"msgtype": "image", "images": {"media_ids": [content["media_id"]]}}
        case "mpnews":
            message = {"msgtype": "mpnews", "mpnews": {"media_id": content["media_id"]}, "send_ignore_reprint": 0}
        case other:
            raise ValueError(f"a mass message cannot be {other}; use text, image or mpnews")
    body = {"touser": list(person_ids), **message, "clientmsgid": client_msg_id}
    return Call(MASS, orjson.dumps(body), keyed=True)
