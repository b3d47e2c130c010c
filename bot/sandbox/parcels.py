"""From the wire to the phone: what each message type must carry, and how the page shows it.

Sources: vendor manual, Customer_Service_Messages, Batch_Sends, Passive_user_reply_message.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import Refused
from .media import Medium, media_address
from .phones import Parcel
from .wire import Reply, ReplyRejected

if TYPE_CHECKING:
    from .platform import Platform

Branch = dict[str, Any]


def custom_parcel(platform: "Platform", body: Branch, now: float) -> Parcel:
    """The message of a custom/send call; `Refused` with the code of the first thing that is wrong."""
    msgtype = body.get("msgtype")
    reader = _CUSTOM.get(msgtype) if isinstance(msgtype, str) else None
    if reader is None:
        raise Refused(40008)
    return reader(platform, _branch(body, str(msgtype)), now)


def mass_parcel(platform: "Platform", body: Branch, now: float) -> Parcel:
    """The message of a mass call or preview; 45162 for a type that mass sending does not know, 45113 for cards."""
    msgtype = body.get("msgtype")
    if msgtype == "wxcard":
        raise Refused(45113)
    reader = _MASS.get(msgtype) if isinstance(msgtype, str) else None
    if reader is None:
        raise Refused(45162)
    return reader(platform, _branch(body, "images" if msgtype == "image" else str(msgtype)), now)


def passive_parcel(platform: "Platform", reply: Reply, now: float, *, to_event: bool) -> Parcel | None:
    """What a passive reply shows; None hands over to the desk. `ReplyRejected` for what fans see as a fault."""
    fields = reply.fields
    if reply.msgtype == "transfer_customer_service":
        return None
    if reply.msgtype == "text":
        content = fields.get("Content")
        if not isinstance(content, str) or not content:
            raise ReplyRejected("Content of the reply is missing or empty")
        if len(content.encode()) > platform.limits["reply_text_bytes"]:
            raise ReplyRejected("Content of the reply is longer than the platform shows")
        return text_parcel(content)
    if reply.msgtype == "news":
        return _news_parcel(_passive_articles(fields, most=8 if to_event else 1))
    branch = _PASSIVE.get(reply.msgtype)
    if branch is None:
        raise ReplyRejected(f"MsgType {reply.msgtype} is no passive reply")
    inner = fields.get(reply.msgtype.capitalize())
    if not isinstance(inner, dict):
        raise ReplyRejected(f"{reply.msgtype.capitalize()} is missing in the reply")
    try:
        return branch(platform, {wire: inner[name] for name, wire in _PASSIVE_NAMES.items() if name in inner}, now)
    except Refused as refusal:
        raise ReplyRejected(f"{reply.msgtype}: {refusal.errmsg}") from refusal


def text_parcel(content: str) -> Parcel:
    return Parcel("text", content, {"content": content}, "text", content)


def media_parcel(platform: "Platform", medium: Medium, msgtype: str, content: Any, line: str = "") -> Parcel:
    shown = {"media_id": medium.media_id, "url": media_address(platform.base_url, medium.media_id)}
    words = {"image": "[图片]", "voice": "[语音]", "video": "[视频]"}[msgtype]
    return Parcel(msgtype, f"{words}{line}", shown, msgtype, content)


def _branch(body: Branch, name: str) -> Branch:
    branch = body.get(name)
    if not isinstance(branch, dict):
        raise Refused({"text": 44004, "news": 44003}.get(name, 40035))
    return branch


def _text(platform: "Platform", branch: Branch, _now: float, limit: str = "custom_text_bytes") -> Parcel:
    content = branch.get("content")
    if not isinstance(content, str) or not content:
        raise Refused(44004)
    if len(content.encode()) > platform.limits[limit]:
        raise Refused(45002)
    return text_parcel(content)


def _mass_text(platform: "Platform", branch: Branch, now: float) -> Parcel:
    return _text(platform, branch, now, "mass_text_bytes")


def _image(platform: "Platform", branch: Branch, now: float) -> Parcel:
    medium = platform.media.find(branch.get("media_id"), now, ("image",))
    return media_parcel(platform, medium, "image", branch)


def _voice(platform: "Platform", branch: Branch, now: float) -> Parcel:
    medium = platform.media.find(branch.get("media_id"), now, ("voice",))
    return media_parcel(platform, medium, "voice", branch)


def _video(platform: "Platform", branch: Branch, now: float) -> Parcel:
    medium = platform.media.find(branch.get("media_id"), now, ("video",))
    if branch.get("thumb_media_id"):
        platform.media.find(branch["thumb_media_id"], now, ("thumb", "image"))
    return media_parcel(platform, medium, "video", branch, str(branch.get("title") or ""))


def _music(platform: "Platform", branch: Branch, now: float) -> Parcel:
    platform.media.find(branch.get("thumb_media_id"), now, ("thumb", "image"))
    title = str(branch.get("title") or "音乐")
    card = {"title": title, "description": str(branch.get("description") or ""), "picurl": ""}
    card["url"] = str(branch.get("musicurl") or branch.get("hqmusicurl") or "")
    return Parcel("news", f"[音乐] {title}", {"articles": [card]}, "music", branch)


def _news(platform: "Platform", branch: Branch, _now: float) -> Parcel:
    articles = branch.get("articles")
    if not isinstance(articles, list) or not articles:
        raise Refused(44003)
    if len(articles) > platform.limits["custom_news_articles"]:
        raise Refused(45008)
    if not all(isinstance(article, dict) and isinstance(article.get("title"), str) for article in articles):
        raise Refused(40035)
    return _news_parcel(
        [
            {name: str(article.get(name) or "") for name in ("title", "description", "url", "picurl")}
            for article in articles
        ]
    )


def _news_parcel(articles: list[dict[str, str]], msgtype: str = "news", content: Any = None) -> Parcel:
    line = f"[图文] {articles[0]['title']}"
    return Parcel("news", line, {"articles": articles}, msgtype, content or {"articles": articles})


def _mpnews(platform: "Platform", branch: Branch, _now: float) -> Parcel:
    media_id = branch.get("media_id")
    if not isinstance(media_id, str) or not media_id:
        raise Refused(41006)
    return _news_parcel(platform.articles.cards(media_id), "mpnews", branch)


def _published_article(platform: "Platform", branch: Branch, _now: float) -> Parcel:
    return _news_parcel(platform.articles.published_cards(branch.get("article_id")), "mpnewsarticle", branch)


def _msgmenu(_platform: "Platform", branch: Branch, _now: float) -> Parcel:
    choices = branch.get("list")
    if not isinstance(choices, list) or not choices:
        raise Refused(40035)
    shown: list[dict[str, str]] = []
    for choice in choices:
        if not isinstance(choice, dict) or not choice.get("content") or choice.get("id") in (None, ""):
            raise Refused(40035)
        shown.append({"id": str(choice["id"]), "content": str(choice["content"])})
    head, tail = str(branch.get("head_content") or ""), str(branch.get("tail_content") or "")
    line = " / ".join([head, *(choice["content"] for choice in shown)]).strip(" /")
    return Parcel("msgmenu", line, {"head_content": head, "list": shown, "tail_content": tail}, "msgmenu", branch)


def _card(_platform: "Platform", branch: Branch, _now: float) -> Parcel:
    if not isinstance(branch.get("card_id"), str):
        raise Refused(40035)
    return Parcel("text", "[卡券]", {"content": "[卡券]"}, "wxcard", branch)


def _miniprogram(platform: "Platform", branch: Branch, now: float) -> Parcel:
    for name in ("title", "appid", "pagepath"):
        if not isinstance(branch.get(name), str) or not branch[name]:
            raise Refused(40035)
    cover = platform.media.find(branch.get("thumb_media_id"), now, ("thumb", "image"))
    card = {"title": branch["title"], "description": "小程序", "url": ""}
    card["picurl"] = media_address(platform.base_url, cover.media_id)
    return Parcel("news", f"[小程序] {branch['title']}", {"articles": [card]}, "miniprogrampage", branch)


def _images(platform: "Platform", branch: Branch, now: float) -> Parcel:
    media_ids = branch.get("media_ids")
    if not isinstance(media_ids, list) or not media_ids:
        raise Refused(41006)
    found = [platform.media.find(media_id, now, ("image",)) for media_id in media_ids]
    return media_parcel(platform, found[0], "image", branch, str(branch.get("recommend") or ""))


def _passive_articles(fields: dict[str, Any], most: int) -> list[dict[str, str]]:
    items = fields.get("Articles")
    items = items.get("item") if isinstance(items, dict) else None
    articles = items if isinstance(items, list) else [items]
    found = [article for article in articles if isinstance(article, dict)]
    if not found or len(found) < len(articles):
        raise ReplyRejected("Articles of the reply is empty")
    if str(fields.get("ArticleCount", "")) != str(len(articles)):
        raise ReplyRejected("ArticleCount of the reply does not agree with its Articles")
    names = {"title": "Title", "description": "Description", "url": "Url", "picurl": "PicUrl"}
    shown = [{name: str(article.get(wire, "")) for name, wire in names.items()} for article in found]
    return shown[:most]  # the platform shows the permitted number and drops the rest


Reader = Callable[["Platform", Branch, float], Parcel]
_CUSTOM: dict[str, Reader] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "music": _music,
    "news": _news,
    "mpnews": _mpnews,
    "mpnewsarticle": _published_article,
    "msgmenu": _msgmenu,
    "wxcard": _card,
    "miniprogrampage": _miniprogram,
}
_MASS: dict[str, Reader] = {
    "text": _mass_text,
    "image": _images,
    "voice": _voice,
    "mpnews": _mpnews,
    "mpvideo": _video,
}
_PASSIVE: dict[str, Reader] = {"image": _image, "voice": _voice, "video": _video, "music": _music}
_PASSIVE_NAMES = {
    "MediaId": "media_id",
    "ThumbMediaId": "thumb_media_id",
    "Title": "title",
    "Description": "description",
    "MusicUrl": "musicurl",
    "HQMusicUrl": "hqmusicurl",
}
