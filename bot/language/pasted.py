"""Text that was pasted or forwarded: what an address or a notice of payment says. It is offered to be kept, never kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.language.normalise import read

LONGEST = 200  # characters that are looked at

_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?(1\d{2})[ -]?(\d{4})[ -]?(\d{4})(?!\d)", re.ASCII)
_LABEL = re.compile(
    r"(?:收货人|收件人|联系人|姓名|名字|手机号码?|电话号码?|联系电话|手机|电话"
    r"|所在地区|地区|详细地址|收货地址|收件地址|地址) ?[:：]? ?"
)
_PLACE = re.compile(
    r"[\u3400-\u9fff]{2,}(?:省|市|自治区|区|县)|[路街道巷村镇].{0,8}\d+ ?[号弄栋幢楼室]|\d+ ?(?:单元|号楼|栋|幢|室)"
)
_NAME = re.compile(r"[\u3400-\u9fff·]{2,4}")
_PAID = re.compile(r"收款|到账|入账|转账|付款|存入零钱|已收钱|支付成功")
_AMOUNT = re.compile(r"(?:¥ ?(?P<sign>[1-9]\d{0,6}(?:\.\d{1,2})?)|(?P<yuan>[1-9]\d{0,6}(?:\.\d{1,2})?) ?元)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was found; empty where it says nothing of the kind. ``yuan`` as a line of ours would write it."""

    name: str = ""
    phone: str = ""
    address: str = ""
    yuan: str = ""


def pasted(text: str) -> Pasted:
    """``王丽 13712345678 北京市朝阳区建国路88号`` or ``微信支付收款到账298.00元``; everything empty for any other text."""
    plain = read(text[:LONGEST]).plain
    if _PAID.search(plain) and (amount := _AMOUNT.search(plain)):
        yuan = amount["sign"] or amount["yuan"]
        return Pasted(yuan=yuan.removesuffix(".00"))
    phone = _PHONE.search(plain)
    if phone is None and not _LABEL.match(plain):
        return Pasted()
    pieces = [piece for piece in re.split(r"[ \n,;，。、|]+", _LABEL.sub("\n", _PHONE.sub("\n", plain))) if piece]
    places = [piece for piece in pieces if _PLACE.search(piece)]
    names = [piece for piece in pieces if piece not in places and _NAME.fullmatch(piece)]
    if not places:
        return Pasted()
    return Pasted(names[0] if names else "", "".join(phone.groups()) if phone else "", "".join(places))
