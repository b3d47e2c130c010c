"""The group robot (群机器人): a word to the staff's group chat, by an address whose key is all the proof there is.

Source: vendor manual, page 91770. At most 20 messages a minute; the platform knows no key for repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from bot.platforms import answers
from bot.platforms.decisions import Outcome
from bot.platforms.envelope import shorten
from bot.platforms.http import HttpEngine, Request
from bot.platforms.wecom.codes import CODES

TEXT_BYTES, MARKDOWN_BYTES = 2048, 4096


def robot_message(url: str, content: Mapping[str, Any]) -> Request:
    """The request that says something in the robot's group.

    ``url``: the robot's whole address. ``content``: ``{"type": "text", "text"}`` or ``{"type": "markdown", "text"}``, cut
    where it is too long; a text may name members to call, ``"mentioned": ["lihua", "@all"]``. Raises ValueError for
    another type.
    """
    match content["type"]:
        case "text":
            said: dict[str, Any] = {"content": shorten(content["text"], TEXT_BYTES)}
            if content.get("mentioned"):
                said["mentioned_list"] = list(content["mentioned"])
        case "markdown":
            said = {"content": shorten(content["text"], MARKDOWN_BYTES)}
        case other:
            raise ValueError(f"a robot's message cannot be {other}; use text or markdown")
    key = tuple(value for _, value in parse_qsl(urlsplit(url).query))
    body = orjson.dumps({"msgtype": content["type"], content["type"]: said})
    return Request("POST", url, body, secrets=key)


def tell_group(http: HttpEngine, url: str, content: Mapping[str, Any], now: datetime) -> Outcome:
    """Says it and returns what became of it: CHANNEL with ``retry_after`` where the minute's messages are used up."""
    request = robot_message(url, content)
    return answers.outcome(http.call(request), CODES, keyed=False, now=now, secrets=request.secrets)
