"""From the wire to the phone, on the company's side: app messages, attachments of customer messages, passive replies.

Sources: WeCom manual, pages 90236 (app messages), 92137 and 92135 (attachments); lengths as MudWechat reads them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.sandbox.errors import Refused
from bot.sandbox.media import media_address
from bot.sandbox.parcels import media_parcel, text_parcel
from bot.sandbox.phones import Parcel
from bot.sandbox.wire import Reply, ReplyRejected

from . import cards
from .calls import inner, objects, text
from .codes import refused

if TYPE_CHECKING:
    from .company import Company

Branch = dict[str, Any]
TEXT_BYTES = 2048
CUSTOMER_TEXT_BYTES = 4000
ATTACHMENTS = 9


def app_parcel(company: "Company", body: Branch, now: float) -> Parcel:
    """The message of a message/send call; `Refused` 40008 for a type the app cannot send."""
    msgtype = text(body, "msgtype")
    reader = _APP.get(msgtype)
    if reader is None:
        raise refused(40008)
    return reader(company, inner(body, msgtype), now)


def customer_parcels(company: "Company", body: Branch, now: float, *, both_empty: int = 40058) -> list[Parcel]:
    """What a welcome or a group-send message shows a customer, one bubble for the text and one for each attachment."""
    branch = body.get("text")
    words = text(branch, "content", size=CUSTOMER_TEXT_BYTES, needed=False) if isinstance(branch, dict) else ""
    attachments = objects(body, "attachments", most=ATTACHMENTS, excess=41064)
    if not words and not attachments:
        raise refused(both_empty)
    shown = [text_parcel(words)] if words else []
    return shown + [attachment_parcel(company, attachment, now) for attachment in attachments]


def attachment_parcel(company: "Company", attachment: Branch, now: float) -> Parcel:
    msgtype = text(attachment, "msgtype")
    reader = _ATTACHMENTS.get(msgtype)
    if reader is None:
        raise refused(40058)
    return reader(company, inner(attachment, msgtype), now)


def passive(company: "Company", reply: Reply) -> Parcel:
    """What a passive reply shows the member; `ReplyRejected` for what is none."""
    fields = reply.fields
    if reply.msgtype == "text":
        content = fields.get("Content")
        if not isinstance(content, str) or not content:
            raise ReplyRejected("Content of the reply is missing or empty")
        return text_parcel(cut(content, TEXT_BYTES))
    if reply.msgtype == "news":
        items = (fields.get("Articles") or {}).get("item") or []
        articles = [_article(item) for item in (items if isinstance(items, list) else [items])]
        return Parcel("news", articles[0]["title"] if articles else "", {"articles": articles}, "news", fields)
    if reply.msgtype not in ("image", "voice", "video"):
        raise ReplyRejected(f"MsgType {reply.msgtype} is no passive reply")
    branch = fields.get(reply.msgtype.capitalize())
    if not isinstance(branch, dict):
        raise ReplyRejected(f"{reply.msgtype.capitalize()} is missing in the reply")
    try:
        return _medium(reply.msgtype)(company, {"media_id": branch.get("MediaId")}, company.platform.clock.now())
    except Refused as refusal:
        raise ReplyRejected(f"{reply.msgtype}: {refusal.errmsg}") from refusal


def cut(words: str, size: int) -> str:
    """The first so many bytes of a text, whole characters only: the platform cuts app messages instead of refusing."""
    return words.encode()[:size].decode("utf-8", "ignore")


def _article(item: Branch) -> Branch:
    names = {"title": "Title", "description": "Description", "url": "Url", "picurl": "PicUrl"}
    return {name: str(item.get(wire) or "") for name, wire in names.items()}


def _text(_company: "Company", branch: Branch, _now: float) -> Parcel:
    return text_parcel(cut(text(branch, "content"), TEXT_BYTES))


def _markdown(_company: "Company", branch: Branch, _now: float) -> Parcel:
    content = text(branch, "content", size=TEXT_BYTES)
    return Parcel("markdown", content, {"content": content}, "markdown", content)


def _textcard(_company: "Company", branch: Branch, _now: float) -> Parcel:
    shown = {"title": text(branch, "title", characters=128), "url": text(branch, "url", size=2048)}
    shown["description"] = text(branch, "description", characters=512)
    shown["button"] = text(branch, "btntxt", characters=4, needed=False) or "详情"
    return Parcel("textcard", f"{shown['title']}\n{shown['description']}", shown, "textcard", branch)


def _news(_company: "Company", branch: Branch, _now: float) -> Parcel:
    articles = objects(branch, "articles", most=8)
    if not articles:
        raise refused(40063)
    shown = [
        {
            "title": text(article, "title", size=128),
            "description": text(article, "description", size=512, needed=False),
            "url": text(article, "url", size=2048, needed=not article.get("appid")),
            "picurl": text(article, "picurl", needed=False),
        }
        for article in articles
    ]
    return Parcel("news", f"[图文] {shown[0]['title']}", {"articles": shown}, "news", branch)


def _card(company: "Company", branch: Branch, _now: float) -> Parcel:
    cards.check(company, branch)
    title = cards.title_of(branch)
    return Parcel("card", title, {"task_id": branch.get("task_id", "")}, "template_card", branch)


def _medium(kind: str) -> Callable[["Company", Branch, float], Parcel]:
    """Pictures, voices, videos and files by media_id: 40007 where the company never uploaded it."""

    def read(company: "Company", branch: Branch, now: float) -> Parcel:
        media_id = text(branch, "media_id")
        if media_id not in company.media:
            raise refused(40007)
        medium = company.platform.media.find(media_id, now, (kind,))
        if kind == "file":
            address = media_address(company.platform.base_url, media_id)
            return Parcel(
                "file", f"[文件] {medium.filename}", {"name": medium.filename, "url": address}, "file", branch
            )
        words = text(branch, "title", size=128, needed=False) if kind == "video" else ""
        text(branch, "description", size=512, needed=False)
        return media_parcel(company.platform, medium, kind, branch, words)

    return read


def _picture(company: "Company", branch: Branch, now: float) -> Parcel:
    """A picture of a customer message: uploaded, or by an address the platform gave."""
    if branch.get("media_id"):
        return _medium("image")(company, branch, now)
    return Parcel("image", "[图片]", {"url": text(branch, "pic_url")}, "image", branch)


def _link(_company: "Company", branch: Branch, _now: float) -> Parcel:
    shown = {"title": text(branch, "title", size=128), "url": text(branch, "url", size=2048)}
    shown["description"] = text(branch, "desc", size=512, needed=False)
    shown["picurl"] = text(branch, "picurl", size=2048, needed=False)
    return Parcel("news", f"[链接] {shown['title']}", {"articles": [shown]}, "link", branch)


def _miniprogram(company: "Company", branch: Branch, now: float) -> Parcel:
    title = text(branch, "title", size=64)
    _medium("image")(company, {"media_id": text(branch, "pic_media_id")}, now)
    text(branch, "appid")
    text(branch, "page")
    shown = {"title": title, "description": "小程序", "url": "", "picurl": ""}
    return Parcel("news", f"[小程序] {title}", {"articles": [shown]}, "miniprogram", branch)


_APP = {
    "text": _text,
    "markdown": _markdown,
    "textcard": _textcard,
    "news": _news,
    "image": _medium("image"),
    "voice": _medium("voice"),
    "video": _medium("video"),
    "file": _medium("file"),
    "template_card": _card,
}
_ATTACHMENTS = {
    "image": _picture,
    "link": _link,
    "miniprogram": _miniprogram,
    "video": _medium("video"),
    "file": _medium("file"),
}
