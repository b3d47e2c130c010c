"""The group robot (群机器人): whoever has its key speaks in an internal group.

Source: WeCom manual, pages 91770 and 99398. Twenty messages a minute; the key is the only secret.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask
from bot.sandbox.phones import Parcel

from . import parcels
from .calls import NONE, corp_endpoint, inner, text
from .codes import refused

if TYPE_CHECKING:
    from .company import Company

TEXT_BYTES, MARKDOWN_BYTES, IMAGE_BYTES = 2048, 4096, 2 * 1024 * 1024


@dataclass(slots=True)
class Robot:
    """One robot and the group it sits in."""

    key: str
    name: str = "店员群"
    disabled: bool = False
    minute: list[int] = field(default_factory=lambda: [0, 0])
    unread: int = 0
    received: int = 0
    last_text: str | None = None
    last_at: float = 0.0

    @property
    def openid(self) -> str:
        return "robot-" + hashlib.sha256(self.key.encode()).hexdigest()[:12]  # the key itself is a secret


@corp_endpoint("POST", "webhook/send", NONE)
def speak(company: "Company", ask: Ask) -> dict[str, Any]:
    """`Refused` 93000 for a key nobody has, 93004 disabled, 45009 above twenty in a minute."""
    robot = company.robots.get(ask.query.get("key", ""))
    if robot is None:
        raise refused(93000)
    if robot.disabled:
        raise refused(93004)
    minute = int(ask.now // 60)
    if robot.minute[0] != minute:
        robot.minute = [minute, 0]
    robot.minute[1] += 1
    if robot.minute[1] > company.limits["corp_robot_minute"]:
        raise refused(45009)
    company.show(robot, _parcel(company, ask), via="robot", call_id=ask.id)
    return {}


def _parcel(company: "Company", ask: Ask) -> Parcel:
    msgtype = text(ask.body, "msgtype")
    branch = inner(ask.body, msgtype)
    if msgtype == "text":
        content = text(branch, "content", size=TEXT_BYTES)
        return Parcel("text", content, {"content": content}, "text", branch)
    if msgtype in ("markdown", "markdown_v2"):
        content = text(branch, "content", size=MARKDOWN_BYTES)
        return Parcel("markdown", content, {"content": content}, msgtype, branch)
    if msgtype == "image":
        return _image(branch)
    if msgtype == "news":
        return parcels.app_parcel(company, ask.body, ask.now)
    raise refused(40008)


def _image(branch: dict[str, Any]) -> Parcel:
    try:
        content = base64.b64decode(text(branch, "base64"), validate=True)
    except ValueError as error:
        raise refused(40058) from error
    if hashlib.md5(content).hexdigest() != text(branch, "md5").lower() or len(content) > IMAGE_BYTES:
        raise refused(40058)
    return Parcel(
        "image", "[图片]", {"url": f"data:image/png;base64,{branch['base64']}"}, "image", {"md5": branch["md5"]}
    )
