"""What will happen at a given sandbox time: a heap of plain entries, so that it can be saved and restored."""

import heapq
from typing import Any

Entry = tuple[float, int, str, dict[str, Any]]


class Agenda:
    """Due entries in order of time, then of being entered. The caller holds the platform's lock."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._count = 0

    def add(self, due: float, kind: str, detail: dict[str, Any]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, kind, detail))

    def pop_due(self, now: float) -> Entry | None:
        if self._heap and self._heap[0][0] <= now:
            return heapq.heappop(self._heap)
        return None

    def next_due(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def dump(self) -> dict[str, Any]:
        return {"count": self._count, "entries": sorted(self._heap, key=lambda entry: entry[:2])}

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]
        self._heap = [(due, number, kind, detail) for due, number, kind, detail in saved["entries"]]
        heapq.heapify(self._heap)
