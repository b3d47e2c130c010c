"""The account's tags and who wears them, through calls that may fail for some people of a batch.

Source: vendor manual, User_Tag_Management. Changes of one person's tags must not run side by side: the platform then
refuses with 45169, or with 45159 although the tag exists. So batches go one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.platforms.answers import Refused, complete
from bot.platforms.decisions import Decision, Outcome, outcome_of

CREATE, LIST = "/cgi-bin/tags/create", "/cgi-bin/tags/get"
TAG, UNTAG = "/cgi-bin/tags/members/batchtagging", "/cgi-bin/tags/members/batchuntagging"
PEOPLE_A_CALL = 50
TRIES = 3

NAME_TAKEN = 45157
TAG_NOT_FOUND = 45159
BEING_CHANGED = 45169
PARTLY_DONE = 45171
UNKNOWN_PEOPLE = 40031

Ask = Callable[[str, dict[str, Any] | None], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the account; ``count``: people wearing it."""

    id: int
    name: str
    count: int


def listed(ask: Ask) -> list[Tag]:
    body = ask(LIST, None)
    with complete():
        return [Tag(int(row["id"]), str(row["name"]), int(row.get("count") or 0)) for row in body.get("tags") or []]


def create(ask: Ask, name: str) -> int:
    """The id of the tag ``name``, whether it is new or was there. Raises PlatformFailure."""
    try:
        body = ask(CREATE, {"tag": {"name": name}})
        with complete():
            return int(body["tag"]["id"])
    except Refused as refusal:
        if refusal.code != NAME_TAKEN:
            raise
        # The same code says "taken" and "not allowed"; also what a repeat after a lost answer gets.
        there = next((tag.id for tag in listed(ask) if tag.name == name), None)
        if there is None:
            raise
        return there


def change(ask: Ask, rest: Callable[[], None], path: str, tag_id: int, people: Sequence[str]) -> dict[str, Outcome]:
    """Tags or untags; returns those for whom it did not work, with the reason.

    Raises PlatformFailure where it works for nobody; what was done until then stays done and may be repeated.
    """
    failed: dict[str, Outcome] = {}
    for start in range(0, len(people), PEOPLE_A_CALL):
        failed |= _batch(ask, rest, path, tag_id, list(people[start : start + PEOPLE_A_CALL]))
    return failed


def _batch(ask: Ask, rest: Callable[[], None], path: str, tag_id: int, people: list[str]) -> dict[str, Outcome]:
    for attempt in range(1, TRIES + 1):
        try:
            ask(path, {"openid_list": people, "tagid": tag_id})
            return {}
        except Refused as refusal:
            last = refusal
        if last.code == PARTLY_DONE:
            named = last.body.get("fail_openid_list") or []
            people = [person for person in people if person in named] or people
        elif last.code == TAG_NOT_FOUND:
            # Believed only when the tag is really gone.
            if attempt == 1 and tag_id not in {tag.id for tag in listed(ask)}:
                raise last
        elif last.code != BEING_CHANGED:
            break
        if attempt < TRIES:
            rest()
    if last.code == UNKNOWN_PEOPLE or last.decision == Decision.PERSON:
        return _halves(ask, rest, path, tag_id, people, outcome_of(last))
    if last.code in (PARTLY_DONE, BEING_CHANGED, TAG_NOT_FOUND):
        return dict.fromkeys(people, outcome_of(last))
    raise last


def _halves(
    ask: Ask, rest: Callable[[], None], path: str, tag_id: int, people: list[str], outcome: Outcome
) -> dict[str, Outcome]:
    """One person nobody can tag makes the platform refuse the whole batch: find out who."""
    if len(people) == 1:
        return {people[0]: outcome}
    middle = len(people) // 2
    return _batch(ask, rest, path, tag_id, people[:middle]) | _batch(ask, rest, path, tag_id, people[middle:])
