"""Calls to the Official Account platform: messages in any number, and the plain calls of everyday work.

Source of paths and limits: vendor manual (服务号 and 公众号 trees, 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.platforms import answers
from bot.platforms.caller import Call, Caller
from bot.platforms.decisions import Outcome
from bot.platforms.http import Answer
from bot.platforms.official_account import calls, fans, tags
from bot.platforms.official_account.codes import CODES
from bot.platforms.official_account.fans import Fan, FanPage
from bot.platforms.official_account.tags import Tag
from bot.platforms.official_account.tokens import stable_token

PLATFORM_URL = "https://api.weixin.qq.com"
PICTURE_URL = "https://mp.weixin.qq.com"
QR_LONGEST_SECONDS = 2_592_000
SCENE_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class QrCode:
    """A channel code: ``url`` is what the code says, ``picture`` the address of its image (no token in it)."""

    ticket: str
    url: str
    picture: str


class OfficialAccount(Caller):
    """One Official Account's calls."""

    codes = CODES
    source = staticmethod(stable_token)

    def outcome(self, call: Call, answer: Answer, token: str) -> Outcome:
        return answers.plain_success(answer) or super().outcome(call, answer, token)

    # --- messages ---

    custom_message = staticmethod(calls.custom_message)
    template_message = staticmethod(calls.template_message)
    subscribe_notice = staticmethod(calls.subscribe_notice)
    mass_message = staticmethod(calls.mass_message)

    def mass_status(self, msg_id: str) -> str:
        """``SEND_SUCCESS``, ``SENDING``, ``SEND_FAIL`` or ``DELETE``; the platform counts nobody here."""
        return str(self.ask("/cgi-bin/message/mass/get", {"msg_id": msg_id}).get("msg_status") or "")

    # --- people and tags ---

    def fans(self, after: str = "") -> FanPage:
        """Followers after the one named; 500 calls a day."""
        body = self.ask("/cgi-bin/user/get", query=f"&next_openid={quote(after, safe='')}" if after else "")
        with answers.complete():
            return fans.page_of(body, after)

    def every_fan(self) -> Iterator[FanPage]:
        """All pages; ends also where the platform's cursor runs in a circle."""
        seen: set[str] = {""}
        page = self.fans()
        yield page
        while page.next not in seen:
            seen.add(page.next)
            page = self.fans(page.next)
            yield page

    def people(self, person_ids: Sequence[str]) -> list[Fan]:
        """What is known of these people, asked a hundred at a time."""
        found: list[Fan] = []
        for start in range(0, len(person_ids), fans.PEOPLE_A_CALL):
            wanted = [{"openid": person, "lang": "zh_CN"} for person in person_ids[start : start + fans.PEOPLE_A_CALL]]
            body = self.ask("/cgi-bin/user/info/batchget", {"user_list": wanted})
            with answers.complete():
                found += [fans.fan_of(row) for row in body["user_info_list"]]
        return found

    def remark(self, person_id: str, remark: str) -> None:
        """Sets staff's note to a person's name; the platform takes fewer than 30 bytes."""
        self.ask("/cgi-bin/user/info/updateremark", {"openid": person_id, "remark": remark})

    def tags_list(self) -> list[Tag]:
        return tags.listed(self._ask)

    def tags_create(self, name: str) -> int:
        """The id of the tag, which may have been there already."""
        return tags.create(self._ask, name)

    def tag(self, tag_id: int, person_ids: Sequence[str]) -> dict[str, Outcome]:
        """Puts the tag on people, fifty a call; returns those for whom it did not work, with the reason."""
        return tags.change(self._ask, self._rest, tags.TAG, tag_id, person_ids)

    def untag(self, tag_id: int, person_ids: Sequence[str]) -> dict[str, Outcome]:
        """Takes the tag off; else like ``tag``."""
        return tags.change(self._ask, self._rest, tags.UNTAG, tag_id, person_ids)

    # --- channels, media, the account itself ---

    def qr_code(self, scene: str, *, expire_seconds: int | None = None) -> QrCode:
        """A code for ``scene`` (1…64 characters): permanent, or for up to 30 days.

        Permanent ones are limited to 100,000 in all; repeating the call with the same scene costs none of them anew.
        Raises ValueError for a scene or time the platform cannot take.
        """
        if not 1 <= len(scene) <= SCENE_CHARACTERS:
            raise ValueError(f"a scene has 1 to {SCENE_CHARACTERS} characters")
        asked: dict[str, Any] = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
        if expire_seconds is not None:
            if not 1 <= expire_seconds <= QR_LONGEST_SECONDS:
                raise ValueError(f"a temporary code lives 1 to {QR_LONGEST_SECONDS} seconds")
            asked |= {"action_name": "QR_STR_SCENE", "expire_seconds": expire_seconds}
        body = self.ask("/cgi-bin/qrcode/create", asked)
        host = PICTURE_URL if self.account.api_base_url == PLATFORM_URL else self.account.api_base_url
        with answers.complete():
            ticket = str(body["ticket"])
        picture = f"{host}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"
        return QrCode(ticket, str(body.get("url") or ""), picture)

    def menu(self) -> dict[str, Any]:
        """The menu as customers see it, in the platform's own form; made in the console or through the interface."""
        return self.ask("/cgi-bin/get_current_selfmenu_info")

    def menu_create(self, buttons: Sequence[dict[str, Any]]) -> None:
        self.ask("/cgi-bin/menu/create", {"button": list(buttons)})

    def menu_delete(self) -> None:
        """Takes the menu away, and every conditional menu with it."""
        self.ask("/cgi-bin/menu/delete")

    def menu_add_conditional(self, buttons: Sequence[dict[str, Any]], tag_id: int) -> str:
        """Adds a conditional menu (个性化菜单) for who was given this tag last; returns its id. Needs a default menu."""
        body = self.ask("/cgi-bin/menu/addconditional", {"button": list(buttons), "matchrule": {"tag_id": str(tag_id)}})
        with answers.complete():
            return str(body["menuid"])

    def menu_delete_conditional(self, menu_id: str) -> None:
        self.ask("/cgi-bin/menu/delconditional", {"menuid": menu_id})

    def menu_match(self, person_id: str) -> list[dict[str, Any]]:
        """The buttons a follower sees."""
        body = self.ask("/cgi-bin/menu/trymatch", {"user_id": person_id})
        menu = body.get("menu") or body  # older copies of the manual put the buttons one level deeper
        return list(menu.get("button") or ())

    def templates(self) -> list[dict[str, Any]]:
        """The account's message templates: ``template_id``, ``title``, ``content`` …"""
        return list(self.ask("/cgi-bin/template/get_all_private_template").get("template_list") or ())

    def notice_templates(self) -> list[dict[str, Any]]:
        """The account's templates of subscribe notices: ``priTmplId``, ``title``, ``content`` …"""
        return list(self.ask("/wxaapi/newtmpl/gettemplate").get("data") or ())

    def callback_addresses(self) -> list[str]:
        """Where callbacks come from; changes, so ask daily."""
        return list(self.ask("/cgi-bin/getcallbackip").get("ip_list") or ())

    def api_addresses(self) -> list[str]:
        return list(self.ask("/cgi-bin/get_api_domain_ip").get("ip_list") or ())

    def quota(self, path: str) -> dict[str, Any]:
        """Today's use of one interface: ``{"daily_limit", "used", "remain"}``."""
        return dict(self.ask("/cgi-bin/openapi/quota/get", {"cgi_path": path}).get("quota") or {})
