"""The calls that put a message on somebody's phone, or ask a member to send one, as requests ready to go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bot.platforms.caller import Call
from bot.platforms.envelope import shorten

MESSAGE = "/cgi-bin/message/send"
CARD_UPDATE = "/cgi-bin/message/update_template_card"
WELCOME = "/cgi-bin/externalcontact/send_welcome_msg"
GROUP_TASK = "/cgi-bin/externalcontact/add_msg_template"

# To members (manual, pages 90236 and 94888); longer texts the platform cuts without a word.
TEXT_BYTES = 2048
BUTTONS_MOST = 6
CARD_PEOPLE_MOST = 1000
# The same request is delivered once within an interval, half an hour unless it names another (manual, page 90236).
REPEAT_SECONDS = 1800
# To customers (manual, pages 92135 and 92137).
CUSTOMER_TEXT_BYTES = 4000
ATTACHMENTS_MOST = 9
TASK_PEOPLE_MOST, TASK_CHATS_MOST = 10_000, 2_000
_TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")

Content = Mapping[str, Any]


def custom_message(agent_id: int, person_id: str, content: Content, key: str = "") -> Call:
    """A message of the app to a member.

    ``content`` as on an Official Account (``text``, ``image``, ``voice``, ``news``; a ``menu`` becomes its text), also
    ``{"type": "video" | "file", "media_id"}``, ``{"type": "markdown", "text"}``,
    ``{"type": "textcard", "title", "text", "url"}`` and ``{"type": "card", "title", "text", "task_id", "buttons":
    [{"text", "key"}]}`` (1 to 6 buttons; ``task_id`` is used once). With ``key`` the platform delivers repeats of the
    same call within half an hour once; not so cards, whose task_id it refuses the second time. Raises ValueError for
    what cannot go out.
    """
    body = {"touser": person_id, "agentid": agent_id, **_message(content)}
    if key and content["type"] != "card":
        # It tells a repeat by the request as a whole. Another message of the same words must not look like one, so the
        # interval, which is part of the request, comes from the key.
        spread = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % REPEAT_SECONDS
        body |= {"enable_duplicate_check": 1, "duplicate_check_interval": REPEAT_SECONDS + spread}
    return Call(MESSAGE, orjson.dumps(body), keyed="enable_duplicate_check" in body)


def _message(content: Content) -> dict[str, Any]:
    match content["type"]:
        case "text" | "menu":
            return {"msgtype": "text", "text": {"content": shorten(content["text"], TEXT_BYTES)}}
        case "markdown":
            return {"msgtype": "markdown", "markdown": {"content": shorten(content["text"], TEXT_BYTES)}}
        case "image" | "voice" | "video" | "file" as kind:
            return {"msgtype": kind, kind: {"media_id": content["media_id"]}}
        case "news":
            article = {name: content.get(name, "") for name in ("title", "description", "url", "picurl")}
            return {"msgtype": "news", "news": {"articles": [article]}}
        case "textcard":
            card = {"title": content["title"], "description": content["text"], "url": content["url"]}
            return {"msgtype": "textcard", "textcard": card}
        case "card":
            return {"msgtype": "template_card", "template_card": _card(content)}
        case other:
            raise ValueError(f"a message to a member cannot be {other}")


def _card(content: Content) -> dict[str, Any]:
    buttons = [{"text": button["text"], "key": button["key"]} for button in content["buttons"]]
    if not 1 <= len(buttons) <= BUTTONS_MOST:
        raise ValueError(f"a card has 1 to {BUTTONS_MOST} buttons, not {len(buttons)}")
    if not _TASK_ID.fullmatch(content["task_id"]):
        raise ValueError("a card's task_id has 1 to 128 letters, digits, _, - and @")
    return {
        "card_type": "button_interaction",
        "main_title": {"title": content["title"]},
        "sub_title_text": content["text"],
        "task_id": content["task_id"],
        "button_list": buttons,
    }


def update_card(agent_id: int, person_ids: Sequence[str], response_code: str, replaced: str) -> Call:
    """Puts ``replaced`` in the place of a card's buttons, for these members.

    ``response_code`` comes with the tap; it works once, for 72 hours (manual, page 94888).
    """
    if not 1 <= len(person_ids) <= CARD_PEOPLE_MOST:
        raise ValueError(f"a card is changed for 1 to {CARD_PEOPLE_MOST} members, not {len(person_ids)}")
    button = {"replace_name": replaced}
    body = {"userids": list(person_ids), "agentid": agent_id, "response_code": response_code, "button": button}
    return Call(CARD_UPDATE, orjson.dumps(body))


def welcome_message(code: str, content: Content) -> Call:
    """The one welcome for a new contact; ``code`` is the event's WelcomeCode and lives for 20 seconds.

    ``content``: see `to_customers`.
    """
    return Call(WELCOME, orjson.dumps({"welcome_code": code, **to_customers(content)}))


def group_task(*, sender: str, person_ids: Sequence[str], chat_ids: Sequence[str], content: Content) -> Call:
    """A task for ``sender`` to send ``content`` to these contacts, or to these group chats; he must confirm it.

    ``content``: see `to_customers`. The platform knows no key: after a lost answer the tasks are listed and compared.
    Raises ValueError for both or neither, or too many.
    """
    if bool(person_ids) == bool(chat_ids):
        raise ValueError("a task goes either to contacts or to group chats")
    if len(person_ids) > TASK_PEOPLE_MOST or len(chat_ids) > TASK_CHATS_MOST:
        raise ValueError(f"a task goes to up to {TASK_PEOPLE_MOST} contacts or {TASK_CHATS_MOST} group chats")
    body: dict[str, Any] = {"chat_type": "group" if chat_ids else "single", "sender": sender}
    body |= {"chat_id_list": list(chat_ids)} if chat_ids else {"external_userid": list(person_ids)}
    return Call(GROUP_TASK, orjson.dumps(body | to_customers(content)))


def to_customers(content: Content) -> dict[str, Any]:
    """Text and attachments for customers, in the platform's form.

    ``content``: ``text`` or ``menu`` (its text), ``image`` (``media_id``, or ``picurl``), ``news`` (a link), ``video``,
    ``file``, ``{"type": "miniprogram", "title", "media_id", "app_id", "page"}``; beside a text ``attachments`` lists up
    to nine of the others. Raises ValueError for anything else, and for more.
    """
    is_text = content["type"] in ("text", "menu")
    attached = [*([] if is_text else [content]), *content.get("attachments", ())]
    if len(attached) > ATTACHMENTS_MOST:
        raise ValueError(f"a message has up to {ATTACHMENTS_MOST} attachments, not {len(attached)}")
    said: dict[str, Any] = {}
    if is_text and content["text"]:
        said["text"] = {"content": shorten(content["text"], CUSTOMER_TEXT_BYTES)}
    if attached:
        said["attachments"] = [_attachment(one) for one in attached]
    if not said:
        raise ValueError("a message without text or attachment says nothing")
    return said


def _attachment(content: Content) -> dict[str, Any]:
    kind, body = attachment(content)
    return {"msgtype": kind, kind: body}


def attachment(content: Content) -> tuple[str, dict[str, Any]]:
    """An attachment's type and body."""
    match content["type"]:
        case "image":
            return "image", {"media_id": content["media_id"]} if "media_id" in content else {
                "pic_url": content["picurl"]
            }
        case "news":
            link = {"title": shorten(content["title"], 128), "url": content["url"]}
            if content.get("description"):
                link["desc"] = shorten(content["description"], 512)
            if content.get("picurl"):
                link["picurl"] = content["picurl"]
            return "link", link
        case "miniprogram":
            ids = {"pic_media_id": content["media_id"], "appid": content["app_id"], "page": content["page"]}
            return "miniprogram", {"title": shorten(content["title"], 64), **ids}
        case "video" | "file" as kind:
            return kind, {"media_id": content["media_id"]}
        case other:
            raise ValueError(f"a message to customers cannot have {other} attached")
