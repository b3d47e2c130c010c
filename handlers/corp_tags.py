"""The company's tags changed at the platform: the event only says that they did, so a worker reads the list."""

from __future__ import annotations

from bot.domain.customers import walks
from handlers.talk import Talk, on


@on.event("tag_created", "tag_changed", "tag_deleted")
def changed(talk: Talk) -> str:
    walks.tags_changed(talk.tx, talk.message.account, talk.message.created_at)
    return ""
