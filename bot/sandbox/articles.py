"""Drafts and published articles: enough for mass articles, article cards and the publish event.

Source: vendor manual, Draft_Box and Publish. A sent or published draft disappears.
"""

from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .chance import Chance
from .errors import Refused
from .phones import Parcel

if TYPE_CHECKING:
    from .platform import Platform

Article = dict[str, Any]


class Articles:
    """Drafts by media_id, publications by article_id. The caller holds the platform's lock."""

    def __init__(self, chance: Chance, base_url: str) -> None:
        self._chance = chance
        self._base_url = base_url
        self._count = 0
        self.drafts: dict[str, dict[str, Any]] = {}
        self.published: dict[str, dict[str, Any]] = {}
        self.submissions: dict[str, dict[str, Any]] = {}

    def new_id(self, kind: str, length: int = 64) -> str:
        self._count += 1
        return self._chance.letters(length, kind, self._count)

    def link(self, key: str, index: int) -> str:
        return f"{self._base_url}/s/{key[:22]}?idx={index}"

    def draft(self, media_id: object) -> dict[str, Any]:
        draft = self.drafts.get(media_id) if isinstance(media_id, str) else None
        if draft is None:
            raise Refused(40007)
        return draft

    def discard_draft(self, media_id: str) -> None:
        self.drafts.pop(media_id, None)

    def cards(self, media_id: str) -> list[dict[str, str]]:
        return self._cards(media_id, self.draft(media_id)["articles"])

    def published_cards(self, article_id: object) -> list[dict[str, str]]:
        found = self.published.get(article_id) if isinstance(article_id, str) else None
        if found is None:
            raise Refused(53600)
        return self._cards(str(article_id), found["articles"])

    def links_of(self, parcel: Parcel) -> list[str]:
        if parcel.msgtype != "mpnews":
            return []
        return [card["url"] for card in parcel.payload["articles"]]

    def count_published(self) -> int:
        return len(self.published)

    def _cards(self, key: str, articles: list[Article]) -> list[dict[str, str]]:
        return [
            {
                "title": article["title"],
                "description": str(article.get("digest") or ""),
                "url": self.link(key, index),
                "picurl": "",
            }
            for index, article in enumerate(articles, 1)
        ]

    def dump(self) -> dict[str, Any]:
        return {
            "count": self._count,
            "drafts": self.drafts,
            "published": self.published,
            "submissions": self.submissions,
        }

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]
        self.drafts, self.published = saved["drafts"], saved["published"]
        self.submissions = saved["submissions"]


def _checked_article(platform: "Platform", article: object, now: float) -> Article:
    if not isinstance(article, dict) or not isinstance(article.get("title"), str) or not article["title"]:
        raise Refused(44003)
    if len(article["title"]) > 64:
        raise Refused(45003)
    if article.get("article_type", "news") != "newspic":
        if not isinstance(article.get("content"), str) or not article["content"]:
            raise Refused(44004)
        platform.media.find(article.get("thumb_media_id"), now, ("image", "thumb"))
    return article


@endpoint("POST", "/cgi-bin/draft/add", day=1000)
def add_draft(platform: "Platform", ask: Ask) -> dict[str, Any]:
    articles = ask.body.get("articles")
    if not isinstance(articles, list) or not articles:
        raise Refused(44003)
    if len(articles) > 8:
        raise Refused(45008)
    kept = [_checked_article(platform, article, ask.now) for article in articles]
    media_id = platform.articles.new_id("draft")
    platform.articles.drafts[media_id] = {"articles": kept, "update_time": int(ask.now)}
    return {"media_id": media_id}


@endpoint("POST", "/cgi-bin/draft/update", day=1000)
def update_draft(platform: "Platform", ask: Ask) -> dict[str, Any]:
    draft, index = platform.articles.draft(ask.text("media_id", 41006)), ask.number("index")
    if not 0 <= index < len(draft["articles"]):
        raise Refused(40060)
    draft["articles"][index] = _checked_article(platform, ask.body.get("articles"), ask.now)
    draft["update_time"] = int(ask.now)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/draft/get", day=500)
def show_draft(platform: "Platform", ask: Ask) -> dict[str, Any]:
    return {"news_item": platform.articles.draft(ask.text("media_id", 41006))["articles"]}


@endpoint("POST", "/cgi-bin/draft/delete", day=1000)
def delete_draft(platform: "Platform", ask: Ask) -> dict[str, Any]:
    media_id = ask.text("media_id", 41006)
    platform.articles.draft(media_id)
    platform.articles.discard_draft(media_id)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("GET", "/cgi-bin/draft/count", day=1000)
def count_drafts(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    return {"total_count": len(platform.articles.drafts)}


@endpoint("POST", "/cgi-bin/draft/batchget", day=1000)
def list_drafts(platform: "Platform", ask: Ask) -> dict[str, Any]:
    return _page(ask, platform.articles.drafts, "media_id")


@endpoint("POST", "/cgi-bin/freepublish/submit", day=100)
def publish(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """No push to fans; PUBLISHJOBFINISH follows, and the draft is gone."""
    media_id = ask.text("media_id", 41006)
    if media_id not in platform.articles.drafts:
        raise Refused(53503)
    draft = platform.articles.drafts.pop(media_id)
    publish_id = str(1_100_000_000 + len(platform.articles.submissions) + 1)
    article_id = platform.articles.new_id("article")
    platform.articles.submissions[publish_id] = {"status": 1, "article_id": article_id, "articles": draft["articles"]}
    platform.later(platform.limits["publish_finish_seconds"], "publish_finish", {"publish_id": publish_id})
    return {"errcode": 0, "errmsg": "ok", "publish_id": publish_id}


def finish_publishing(platform: "Platform", detail: dict[str, Any]) -> None:
    publish_id = detail["publish_id"]
    job = platform.articles.submissions[publish_id]
    job["status"] = 0
    kept = {"articles": job["articles"], "update_time": int(platform.clock.now())}
    platform.articles.published[job["article_id"]] = kept
    told = {"publish_id": publish_id, "publish_status": 0} | _details(platform, job)
    platform.push_event(platform.account["original_id"], {"Event": "PUBLISHJOBFINISH", "PublishEventInfo": told})


def _details(platform: "Platform", job: dict[str, Any]) -> dict[str, Any]:
    links = [platform.articles.link(job["article_id"], index) for index, _ in enumerate(job["articles"], 1)]
    items = [{"idx": index, "article_url": link} for index, link in enumerate(links, 1)]
    return {"article_id": job["article_id"], "article_detail": {"count": len(items), "item": items}}


@endpoint("POST", "/cgi-bin/freepublish/get", day=100)
def show_publishing(platform: "Platform", ask: Ask) -> dict[str, Any]:
    publish_id = str(ask.body.get("publish_id", ""))
    job = platform.articles.submissions.get(publish_id)
    if job is None:
        raise Refused(53600)
    answer = {"publish_id": publish_id, "publish_status": job["status"]}
    return answer | (_details(platform, job) if job["status"] == 0 else {}) | {"fail_idx": []}


@endpoint("POST", "/cgi-bin/freepublish/getarticle", day=100)
def show_published(platform: "Platform", ask: Ask) -> dict[str, Any]:
    article_id = ask.text("article_id", 53600)
    platform.articles.published_cards(article_id)
    return {"news_item": platform.articles.published[article_id]["articles"]}


@endpoint("POST", "/cgi-bin/freepublish/batchget", day=100)
def list_published(platform: "Platform", ask: Ask) -> dict[str, Any]:
    return _page(ask, platform.articles.published, "article_id")


@endpoint("POST", "/cgi-bin/freepublish/delete", day=10)
def delete_published(platform: "Platform", ask: Ask) -> dict[str, Any]:
    article_id = ask.text("article_id", 53600)
    platform.articles.published_cards(article_id)
    del platform.articles.published[article_id]
    return {"errcode": 0, "errmsg": "ok"}


def _page(ask: Ask, kept: dict[str, dict[str, Any]], id_name: str) -> dict[str, Any]:
    offset, count = ask.number("offset"), ask.number("count")
    if not 1 <= count <= 20:
        raise Refused(40035)
    newest = list(reversed(kept.items()))[offset : offset + count]
    items = [
        {id_name: key, "content": {"news_item": entry["articles"]}, "update_time": entry["update_time"]}
        for key, entry in newest
    ]
    return {"total_count": len(kept), "item_count": len(items), "item": items}
