"""Temporary media of the company: pictures, voices, videos and files, three days.

Source: WeCom manual, page 90253. Its media ids and those of the Official Account are strangers to each other.
"""

from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask, Picture

from .calls import ANY, corp_endpoint, given
from .codes import refused

if TYPE_CHECKING:
    from .company import Company

MEGABYTE = 1024 * 1024
MOST = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
ENDINGS = {"image": ("jpg", "jpeg", "png"), "voice": ("amr",), "video": ("mp4",)}
LEAST = 5


@corp_endpoint("POST", "media/upload", ANY, body="form")
def upload(company: "Company", ask: Ask) -> dict[str, Any]:
    kind = given(ask, "type")
    if kind not in MOST:
        raise refused(40004)
    file = ask.uploads.get("media")
    if file is None:
        raise refused(41005)
    if kind in ENDINGS and file.filename.rsplit(".", 1)[-1].lower() not in ENDINGS[kind]:
        raise refused(40005)
    if not LEAST < len(file.content) <= MOST[kind]:
        raise refused(40006)
    medium = company.platform.media.keep(file, kind, ask.now)
    company.media.add(medium.media_id)
    return {"type": kind, "media_id": medium.media_id, "created_at": str(medium.created_at)}


@corp_endpoint("GET", "media/get", ANY)
def download(company: "Company", ask: Ask) -> Picture:
    media_id = given(ask, "media_id")
    if media_id not in company.media:
        raise refused(40007)
    medium = company.platform.media.find(media_id, ask.now)
    return Picture(company.platform.media.content(media_id) or b"", medium.content_type())
