"""The menu customers see below the chat: ours, the one that stood before it, and which of the two is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.customers import followers
from bot.domain.customers.models import AccountStart
from bot.errors import Refusal
from bot.language.normalise import stored
from bot.store.transaction import Tx

Button = dict[str, Any]
OURS, BEFORE, PUT_BACK = "ours", "before", "put back"

# A tap sends its key back to us, and is read like the typed word.
BUTTONS: list[Button] = [
    {"type": "click", "name": "活动", "key": "活动"},
    {"type": "click", "name": "我的", "key": "我的"},
    {
        "name": "找我们",
        "sub_button": [
            {"type": "click", "name": "人工", "key": "人工"},
            {"type": "click", "name": "投诉", "key": "投诉"},
            {"type": "click", "name": "建议", "key": "建议"},
            {"type": "click", "name": "退订", "key": "退订"},
        ],
    },
]
# What staff see instead: their words, a thumb away.
STAFF_BUTTONS: list[Button] = [{"type": "click", "name": word, "key": word} for word in ("今日", "待回", "帮助")]
STAFF_TAG = "熟客店员"
# What a button must carry to be made through the interface (vendor manual, Creating_Custom-Defined_Menu).
_CARRIES = {
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "media_id": ("media_id",),
    "view_limited": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}
# Buttons made in the console hold their material as a value (vendor manual, get_current_selfmenu_info).
_MATERIAL = ("img", "photo", "video", "voice", "news")


# -- what a platform tells, in a form it takes again; no I/O -----------------------------------------------------------


def kept(told: Mapping[str, Any]) -> list[Button]:
    """The buttons of ``get_current_selfmenu_info`` as ``menu/create`` takes them; empty for no menu.

    ``is_menu_open`` 0 or no buttons = none. A console button that answers with a text cannot be made through the
    interface: it becomes a tap that is its own name, which ``自动回复`` may answer.
    """
    menu = told.get("selfmenu_info")
    if str(told.get("is_menu_open", "0")) != "1" or not isinstance(menu, dict):
        return []
    return [one for button in menu.get("button") or [] if (one := _button(button)) is not None]


def _button(told: Mapping[str, Any]) -> Button | None:
    name, kind = str(told.get("name") or ""), str(told.get("type") or "")
    inner = told.get("sub_button")
    inner = inner.get("list") if isinstance(inner, dict) else inner
    if inner:
        below = [one for button in inner if (one := _button(button)) is not None]
        return {"name": name, "sub_button": below} if below else None
    if kind in _MATERIAL:
        return {"type": "media_id", "name": name, "media_id": str(told.get("value") or "")}
    if kind in _CARRIES:
        return {"type": kind, "name": name, **{field: told.get(field, "") for field in _CARRIES[kind]}}
    return {"type": kind if kind not in ("", "text") else "click", "name": name, "key": str(told.get("key") or name)}


def lines(buttons: Sequence[Button]) -> str:
    """A menu for people to read, a line for each button at the bottom."""
    rows = []
    for button in buttons:
        below = "、".join(stored(str(sub["name"]), 20) for sub in button.get("sub_button") or [])
        rows.append(f"· {stored(str(button['name']), 20)}{f'：{below}' if below else ''}")
    return "\n".join(rows)


# -- what is kept of an account's menu ---------------------------------------------------------------------------------


def of(tx: Tx, account: str) -> AccountStart | None:
    """None, or without ``menu_stands``, before the account's menu was looked at."""
    return tx.session.get(AccountStart, account)


def found(tx: Tx, account: str, buttons: list[Button]) -> None:
    """What stood when the account was first looked at; with nothing there, ours has been put up."""
    start = followers.start_of(tx, account)
    start.menu_at = start.menu_at or tx.now
    start.menu_before = buttons if buttons and buttons != BUTTONS else None
    start.menu_stands = OURS if start.menu_before is None else BEFORE


def want(tx: Tx, account: str, whose: str) -> None:
    """Asks a worker to put up ours or the one from before. Raises Refusal where there is nothing to do."""
    start = of(tx, account)
    if start is None or start.menu_stands is None:
        raise Refusal("还没看到公众号的菜单。请过一分钟再试；一直这样，请发“通知”看账号有没有问题。")
    if whose == BEFORE and start.menu_before is None:
        raise Refusal("接通之前公众号没有菜单，现在的就是熟客的，没有可以恢复的。")
    if (start.menu_stands == OURS) == (whose == OURS) and start.menu_wanted is None:
        raise Refusal("现在就是这个菜单，不用换。发送“菜单”看。")
    start.menu_wanted = whose


def stands(tx: Tx, account: str, whose: str, *, asked_for: bool) -> None:
    """It was put up at the platform; ``asked_for``: by staff, who may have asked for the other one meanwhile."""
    start = followers.start_of(tx, account)
    start.menu_stands = whose
    if asked_for and (start.menu_wanted == OURS) == (whose == OURS):
        start.menu_wanted = None


def staff_stands(tx: Tx, account: str, menu_id: str | None, tagged: Sequence[str]) -> None:
    """What the platform has of the staff's own menu: its id, and who wears the tag it goes by."""
    start = followers.start_of(tx, account)
    start.staff_menu, start.staff_tagged = menu_id, list(tagged)


def give_up(tx: Tx, account: str) -> None:
    """The platform takes what was wanted for no menu."""
    followers.start_of(tx, account).menu_wanted = None
