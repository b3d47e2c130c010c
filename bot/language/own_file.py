"""What customers say about their own file: 资料, 生日 …, 地址 …, 导出我的资料, 删除我的资料."""

from __future__ import annotations

import re
from datetime import date

from bot.language.file_fields import ADDRESS_LIMIT, take_birth
from bot.language.file_intents import EraseOwn, ExportOwn, OwnAddress, OwnBirthday, OwnFile, OwnUnclear
from bot.language.intents import Intent
from bot.language.normalise import Words
from bot.language.verbs import Unclear

_FILE = {"资料", "我的资料", "个人资料", "我的个人资料", "查看资料", "我的信息资料", "看看我的资料"}
_EXPORT = re.compile(
    r"(?:请|帮我|我要|我想)?(?:导出|下载|发我|给我)(?:一下)?(?:我的|我)(?:个人)?(?:所有)?(?:资料|信息|数据)|导出(?:个人)?资料"
)
# A wish inside a sentence is answered with the words that do it; only these words do it.
_ERASE = re.compile(
    r"(?:请|麻烦)?(?:帮我|给我|我要|我想|我要求|要求)?(?:删除|删掉|清除|注销|删)(?:一下)?(?:我的|我)(?:个人|全部|所有)*(?:资料|信息|数据|账号)"
    r"|(?:把)?我的(?:个人|全部|所有)*(?:资料|信息|数据)(?:都|全)?(?:删除|删掉|删了|清除)(?:掉|了)?"
)
_SURE = re.compile(r"(?:确认|确定)(?:要)?删除我的资料")
_BIRTHDAY = re.compile(
    r"(?:我的?)?(?:生日|出生日期)(?:是|改成|改为|在)? ?:? ?(?P<day>(?=.*[\d一二三四五六七八九十廿初正冬腊]).+)"
)
_LIKE_A_DAY = re.compile(
    r"(?:农历|阴历|旧历)|[\d一二三四五六七八九十正冬腊] ?(?:月|[-/.] ?\d)|\d{8}|^(?:0[1-9]|1[0-2])\d\d$|(?:19|20)\d\d年",
    re.ASCII,
)
_ADDRESS = re.compile(
    r"(?:(?:我的?|收货|我的?收货|家庭)?(?:地址|住址)"
    r"(?:(?:是|改成|改为|换成)[ :]?|[ :]+|(?=[\u3400-\u9fff]{2,6}[省市区县州镇]))|我家?住在?)(?P<address>.+)",
    re.DOTALL,
)
_PLACE = re.compile(r"[省市区县州镇乡村路街道巷弄号楼栋幢室苑园城座里]")
_QUESTION = re.compile(r"[?]|吗|哪|怎么|多少|什么|发我|发给我|告诉|在不在|呢$")

EXAMPLE = "生日 5月1日"


def own_file(line: Words, today: date) -> Intent | None:
    """What a customer says about their own file, or None for any other line. Never raises."""
    plain = line.plain
    if plain in _FILE:
        return OwnFile()
    if _SURE.fullmatch(plain):
        return EraseOwn(sure=True)
    if _ERASE.fullmatch(plain):
        return EraseOwn()
    if _EXPORT.fullmatch(plain):
        return ExportOwn()
    return _birthday(line, today) or _address(line)


def _birthday(line: Words, today: date) -> Intent | None:
    match = _BIRTHDAY.fullmatch(line.plain)
    if match is None or not _LIKE_A_DAY.search(match["day"]) or _QUESTION.search(match["day"]):
        return None
    try:
        birth, rest = take_birth(line.group(match, "day"), today, EXAMPLE)
    except Unclear:
        return OwnUnclear(f"没看懂这个日子，没有记。可以这样写：{EXAMPLE}，或 生日 农历八月十五")
    if rest or not birth.month:
        # 生日 5月1日能打折吗 is talk about a birthday.
        return None
    return OwnBirthday(birth)


def _address(line: Words) -> Intent | None:
    match = _ADDRESS.fullmatch(line.plain)
    if match is None:
        return None
    address = line.group(match, "address").strip(" \n:,。")
    if len(address) < 4 or not _PLACE.search(address.plain) or _QUESTION.search(address.plain):
        return None
    if len(address.typed) > ADDRESS_LIMIT:
        return OwnUnclear(f"地址最多 {ADDRESS_LIMIT} 个字，没有记，请写短一点再发。")
    return OwnAddress(address.typed)
