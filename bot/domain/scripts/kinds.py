"""What a script can be besides a text: a picture, an article link, a menu to tap; and how each is written down.

A link is four lines (标题, 描述, 链接, 图片), a menu numbered lines between a head and a tail, a picture the name of the
file that was kept of it. Rendered for one person, any of them is one string, ``said``: a text as it stands, the others
a NUL and their payload. No text holds a NUL, so neither can be taken for the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from bot.domain.scripts.rules import ScriptError, Template, check_template, compile_template
from bot.domain.scripts.spelling import as_typed, spelled_out

Kind = Literal["text", "image", "news", "menu"]
KIND_WORDS: Mapping[str, str] = {"text": "文字", "image": "图片", "news": "链接", "menu": "菜单"}
Context = Mapping[str, Mapping[str, str]]

HOW: Mapping[str, str] = {
    "news": "一行一样：\n标题：新款到店\n描述：三件连衣裙\n链接：https://…\n图片：https://…（可以不写）",
    "menu": "像这样：\n这周想看哪样？\n1. 连衣裙\n2. 外套\n点一下就行",
    "image": "请把图片发过来。",
}
MENU_MOST = 10
ITEM_MOST = 30  # characters: one line of a phone
TITLE_MOST, DESCRIPTION_MOST = 64, 120
_FIELDS = {"标题": "title", "描述": "description", "链接": "url", "图片": "picurl"}
_WORDS = {field: word for word, field in _FIELDS.items()}
_LINE = re.compile(r"(标题|描述|链接|图片)\s*[：:]\s*(.*)")
_ITEM = re.compile(r"\s*(?:\d{1,2}\s*[.、．)）:：]|[-·•])\s*(.+)")
_FILE = re.compile(r"[0-9a-f]{32}")
_MARK = "\0"


def written(kind: str, text: str) -> str:
    """The script as it is kept, tidied. Raises ScriptError naming the line that is not right."""
    text = spelled_out(text)
    if kind == "text":
        check_template(text)
        return text
    if kind == "image":
        if not _FILE.fullmatch(text):
            raise ScriptError("图片话术要一张图片：把图片发过来就行，没有存。")
        return text
    fields = _link(text) if kind == "news" else _menu(text)
    for part in _templates(kind, fields):
        check_template(part)
    if kind == "menu":
        lines = [*fields["head"], *(f"{at}. {item}" for at, item in enumerate(fields["items"], 1)), *fields["tail"]]
        return "\n".join(lines)
    return "\n".join(f"{_WORDS[name]}：{value}" for name, value in fields.items() if value)


def words(kind: str, text: str) -> str:
    """The words of a script that the rules for outgoing texts look at."""
    if kind == "image":
        return ""
    if kind == "news":
        fields = _link(text)
        return f"{fields['title']}\n{fields['description']}"
    return text


def shown(kind: str, text: str) -> str:
    """A script as staff read it."""
    return "[图片]" if kind == "image" else as_typed(text)


def payload_of(said: str) -> dict[str, Any]:
    """What delivery is given; ``text`` holds the words in every kind, to be copied by hand."""
    return orjson.loads(said[1:]) if said.startswith(_MARK) else {"type": "text", "text": said}


def words_of(said: str) -> str:
    return str(payload_of(said)["text"])


def type_of(said: str) -> str:
    return str(payload_of(said)["type"]) if said.startswith(_MARK) else "text"


@dataclass(frozen=True, slots=True)
class Card:
    """A script of another kind than text, ready to render like a `Template`."""

    kind: str
    variables: frozenset[str]
    parts: Mapping[str, tuple[str | Template, ...]]

    def render(self, context: Context) -> str:
        """``said`` for one person. Raises RenderError like `Template.render`."""
        said = {
            name: [part if isinstance(part, str) else part.render(context) for part in parts]
            for name, parts in self.parts.items()
        }
        if self.kind == "image":
            return _packed({"type": "image", "file": said["file"][0], "text": "[图片]"})
        if self.kind == "news":
            news = {name: value for name, (value,) in said.items()}
            told = "\n".join(news[name] for name in ("title", "description", "url") if news[name])
            return _packed({"type": "news", **news, "text": told})
        head, items, tail = "\n".join(said["head"]), said["items"], "\n".join(said["tail"])
        listed = [{"id": str(at), "content": item} for at, item in enumerate(items, 1)]
        numbered = [f"{at}. {item}" for at, item in enumerate(items, 1)]
        told = "\n".join(line for line in (head, *numbered, tail) if line)
        return _packed({"type": "menu", "head": head, "items": listed, "tail": tail, "text": told})


def _packed(payload: Mapping[str, Any]) -> str:
    return _MARK + orjson.dumps(payload).decode()


@lru_cache(maxsize=512)
def compile_script(kind: str, text: str) -> Template | Card:
    """The script, checked and compiled. Raises ScriptError."""
    if kind == "text":
        return compile_template(text)
    if kind == "image":
        return Card("image", frozenset(), {"file": (text,)})
    fields = _link(text) if kind == "news" else _menu(text)
    used = frozenset().union(*(check_template(part) for part in _templates(kind, fields)))
    fixed = ("url", "picurl")
    parts = {
        name: tuple(
            line if name in fixed or not line else compile_template(line)
            for line in ([value] if isinstance(value, str) else value)
        )
        for name, value in fields.items()
    }
    return Card(kind, used, parts)


def menu_items(text: str) -> list[str]:
    """The items of a menu script, in order, as written."""
    return _menu(text)["items"]


def _templates(kind: str, fields: Mapping[str, Any]) -> list[str]:
    """The parts in which a customer's name may stand: addresses are the same for all."""
    if kind == "news":
        return [fields[name] for name in ("title", "description") if fields[name]]
    return [line for name in ("head", "items", "tail") for line in fields[name] if line]


def _link(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fields = dict.fromkeys(_WORDS, "")
    order = iter(_WORDS)
    for line in lines:
        named = _LINE.fullmatch(line)
        name = _FIELDS[named[1]] if named else next(order, "")
        if not name or fields[name]:
            raise ScriptError(f"链接没看懂这一行：“{line[:20]}”。{HOW['news']}")
        fields[name] = named[2].strip() if named else line
    for name in ("title", "url"):
        if not fields[name]:
            raise ScriptError(f"链接缺{_WORDS[name]}，没有存。{HOW['news']}")
    for name in ("url", "picurl"):
        if fields[name] and not _is_address(fields[name]):
            raise ScriptError(f"{_WORDS[name]}要写完整的网址（https:// 开头，不能放变量），没有存。{HOW['news']}")
    for name, most in (("title", TITLE_MOST), ("description", DESCRIPTION_MOST)):
        if len(fields[name]) > most:
            raise ScriptError(f"{_WORDS[name]}最多 {most} 个字，现在 {len(fields[name])} 个，没有存。")
    return fields


def _is_address(address: str) -> bool:
    try:
        split = urlsplit(address)
    except ValueError:
        return False
    return split.scheme in ("http", "https") and bool(split.hostname) and not re.search(r"[\s{}]", address)


def _menu(text: str) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {"head": [], "items": [], "tail": []}
    for line in (line.strip() for line in text.splitlines() if line.strip()):
        item = _ITEM.fullmatch(line)
        if item and parts["tail"]:
            raise ScriptError(f"菜单的选项要连在一起写，“{line[:20]}”前面夹了别的话，没有存。{HOW['menu']}")
        if item:
            parts["items"].append(item[1].strip())
        else:
            parts["tail" if parts["items"] else "head"].append(line)
    if not 1 <= len(parts["items"]) <= MENU_MOST:
        raise ScriptError(f"菜单要 1 到 {MENU_MOST} 个选项，现在 {len(parts['items'])} 个，没有存。{HOW['menu']}")
    if not parts["head"]:
        raise ScriptError(f"菜单上面要有一句话，没有存。{HOW['menu']}")
    for item_words in parts["items"]:
        if len(item_words) > ITEM_MOST:
            raise ScriptError(f"选项“{item_words[:12]}…”太长，最多 {ITEM_MOST} 个字，没有存。")
    return parts
