"""Which wording holds now: the merchant's own versions over the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlalchemy import func, select

from bot.domain.merchants import shop_facts
from bot.domain.scripts import kinds
from bot.domain.scripts.checker import refuse_punished
from bot.domain.scripts.library import Script, at, load
from bot.domain.scripts.models import OwnScript, ScriptVersion
from bot.domain.scripts.rules import compile_template
from bot.errors import Refusal
from bot.language.normalise import normalise
from bot.store.transaction import Tx

Context = Mapping[str, Mapping[str, str]]
NAME_LIMIT = 20
_OWN = """
    SELECT script_versions.kind, script_versions.text, script_versions.version FROM scripts
    JOIN script_versions ON script_versions.script_id = scripts.id
    WHERE scripts.name = :name ORDER BY script_versions.version DESC LIMIT 1
"""
FORBIDDEN_IN_NAMES = " /、,,|#【】"


@dataclass(frozen=True, slots=True)
class Wording:
    """A script as it stands: ``version`` counts a merchant's rewordings on from the shelf's own number."""

    name: str
    text: str
    version: int
    own: bool
    kind: str = "text"

    def words(self) -> str:
        """What the rules for outgoing texts look at."""
        return kinds.words(self.kind, self.text)

    def frozen(self, variant: str) -> dict[str, Any]:
        """The script as a broadcast keeps it."""
        kind = {} if self.kind == "text" else {"kind": self.kind}
        return {"variant": variant, "name": self.name, "version": self.version, "text": self.text, **kind}


def find(tx: Tx, name: str) -> Wording:
    """Raises Refusal that offers the nearest names."""
    own = _own(tx, name)
    if own is not None:
        return own
    shelf = load().get(name)
    if shelf is not None:
        return Wording(name, shelf.text, shelf.version, own=False)
    known = {normalise(one).casefold(): one for one in names(tx)}
    plain = normalise(name).casefold()
    # 到店禮A is 到店礼A; 话术看到店礼A glues a word of ours to the name.
    for spelt in (plain, plain.removeprefix("看"), plain.removeprefix("查")):
        if spelt in known and known[spelt] != name:
            return find(tx, known[spelt])
    near = get_close_matches(name, names(tx), n=3, cutoff=0.3)
    offer = f"您是不是要：{'、'.join(near)}？" if near else ""
    raise Refusal(f"没有叫“{name}”的话术。{offer}发送“话术”看全部。")


def _own(tx: Tx, name: str) -> Wording | None:
    rows = tx.once(("own script", name), lambda: tx.direct(_OWN, {"name": name}))
    if not rows:
        return None
    kind, text, version = rows[0]
    return Wording(name, text, version, own=True, kind=kind)


def names(tx: Tx) -> list[str]:
    return list(dict.fromkeys([*own_names(tx), *(script.name for script in load())]))


def own_names(tx: Tx) -> list[str]:
    return list(tx.session.scalars(select(OwnScript.name).order_by(OwnScript.name)))


def shelf() -> list[Script]:
    return list(load())


def advertises(name: str) -> bool:
    """Whether what goes out under this name counts as marketing; so does everything the shelf does not know."""
    script = load().get(name)
    return script is None or script.purpose == "marketing"


def refuse_name(tx: Tx, name: str, *, new: bool) -> None:
    """Raises Refusal for a name that cannot be, that a new script may not take, or that nothing has."""
    if len(name) > NAME_LIMIT or any(letter in name for letter in FORBIDDEN_IN_NAMES):
        raise Refusal(f"话术名最多 {NAME_LIMIT} 个字，不能有空格和 / 、 , #。")
    known = name in names(tx)
    if new and known:
        raise Refusal(f"已经有“{name}”了。要改内容，发送“话术 改 {name}”。")
    if not new and not known:
        find(tx, name)


def write(tx: Tx, name: str, text: str, *, staff_id: int, new: bool, today: date, kind: str = "text") -> Wording:
    """Keeps a wording as the next version. Raises Refusal (with the part that is wrong, or that the platform would punish
    by the rules of ``today``) and keeps nothing then."""
    refuse_name(tx, name, new=new)
    original = load().get(name)
    if original is not None and kind != "text":
        # The bot says some of the shelf's scripts by itself, inside a reply: they have to be words.
        raise Refusal(
            f"“{name}”是话术库里的文字，不能换成{kinds.KIND_WORDS[kind]}。换个名字：话术 {kinds.KIND_WORDS[kind]} 新名字"
        )
    text = kinds.written(kind, text)
    spoken = kinds.words(kind, text)
    refuse_punished([spoken] if spoken else [], "script", today, undone=f"“{name}”没有存")
    script = tx.session.scalars(select(OwnScript).where(OwnScript.name == name)).first()
    if script is None:
        script = OwnScript(name=name, created_at=tx.now)
        tx.session.add(script)
        tx.session.flush()
    latest = tx.execute(select(func.max(ScriptVersion.version)).where(ScriptVersion.script_id == script.id)).scalar()
    version = max(latest or 0, original.version if original else 0) + 1
    tx.session.add(
        ScriptVersion(script_id=script.id, version=version, kind=kind, text=text, staff_id=staff_id, created_at=tx.now)
    )
    tx.session.flush()
    return Wording(name, text, version, own=True, kind=kind)


def say(tx: Tx, key: str, context: Context) -> str:
    """The bot's own sentence under ``key`` (``bot/opted_out``), in the merchant's wording where there is one."""
    shelf = at(key)
    wording = _own(tx, shelf.name) or shelf
    return compile_template(wording.text).render(context)


def shop_context(tx: Tx, shop_name: str) -> dict[str, str]:
    """The shop's facts as scripts see them; unknown ones are empty."""
    return {"name": shop_name, **shop_facts.facts(tx)}
