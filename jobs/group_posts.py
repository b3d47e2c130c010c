"""The clock strikes for the groups' content calendars: the host is told what to post, or a task of the platform is made."""

from __future__ import annotations

from datetime import datetime

from bot.domain.groups import service
from bot.domain.groups.models import Chat, ChatPost
from bot.domain.groups.rules import TOO_LATE
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.store.transaction import Tx, reading, transaction
from jobs.parts import Parts


def strike(parts: Parts, now: datetime) -> int:
    """Carries out what the groups' calendars have due, each in a transaction of its own; returns how many were ours."""
    with reading(parts.store, parts.clock) as tx:
        due = service.due(tx, now)
    return sum(_strike_one(parts, number) for number in due)


def _strike_one(parts: Parts, number: int) -> bool:
    with transaction(parts.store, parts.clock, parts.bell) as tx:
        taken = service.take(tx, parts.settings, number)
        if taken is None:
            return False
        post, chat, hour = taken
        host = _host(tx, chat, post)
        if chat.dismissed_at is not None:
            words = f"社群“{chat.name}”已经解散，“{post.title}”以后不再提醒。"
        elif tx.now - hour > TOO_LATE:
            here = hour.astimezone(parts.settings.timezone)
            words = f"错过了：{here:%H:%M} 该在“{chat.name}”发“{post.title}”，太晚了没有提醒。"
        elif post.sends:
            # Delivery tells the host that a task waits.
            key = f"post:{post.id}:{int(hour.timestamp())}"
            service.send(tx, [chat], post.text, key=key, not_after=hour + TOO_LATE)
            return True
        else:
            words = f"该在“{chat.name}”发“{post.title}”了，文案（可复制）：\n{post.text}"
        notices.tell(tx, host, words, kind="care", subject=f"post:{post.id}", urgent=True)
        return True


def _host(tx: Tx, chat: Chat, post: ChatPost) -> int:
    """The group's host where they are staff of ours, else whoever made the entry."""
    found = merchants.find(tx, account=chat.account, person_id=chat.owner)
    return post.staff_id if found is None else found.id
