"""Somebody who sends more lines a second than a person types waits for the workers, and is told so once an hour."""

from __future__ import annotations

from collections import OrderedDict

from bot.platforms.messages import Inbound

FLOOD_LINES = 10.0  # lines a second from one person that are answered at once for as long as it goes on
FLOOD_BURST = 100.0  # lines at once that are still no flood
SENDERS_KNOWN = 10_000
FLOOD_NOTE = "消息有点多，我会一条一条处理，请稍等。"
FLOOD_NOTE_EVERY = 3600.0


class FloodGate:
    """Notices somebody who goes on sending more lines a second than a person types; a short burst is no flood."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._told: dict[str, float] = {}

    def defers(self, message: Inbound, monotonic: float) -> str | None:
        """None = handle now; otherwise the reply to give while the row waits for the workers."""
        left, at = self._senders.pop(message.sender, (FLOOD_BURST, monotonic))
        left = min(FLOOD_BURST, left + (monotonic - at) * FLOOD_LINES)
        self._senders[message.sender] = (max(0.0, left - 1), monotonic)
        if len(self._senders) > SENDERS_KNOWN:
            self._senders.popitem(last=False)
        if left >= 1:
            return None
        self._told = {who: told for who, told in self._told.items() if monotonic - told < FLOOD_NOTE_EVERY}
        if message.sender in self._told:
            return ""
        self._told[message.sender] = monotonic
        return FLOOD_NOTE
