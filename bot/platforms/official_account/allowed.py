"""What the platform allows an Official Account: windows, counts, quotas and rights, as dated data with their sources.

Planning and sending go by these numbers alone, so that a new manual is a change of this table. Where an account's own
number is another one (quotas grow with the followers), the platform says so in its answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_READ = date(2026, 11, 21)

MANUAL_CUSTOM = "vendor manual, Customer_Service_Messages"
MANUAL_MASS = "vendor manual, Batch_Sends_and_Originality_Checks"
MANUAL_QUOTAS = "vendor manual, API_Call_Limits"
MANUAL_TEMPLATE = "vendor manual, Template_Message_Interface"
MANUAL_NOTICE = "vendor manual, subscribe notices (订阅通知)"


@dataclass(frozen=True, slots=True)
class Rule:
    """One number of the platform. ``read``: the day the source said so."""

    name: str
    value: int
    source: str
    read: date = _READ


RULES = (
    # So many customer messages within so many seconds of what a person did; each kind counts for itself.
    Rule("window_talk_count", 5, MANUAL_CUSTOM),
    Rule("window_talk_seconds", 48 * 3600, MANUAL_CUSTOM),
    Rule("window_follow_count", 3, MANUAL_CUSTOM),
    Rule("window_follow_seconds", 60, MANUAL_CUSTOM),
    Rule("window_scan_count", 3, MANUAL_CUSTOM),
    Rule("window_scan_seconds", 60, MANUAL_CUSTOM),
    Rule("window_menu_count", 3, MANUAL_CUSTOM),
    Rule("window_menu_seconds", 60, MANUAL_CUSTOM),
    Rule("custom_text_bytes", 2048, "field reports of refused texts; the manual names no number"),
    # Calls a Beijing day for an ordinary account.
    Rule("custom_per_day", 500_000, MANUAL_QUOTAS),
    Rule("template_per_day", 100_000, MANUAL_TEMPLATE),
    Rule("subscribe_per_day", 100_000, "taken from template messages; the manual names no number of its own"),
    Rule("mass_per_day", 100, MANUAL_QUOTAS),
    Rule("mass_per_minute", 60, MANUAL_MASS),
    # A call by a list of people; what one fan may get in a Beijing calendar month: the platform drops the next silently.
    Rule("mass_people_least", 2, MANUAL_MASS),
    Rule("mass_people_most", 10_000, MANUAL_MASS),
    Rule("mass_per_fan_month", 4, MANUAL_MASS),
    # By the manual of 2026; older texts say 64, so the lower number is the safe one.
    Rule("mass_key_bytes", 32, MANUAL_MASS),
    Rule("mass_key_seconds", 24 * 3600, MANUAL_MASS),
)


@dataclass(frozen=True, slots=True)
class Right:
    """A way of speaking and the kinds of verified account that have it."""

    route: str
    kinds: frozenset[str]
    source: str
    read: date = _READ


RIGHTS = (
    Right("custom", frozenset({"service", "subscription"}), MANUAL_CUSTOM),
    # By lists of people; the one mass send a day of a subscription account goes to a tag or to everybody.
    Right("mass", frozenset({"service"}), MANUAL_MASS),
    Right("template", frozenset({"service"}), MANUAL_TEMPLATE),
    # One for every time the person said yes to it; for service messages only.
    Right("subscribe", frozenset({"service"}), MANUAL_NOTICE),
)

_VALUES = {rule.name: rule.value for rule in RULES}
_KINDS = {right.route: right.kinds for right in RIGHTS}


def number(name: str) -> int:
    """The number of a rule. Raises KeyError for a name that stands in no table."""
    return _VALUES[name]


def may(kind: str, route: str) -> bool:
    """Whether an account of this kind (``service``, ``subscription``) has the route at all."""
    return kind in _KINDS[route]
