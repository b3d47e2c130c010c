"""Broadcasts from a terminal, as in the chat: list, show, pause, resume, cancel."""

from __future__ import annotations

from bot.delivery import outbox
from bot.domain.campaigns import service as campaigns
from bot.domain.campaigns.models import Broadcast
from bot.settings import Settings
from bot.store.transaction import Tx


def step(tx: Tx, settings: Settings, action: str, number: int | None) -> str:
    """Does ``action`` with broadcast ``number`` and returns the words to show. Raises Refusal as the chat does."""
    if number is None:
        found = campaigns.latest(tx, 50)
        return "\n".join(_line(tx, settings, broadcast) for broadcast in found) or "还没有群发过。"
    if action == "pause":
        campaigns.pause(tx, number)
    elif action == "resume":
        campaigns.resume(tx, settings, number)
    elif action == "cancel":
        campaigns.cancel(tx, number)
    return _line(tx, settings, campaigns.get(tx, number))


def _line(tx: Tx, settings: Settings, broadcast: Broadcast) -> str:
    counts = " ".join(f"{state}={count}" for state, count in sorted(outbox.counts(tx, broadcast.id).items()))
    at = (broadcast.start_at or broadcast.created_at).astimezone(settings.timezone)
    scripts = "/".join(script["name"] for script in broadcast.scripts)
    state = campaigns.STATE_WORDS[broadcast.state]
    return f"群发 {broadcast.id}  {at:%Y-%m-%d %H:%M}  {state}  {broadcast.segment} 用 {scripts}  {counts}".rstrip()
