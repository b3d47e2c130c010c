"""The menu below the chat: the default one, the conditional ones (个性化菜单), and who sees which.

Source: vendor manual, Creating_Custom-Defined_Menu and Personalized_menu_interface.
"""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .calls import Ask, endpoint
from .errors import Refused
from .fans import Fan
from .limits import Limits

if TYPE_CHECKING:
    from .platform import Platform

Button = dict[str, Any]
CLICK_KINDS = (
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
NEEDS = dict.fromkeys(CLICK_KINDS, ("key",)) | {
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "media_id": ("media_id",),
    "view_limited": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}
PRIVATE_RULES = ("sex", "country", "province", "city", "language")


class Menus:
    """The account's menus. The caller holds the platform's lock."""

    def __init__(self) -> None:
        self.default: dict[str, Any] | None = None
        self._default_id = 0
        self._next_id = 500_000_001
        self._conditional: list[dict[str, Any]] = []  # newest first

    def create(self, buttons: list[Button]) -> None:
        self.default = {"button": buttons}
        self._default_id = self._number()

    def delete(self) -> None:
        """Takes every conditional menu along."""
        self.default, self._conditional = None, []

    def add_conditional(self, buttons: list[Button], rule: dict[str, str], most_domains: float) -> int:
        everything = [*buttons, *(button for menu in self._conditional for button in menu["button"])]
        domains = {urlsplit(str(button["url"])).hostname for button in flat(everything) if button.get("url")}
        if len(domains) > most_domains:
            raise Refused(65316)
        menu_id = self._number()
        self._conditional.insert(0, {"button": buttons, "matchrule": rule, "menuid": menu_id})
        return menu_id

    def delete_conditional(self, menu_id: int) -> None:
        kept = [menu for menu in self._conditional if menu["menuid"] != menu_id]
        if len(kept) == len(self._conditional):
            raise Refused(65301)
        self._conditional = kept

    def seen_by(self, fan: Fan) -> dict[str, Any]:
        """The newest matching menu; a fan with several tags matches by the tag given last."""
        last_tag = str(fan.tags[-1]) if fan.tags else None
        for menu in self._conditional:
            rule = menu["matchrule"]
            client = rule.get("client_platform_type", str(fan.client))
            if rule.get("tag_id", last_tag) == last_tag and client == str(fan.client):
                return menu
        return self.default or {"button": []}

    def own_of(self, fan: Fan) -> dict[str, Any] | None:
        """The conditional menu the fan sees, None for who sees the default one."""
        shown = self.seen_by(fan)
        return shown if "matchrule" in shown else None

    def everything(self) -> dict[str, Any]:
        if self.default is None:
            raise Refused(46003)
        answer: dict[str, Any] = {"menu": {"button": self.default["button"]}}
        if self._conditional:
            answer["menu"]["menuid"] = self._default_id
            answer["conditionalmenu"] = self._conditional
        return answer

    def button(self, fan: Fan, key: str) -> tuple[Button, int] | None:
        """The button with this key (or address) in what the fan sees, and the id of its menu."""
        menu = self.seen_by(fan)
        found = next((button for button in flat(menu["button"]) if key in (button.get("key"), button.get("url"))), None)
        return None if found is None else (found, int(str(menu.get("menuid", self._default_id))))

    def uses_media(self, media_id: str) -> bool:
        shown = [self.default or {"button": []}, *self._conditional]
        return any(button.get("media_id") == media_id for menu in shown for button in flat(menu["button"]))

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def dump(self) -> dict[str, Any]:
        ids = {"default_id": self._default_id, "next_id": self._next_id}
        return ids | {"default": self.default, "conditional": self._conditional}

    def load(self, saved: dict[str, Any]) -> None:
        self.default, self._conditional = saved["default"], saved["conditional"]
        self._default_id, self._next_id = saved["default_id"], saved["next_id"]


def flat(buttons: list[Button]) -> list[Button]:
    """Buttons and sub-buttons in one list."""
    return [inner for button in buttons for inner in (button.get("sub_button") or [button])]


def checked_buttons(ask: Ask, limits: Limits) -> list[Button]:
    """The buttons of a menu call; `Refused` 40033 for \\u escapes, 40016…40027 for counts, names, types and keys."""
    if re.search(rb"\\u[0-9a-fA-F]{4}", ask.raw):
        raise Refused(40033)
    buttons = ask.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= limits["menu_top"]:
        raise Refused(40016)
    for button in buttons:
        if not isinstance(button, dict):
            raise Refused(40035)
        inner = button.get("sub_button") or []
        if not inner:
            _check_button(button, limits["menu_top_name_bytes"], name_code=40018, codes=(40017, 40019, 40020))
            continue
        _check_name(button, limits["menu_top_name_bytes"], 40018)
        if not isinstance(inner, list) or len(inner) > limits["menu_sub"]:
            raise Refused(40023)
        for sub in inner:
            if not isinstance(sub, dict) or sub.get("sub_button"):
                raise Refused(40022)
            _check_button(sub, limits["menu_sub_name_bytes"], name_code=40025, codes=(40024, 40026, 40027))
    return [_tidy(button) for button in buttons]


def _check_name(button: Button, most: float, code: int) -> None:
    name = button.get("name")
    if not isinstance(name, str) or not name or len(name.encode()) > most:
        raise Refused(code)


def _check_button(button: Button, most: float, *, name_code: int, codes: tuple[int, int, int]) -> None:
    type_code, key_code, url_code = codes
    _check_name(button, most, name_code)
    needed = NEEDS.get(str(button.get("type")))
    if needed is None:
        raise Refused(type_code)
    for name in needed:
        value = button.get(name)
        size = len(value.encode()) if isinstance(value, str) else 0
        if not 1 <= size <= (1024 if name == "url" else 128):
            raise Refused(url_code if name == "url" else key_code)


def _tidy(button: Button) -> Button:
    if not button.get("sub_button"):
        return {**{name: value for name, value in button.items() if name != "sub_button"}, "sub_button": []}
    inner = [{**sub, "sub_button": []} for sub in button["sub_button"]]
    return {"name": button["name"], "sub_button": inner}


@endpoint("POST", "/cgi-bin/menu/create", day=1000)
def create_menu(platform: "Platform", ask: Ask) -> dict[str, Any]:
    platform.menus.create(checked_buttons(ask, platform.limits))
    platform.stream.tell("menu")
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("GET", "/cgi-bin/menu/get", day=10_000)
def show_menu(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    return platform.menus.everything()


@endpoint("GET", "/cgi-bin/menu/delete", day=1000)
def delete_menu(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    platform.menus.delete()
    platform.stream.tell("menu")
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("GET", "/cgi-bin/get_current_selfmenu_info", day=10_000)
def show_current_menu(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    """The menu as configured by API or console; sub-buttons stand in a `list` of their own here."""
    if platform.menus.default is None:
        return {"is_menu_open": 0}
    buttons = []
    for button in platform.menus.default["button"]:
        inner = button.get("sub_button") or []
        shown = {name: value for name, value in button.items() if name != "sub_button"}
        plain = [{name: value for name, value in sub.items() if name != "sub_button"} for sub in inner]
        buttons.append(shown | ({"sub_button": {"list": plain}} if plain else {}))
    return {"is_menu_open": 1, "selfmenu_info": {"button": buttons}}


@endpoint("POST", "/cgi-bin/menu/addconditional", day=2000)
def add_conditional_menu(platform: "Platform", ask: Ask) -> dict[str, Any]:
    buttons = checked_buttons(ask, platform.limits)
    rule = ask.body.get("matchrule")
    if not isinstance(rule, dict):
        raise Refused(65304)
    if any(rule.get(name) for name in PRIVATE_RULES):
        raise Refused(65320)
    kept = {name: str(rule[name]) for name in ("tag_id", "client_platform_type") if rule.get(name) not in (None, "")}
    if not kept:
        raise Refused(65304)
    if "tag_id" in kept:
        platform.tags.find(int(kept["tag_id"]) if kept["tag_id"].isdigit() else -1)
    if platform.menus.default is None:
        raise Refused(65303)
    menu_id = platform.menus.add_conditional(buttons, kept, platform.limits["menu_domains"])
    platform.stream.tell("menu")
    return {"menuid": str(menu_id)}


@endpoint("POST", "/cgi-bin/menu/delconditional", day=2000)
def delete_conditional_menu(platform: "Platform", ask: Ask) -> dict[str, Any]:
    platform.menus.delete_conditional(ask.number("menuid", 65301))
    platform.stream.tell("menu")
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/menu/trymatch", day=20_000)
def try_conditional_menu(platform: "Platform", ask: Ask) -> dict[str, Any]:
    wanted = ask.text("user_id", 40035)
    fan = platform.fans.find(wanted) or next((fan for fan in platform.fans if fan.name == wanted), None)
    if fan is None or not fan.follows:
        raise Refused(46004)
    return {"button": platform.menus.seen_by(fan)["button"]}
