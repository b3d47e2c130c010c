"""Who meets the customers of a channel's code right now; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any


def serving(
    here: datetime,
    came: Mapping[str, int],
    *,
    members: Sequence[str],
    shifts: Sequence[Mapping[str, Any]],
    spare: Sequence[str],
    cap: int,
    gone: Collection[str] = (),
) -> list[str]:
    """The members a code leads to at ``here`` (in the shop's zone), in a stable order.

    ``came``: customers each member got through it today. Whoever has reached ``cap`` is left out until tomorrow, and who is
    ``gone`` for good. Where nobody is left the spare ones step in, and without any the code goes on with whom it has: a
    code must lead to somebody, and a customer too many is better than one who is lost.
    """
    on_duty = _on_duty(f"{here:%H:%M}", members, shifts, spare)
    there = [one for one in on_duty if one not in gone]
    below = [one for one in there if not cap or came.get(one, 0) < cap]
    spare_there = [one for one in spare if one not in gone]
    return sorted(set(below or spare_there or there or on_duty))


def _on_duty(
    hour: str, members: Sequence[str], shifts: Sequence[Mapping[str, Any]], spare: Sequence[str]
) -> Sequence[str]:
    if not shifts:
        return members
    for shift in shifts:
        if _covers(hour, str(shift["begins"]), str(shift["ends"])):
            return list(shift["members"])
    # An hour nobody has: the spare ones, those named for the whole day, else everybody.
    return spare or members or [one for shift in shifts for one in shift["members"]]


def _covers(hour: str, begins: str, ends: str) -> bool:
    """``HH:MM`` compare as text; a shift that ends before it begins goes over midnight."""
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends
