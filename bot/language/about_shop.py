"""Sentences about the shop itself: 店铺 and 自动回复."""

from __future__ import annotations

import re
from itertools import zip_longest

from bot.language.customers import understand_customer
from bot.language.file_intents import AutoReplies, AutoReplyDelete, AutoReplyWrite, ShopFactEdit, ShopFacts
from bot.language.intents import FreeTalk, Intent
from bot.language.normalise import Words, normalise, read, without_mood
from bot.language.verbs import Said, Unclear, Verb, expect_end, only_number

_HOURS, _ADDRESS, _PHONE = "店铺 营业 10:00-22:00", "店铺 地址 朝阳区建国路88号", "店铺 电话 010-88886666"
_REPLY, _REPLY_DELETE = "自动回复 几点开门、营业时间 = 10点到22点，周一休息", "自动回复 删除 2"
FACT_LIMIT, ANSWER_LIMIT, WORD_LIMIT, WORDS_AT_MOST = 60, 600, 20, 10

_FACTS = {
    **dict.fromkeys(("营业时间", "营业", "时间", "几点开门"), "hours"),
    **dict.fromkeys(("地址", "位置"), "address"),
    **dict.fromkeys(("联系电话", "电话", "座机", "手机"), "phone"),
}
_KEY = re.compile(rf"(?:(?<=[ \n,;])|^)(?P<word>{'|'.join(_FACTS)}) ?[:=]? ?")
_HOUR = re.compile(r"\d|[一二三四五六七八九十]点|全天|休息|24小时")
_NUMBER = re.compile(r"\+?[\d() -]{6,24}(?:转\d{1,6})?", re.ASCII)
_NONE = ("删除", "清空", "无", "没有", "去掉")


def _shop(said: Said) -> Intent:
    words = without_mood(said.words)
    if not words or words.plain in ("信息", "资料", "介绍"):
        return ShopFacts()
    keys = list(_KEY.finditer(words.plain))
    if not keys or keys[0].start() > 0:
        raise Unclear(f"店铺要记什么？例如：{_HOURS}", _HOURS, _ADDRESS, _PHONE)
    values: dict[str, str] = {}
    for match, after in zip_longest(keys, keys[1:]):
        text = words.cut(match.end(), after.start() if after else None).strip(" \n,;")
        name = _FACTS[match["word"]]
        if name in values:
            raise Unclear(f"“{match['word']}”写了两次，请只写一个。", _HOURS)
        values[name] = "" if text.plain in _NONE else _fact(name, text, match["word"])
    return ShopFactEdit(tuple(values.items()))


def _fact(name: str, text: Words, word: str) -> str:
    example = {"hours": _HOURS, "address": _ADDRESS, "phone": _PHONE}[name]
    if not text:
        raise Unclear(f"“{word}”后面还没写，例如：{example}", example)
    if len(text.typed) > FACT_LIMIT:
        raise Unclear(f"{word}最多 {FACT_LIMIT} 个字，例如：{example}", example)
    if (name == "hours" and not _HOUR.search(text.plain)) or (name == "phone" and not _NUMBER.fullmatch(text.plain)):
        raise Unclear(f"{word}“{text.typed[:20]}”没看懂，例如：{example}", example)
    return " ".join(text.typed.split())


def _auto_reply(said: Said) -> Intent:
    words = said.words
    if not words or without_mood(words).plain in ("列表", "有哪些"):
        return AutoReplies()
    if match := re.match(r"(?:删除|删掉|删|取消) ?", words.plain):
        return AutoReplyDelete(only_number(words.cut(match.end()), _REPLY_DELETE))
    found = re.search(r" ?(?:=|→|->|回答[:]?) ?", words.plain)
    if found is None:
        raise Unclear(f"要写成“问法 = 回答”，例如：{_REPLY}", _REPLY, "自动回复")
    answer = words.cut(found.end())
    asked = tuple(dict.fromkeys(piece.typed for piece in words.cut(0, found.start()).split(" ?[、,;|/] ?")))
    if not asked or not answer:
        raise Unclear(f"问法和回答都要写，例如：{_REPLY}", _REPLY)
    if len(answer.typed) > ANSWER_LIMIT:
        raise Unclear(f"回答最多 {ANSWER_LIMIT} 个字，现在 {len(answer.typed)} 个。", _REPLY)
    if len(asked) > WORDS_AT_MOST:
        raise Unclear(f"一条最多 {WORDS_AT_MOST} 种问法，请分成几条。", _REPLY)
    for word in asked:
        _check_word(word, said)
    return AutoReplyWrite(asked, answer.typed)


def _check_word(word: str, said: Said) -> None:
    """A word customers say for something else would never be answered by it; that is better known now."""
    if len(word) > WORD_LIMIT or len(normalise(word)) < 2:
        raise Unclear(f"问法“{word[:20]}”要 2 到 {WORD_LIMIT} 个字，例如：{_REPLY}", _REPLY)
    if not isinstance(understand_customer(word, said.now), FreeTalk):
        raise Unclear(f"顾客说“{word}”已经有别的用处（口令、投诉或不满），不能自动回复。", _REPLY)


def _auto_reply_list(said: Said) -> Intent:
    expect_end(said.words, "自动回复")
    return AutoReplies()


VERBS = (
    Verb(("营业时间",), lambda said: _shop(Said(read(f"营业 {said.words.typed}"), said.now)), (_HOURS,)),
    Verb(
        ("删除自动回复", "删自动回复"),
        lambda said: AutoReplyDelete(only_number(said.words, _REPLY_DELETE)),
        (_REPLY_DELETE,),
    ),
    Verb(("店铺", "本店", "店铺信息"), _shop, ("店铺", _HOURS, _ADDRESS, _PHONE)),
    Verb(("自动回复", "自动回答"), _auto_reply, (_REPLY, "自动回复", _REPLY_DELETE), takes_text=True),
    Verb(("自动回复列表",), _auto_reply_list, ("自动回复",)),
)
