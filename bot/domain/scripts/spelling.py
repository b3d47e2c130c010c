"""Variables in a merchant's own words: ``{{称呼}}`` is what a phone can type, ``{{ c.name|default("亲") }}`` what is kept."""

from __future__ import annotations

import re

from bot.domain.scripts.rules import VARIABLES

# Names are missing for most followers, so whoever writes 称呼 gets a word that stands in for it.
_NAME = '{{ c.name|default("亲") }}'
_SPELLED = {label: f"{{{{ {variable} }}}}" for variable, label in VARIABLES.items()} | {
    **dict.fromkeys(("称呼", "顾客称呼", "名字", "姓名", "昵称"), _NAME),
    "地址": "{{ shop.address }}",
    "电话": "{{ shop.phone }}",
    "营业": "{{ shop.hours }}",
}
_WORDS = re.compile(r"[{｛]{2}\s*(" + "|".join(sorted(_SPELLED, key=len, reverse=True)) + r")\s*[}｝]{2}")


def spelled_out(text: str) -> str:
    """The text with the variables' Chinese words replaced by the variables."""
    return _WORDS.sub(lambda match: _SPELLED[match[1]], text)


def as_typed(text: str) -> str:
    """The text as staff may read and copy it: the form ``称呼`` was given is that word again."""
    return text.replace(_NAME, "{{称呼}}")
