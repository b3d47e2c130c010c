"""The platform's numbers stand in one dated table, and our rehearsal platform enforces the same ones."""

import pytest

from bot.delivery import rules
from bot.platforms.official_account.allowed import RIGHTS, RULES, may, number
from bot.sandbox.calls import ENDPOINTS, standard_counters
from bot.sandbox.limits import STANDARD

SAME = {
    "window_talk_count": "window_message_count",
    "window_talk_seconds": "window_message_seconds",
    "mass_people_least": "mass_recipients_least",
    "mass_people_most": "mass_recipients_most",
    "mass_per_fan_month": "mass_per_fan_month",
    "mass_key_bytes": "clientmsgid_bytes",
    "mass_key_seconds": "clientmsgid_seconds",
    "custom_per_day": "day:/cgi-bin/message/custom/send",
    "template_per_day": "day:/cgi-bin/message/template/send",
    "subscribe_per_day": "day:/cgi-bin/message/subscribe/bizsend",
    "mass_per_day": "day:/cgi-bin/message/mass/sendall",
    "mass_per_minute": "minute:/cgi-bin/message/mass/sendall",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rehearsal_platform_goes_by_the_same_number(rule):
    assert rule.value == (STANDARD | standard_counters())[SAME.get(rule.name, rule.name)]


@pytest.mark.parametrize("one", [*RULES, *RIGHTS], ids=lambda one: getattr(one, "name", "") or one.route)
def test_every_rule_says_who_says_so_and_when_that_was_read(one):
    assert one.source
    assert one.read.year >= 2026


@pytest.mark.parametrize(("route", "call"), [("mass", "send"), ("template", "send"), ("subscribe", "bizsend")])
def test_only_service_accounts_have_what_the_rehearsal_platform_keeps_for_them(route, call):
    assert may("service", route)
    assert not may("subscription", route)
    assert ENDPOINTS[f"/cgi-bin/message/{route}/{call}"].service


def test_our_own_pace_never_reaches_the_platforms_minute():
    assert number("mass_per_minute") >= 2 * rules.MASS_PER_MINUTE
    assert rules.KEY_TRUSTED.total_seconds() < number("mass_key_seconds")
