"""Pictures, voices and videos: temporary (3 days) and permanent media, and the pictures the sandbox paints itself.

Source: vendor manual, New_temporary_materials, Adding_Permanent_Assets.
"""

import base64
import json
import mimetypes
import struct
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .calls import Ask, Picture, Upload, endpoint
from .chance import Chance
from .errors import Refused
from .limits import Limits

if TYPE_CHECKING:
    from .platform import Platform

ENDINGS = {
    "image": {"bmp", "png", "jpeg", "jpg", "gif"},
    "voice": {"mp3", "wma", "wav", "amr", "speex"},
    "video": {"mp4"},
    "thumb": {"jpg", "jpeg"},
}


@dataclass(frozen=True, slots=True)
class Medium:
    """One stored file; `dies` None is a permanent one."""

    media_id: str
    kind: str
    filename: str
    created_at: int
    dies: float | None
    title: str = ""
    description: str = ""

    def content_type(self) -> str:
        return mimetypes.guess_type(self.filename)[0] or "application/octet-stream"


class Media:
    """Files by media_id. With a folder the contents lie there, so that the saved state stays small."""

    def __init__(self, chance: Chance, limits: Limits, folder: Path | None) -> None:
        self._chance = chance
        self._limits = limits
        self._folder = folder
        self._count = 0
        self._media: dict[str, Medium] = {}
        self._contents: dict[str, bytes] = {}

    def keep(self, upload: Upload, kind: str, now: float, *, permanent: bool = False, **words: str) -> Medium:
        self._count += 1
        media_id = self._chance.letters(64, "media", self._count)
        dies = None if permanent else now + self._limits["media_seconds"]
        medium = Medium(media_id, kind, upload.filename or f"{kind}.bin", int(now), dies, **words)
        self._media[media_id] = medium
        self._contents[media_id] = upload.content
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / media_id).write_bytes(upload.content)
        return medium

    def find(self, media_id: object, now: float, kinds: tuple[str, ...] = ()) -> Medium:
        """A living medium of the wanted kind: `Refused` 41006 without an id, 40007 otherwise."""
        if not isinstance(media_id, str) or not media_id:
            raise Refused(41006)
        medium = self._media.get(media_id)
        if medium is None or (medium.dies is not None and medium.dies <= now):
            raise Refused(40007)
        if kinds and medium.kind not in kinds:
            raise Refused(40007)
        return medium

    def content(self, media_id: str) -> bytes | None:
        content = self._contents.get(media_id)
        if content is None and self._folder is not None and media_id in self._media:
            content = self._contents[media_id] = (self._folder / media_id).read_bytes()
        return content

    def permanent(self, kind: str | None = None) -> list[Medium]:
        """Newest first."""
        media = reversed(self._media.values())
        return [medium for medium in media if medium.dies is None and kind in (None, medium.kind)]

    def forget(self, media_id: str) -> None:
        self._media.pop(media_id, None)
        self._contents.pop(media_id, None)

    def dump(self, *, contents: bool) -> dict[str, Any]:
        saved: dict[str, Any] = {"count": self._count, "media": [asdict(medium) for medium in self._media.values()]}
        if contents:
            found = {media_id: self.content(media_id) for media_id in self._media}
            saved["contents"] = {key: base64.b64encode(value).decode() for key, value in found.items() if value}
        return saved

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]
        self._media = {entry["media_id"]: Medium(**entry) for entry in saved["media"]}
        contents = saved.get("contents", {})
        self._contents = {media_id: base64.b64decode(content) for media_id, content in contents.items()}


def media_address(base_url: str, media_id: str) -> str:
    return f"{base_url}/_sandbox/media/{quote(media_id)}"


def paint(seed: int, cells: int = 29, scale: int = 8) -> bytes:
    """A PNG of black and white cells with three corner marks: looks like a QR code, carries nothing."""
    bits = Chance(seed).about("picture").getrandbits(cells * cells)
    rows = bytearray()
    for y in range(cells):
        line = bytearray()
        for x in range(cells):
            mark = _corner(x, y, cells)
            dark = bits >> (y * cells + x) & 1 if mark is None else mark
            line += (b"\x00" if dark else b"\xff") * scale
        rows += (b"\x00" + bytes(line)) * scale
    side = cells * scale
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(body)) + name + body + _crc(name + body) for name, body in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _crc(body: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(body))


def _corner(x: int, y: int, cells: int) -> bool | None:
    x = x if x < 8 else x - (cells - 7)
    y = y if y < 8 else y - (cells - 7)
    if not (0 <= x < 7 and 0 <= y < 7):
        return None
    ring = max(abs(x - 3), abs(y - 3))
    return ring != 2


def _checked_upload(platform: "Platform", ask: Ask, kind: str) -> Upload:
    upload = ask.uploads.get("media")
    if upload is None:
        raise Refused(41005)
    if not upload.content:
        raise Refused(44001)
    if upload.filename.rsplit(".", 1)[-1].lower() not in ENDINGS[kind]:
        raise Refused(40005)
    if len(upload.content) > platform.limits[f"media_{kind}_bytes"]:
        raise Refused(45001)
    return upload


def _kind_of(ask: Ask) -> str:
    kind = ask.query.get("type") or ask.form.get("type") or ""
    if kind not in ENDINGS:
        raise Refused(40004)
    return kind


@endpoint("POST", "/cgi-bin/media/upload", day=100_000, body="form")
def upload_temporary(platform: "Platform", ask: Ask) -> dict[str, Any]:
    kind = _kind_of(ask)
    medium = platform.media.keep(_checked_upload(platform, ask, kind), kind, ask.now)
    answer = {"type": kind, "media_id": medium.media_id, "created_at": medium.created_at}
    # the manual's newer page says media_id for every kind, the field answers thumb_media_id for thumbs
    return answer | ({"thumb_media_id": medium.media_id} if kind == "thumb" else {})


@endpoint("GET", "/cgi-bin/media/get", day=200_000)
def download_temporary(platform: "Platform", ask: Ask) -> dict[str, Any] | Picture:
    medium = platform.media.find(ask.query.get("media_id"), ask.now)
    if medium.dies is None:
        raise Refused(40007)
    return _as_file(platform, medium)


@endpoint("POST", "/cgi-bin/media/uploadimg", day=100_000, body="form")
def upload_article_picture(platform: "Platform", ask: Ask) -> dict[str, Any]:
    upload = ask.uploads.get("media")
    if upload is None:
        raise Refused(41005)
    if upload.filename.rsplit(".", 1)[-1].lower() not in {"jpg", "jpeg", "png"}:
        raise Refused(40005)
    if len(upload.content) > platform.limits["uploadimg_bytes"]:
        raise Refused(45001)
    medium = platform.media.keep(upload, "article", ask.now, permanent=True)
    return {"url": media_address(platform.base_url, medium.media_id)}


@endpoint("POST", "/cgi-bin/material/add_material", day=1000, body="form")
def upload_permanent(platform: "Platform", ask: Ask) -> dict[str, Any]:
    kind = _kind_of(ask)
    words: dict[str, str] = {}
    if kind == "video":
        try:
            described = json.loads(ask.form.get("description", ""))
            words = {"title": str(described["title"]), "description": str(described.get("introduction", ""))}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Refused(47001) from error
    medium = platform.media.keep(_checked_upload(platform, ask, kind), kind, ask.now, permanent=True, **words)
    answer = {"media_id": medium.media_id}
    return answer | ({"url": media_address(platform.base_url, medium.media_id)} if kind in ("image", "thumb") else {})


@endpoint("POST", "/cgi-bin/material/get_material", day=10_000)
def download_permanent(platform: "Platform", ask: Ask) -> dict[str, Any] | Picture:
    medium = platform.media.find(ask.text("media_id", 41006), ask.now)
    if medium.dies is not None:
        raise Refused(40007)
    return _as_file(platform, medium)


@endpoint("POST", "/cgi-bin/material/del_material", day=1000)
def delete_permanent(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """Refused with 48005 while a menu shows it."""
    medium = platform.media.find(ask.text("media_id", 41006), ask.now)
    if medium.dies is not None:
        raise Refused(40007)
    if platform.menus.uses_media(medium.media_id):
        raise Refused(48005)
    platform.media.forget(medium.media_id)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("GET", "/cgi-bin/material/get_materialcount", day=5000)
def count_permanent(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    counts = {f"{kind}_count": len(platform.media.permanent(kind)) for kind in ("voice", "video", "image")}
    return counts | {"news_count": platform.articles.count_published()}


@endpoint("POST", "/cgi-bin/material/batchget_material", day=1000)
def list_permanent(platform: "Platform", ask: Ask) -> dict[str, Any]:
    kind, offset, count = ask.text("type", 40004), ask.number("offset"), ask.number("count")
    if kind not in ("image", "video", "voice", "news"):
        raise Refused(40004)
    if not 1 <= count <= 20:
        raise Refused(40035)
    kept = platform.media.permanent(kind)
    items = [
        {
            "media_id": medium.media_id,
            "name": medium.filename,
            "update_time": medium.created_at,
            "url": media_address(platform.base_url, medium.media_id),
        }
        for medium in kept[offset : offset + count]
    ]
    return {"total_count": len(kept), "item_count": len(items), "item": items}


def _as_file(platform: "Platform", medium: Medium) -> dict[str, Any] | Picture:
    if medium.kind == "video":
        address = media_address(platform.base_url, medium.media_id)
        return {"title": medium.title, "description": medium.description, "video_url": address, "down_url": address}
    return Picture(platform.media.content(medium.media_id) or b"", medium.content_type())
