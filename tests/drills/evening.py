"""An evening in a drilled shop: customers who have just talked, an owner, and a broadcast to all of them by chat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from callers import all_at_once
from house import House, until
from stand_ins import Town

OPEN = "('planned', 'claimed')"


@dataclass
class Evening:
    """A shop, its town, and the owner's openid."""

    shop: House
    town: Town
    owner: str

    def says(self, words: str) -> str:
        """The owner types a line."""
        return self.town.replies(self.owner, words)

    def broadcast(self, when: str = "") -> None:
        """Plans broadcast 1 to everybody and confirms it; of a long list workers, which must be there, have made rows."""
        plan = self.says(f"群发 全部 用 到店礼A {when}".strip())
        code = re.search(r"确认 ([A-Z0-9]{4})\b", plan)
        assert code is not None, plan
        assert "群发 1 已确认" in self.says(f"确认 {code[1]}")
        until(lambda: self.shop.value("SELECT count(*) FROM broadcast_unplanned") == 0, "the end of its list")

    def count(self, states: str) -> int:
        """How many rows are in one of these states, written as SQL wants a list."""
        return int(self.shop.value(f"SELECT count(*) FROM deliveries WHERE broadcast_id = 1 AND state IN {states}"))

    def in_flight(self) -> set[int]:
        """The rows whose call has begun and has no answer on record."""
        found = self.shop.rows("SELECT id FROM deliveries WHERE state = 'claimed' AND calling_since IS NOT NULL")
        return {row[0] for row in found}

    def wait_until_open(self, rows: int) -> None:
        """Waits until no more rows than that are open."""
        until(lambda: self.count(OPEN) <= rows, f"the moment when {rows} rows are open")

    def is_over(self) -> bool:
        return self.count(OPEN) == 0

    def rows(self) -> list[Any]:
        return self.shop.rows(
            "SELECT id, person_id, state, reason, calling_since, fence FROM deliveries WHERE broadcast_id = 1 ORDER BY id"
        )

    def judge(self) -> tuple[int, int]:
        """The phones' own ledger decides; returns how many rows are sent and how many unknown."""
        got = [openid for openid, _words in self.town.ledger()]
        assert len(got) == len(set(got)), "somebody got two"
        rows = self.rows()
        assert {row.person_id for row in rows} == set(self.town.people), "somebody has no row"
        assert {row.state for row in rows} <= {"sent", "unknown", "cancelled"}, {row.state for row in rows}
        assert {row.person_id for row in rows if row.state == "sent"} <= set(got), "somebody was lost"
        assert not {row.person_id for row in rows if row.state == "cancelled"} & set(got), (
            "somebody got it all the same"
        )
        states = [row.state for row in rows]
        return states.count("sent"), states.count("unknown")


def begin(shop: House, town: Town) -> Evening:
    """Everybody says hello, which opens their windows; the owner is bound. The web part stays open."""
    shop.open()
    all_at_once(lambda openid: town.says(openid, "你好"), town.people, hands=16)
    owner = str(town.ask("/people", {"name": "王姐", "role": "merchant"})["openid"])
    town.ask(f"/people/{owner}/follow", {})
    evening = Evening(shop, town, owner)
    assert "王姐" in evening.says(f"绑定 {shop.invitation()} 王姐")
    until(lambda: _all_have_spoken(shop, len(town.people)), "all hellos")
    return evening


def _all_have_spoken(shop: House, people: int) -> bool:
    """What a disk that stood still has put into the spool is taken up too: no worker runs yet."""
    if shop.spooled():
        shop.work_off()
    return bool(shop.value("SELECT count(DISTINCT person_id) FROM utterances") == people)
