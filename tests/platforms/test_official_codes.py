"""What an answer means for a delivery and for a plain call, code by code."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot.errors import PlatformFailure
from bot.platforms import answers
from bot.platforms.answers import Refused
from bot.platforms.decisions import Decision
from bot.platforms.http import Answer
from bot.platforms.official_account import codes

# 10:00:20 on a Monday in Beijing.
NOW = datetime(2026, 11, 23, 2, 0, 20, tzinfo=UTC)


def outcome(answer, **rest):
    return answers.outcome(answer, codes.CODES, **rest)


def body_of(answer, **rest):
    return answers.body_of(answer, codes.CODES, **rest)


def said(code, **rest):
    pairs = "".join(f',"{name}":{value}' for name, value in rest.items())
    return Answer(200, f'{{"errcode":{code},"errmsg":"x rid: 1-2-3"{pairs}}}'.encode())


def decided(answer, *, keyed=False):
    return outcome(answer, keyed=keyed, now=NOW).decision


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (said(0), Decision.SENT),
        (said('"0"'), Decision.SENT),
        (Answer(200, b'\xef\xbb\xbf{"errcode":0}'), Decision.SENT),
        (Answer(0, b"", "not_sent", "curl 7: refused"), Decision.AGAIN),
        (Answer(0, b"", "unclear", "curl 28: timed out"), Decision.UNKNOWN),
        (Answer(429, b"<html>"), Decision.AGAIN),
        (Answer(500, b""), Decision.UNKNOWN),
        (Answer(502, b'{"errcode":0}'), Decision.UNKNOWN),
        (Answer(404, b"<html>"), Decision.DEFECT),
        (Answer(302, b""), Decision.UNKNOWN),
        (Answer(200, b""), Decision.UNKNOWN),
        (Answer(200, b"<html>busy</html>"), Decision.UNKNOWN),
        (Answer(200, b'{"errcode":0,"errm'), Decision.UNKNOWN),
        (Answer(200, b'{"msgid":1}'), Decision.UNKNOWN),
        (Answer(200, b"[]"), Decision.UNKNOWN),
        (Answer(200, '{"errcode":0,"errmsg":"成功"}'.encode("gbk")), Decision.UNKNOWN),
        (said("true"), Decision.UNKNOWN),
        (said("null"), Decision.UNKNOWN),
        (said('"ok"'), Decision.UNKNOWN),
        (said(987654), Decision.DEFECT),
    ],
)
def test_what_a_delivery_becomes(answer, decision):
    assert decided(answer) == decided(answer, keyed=True) == decision


@pytest.mark.parametrize("code", [-1, 268487001, 268487002, 268488001, 45066])
def test_a_busy_platform_is_asked_again_only_where_it_would_notice_the_repeat(code):
    assert decided(said(code), keyed=True) == Decision.SAME_KEY
    assert decided(said(code)) == Decision.UNKNOWN
    assert outcome(said(code), keyed=True, now=NOW).retry_after == 60


def test_an_earlier_message_with_the_same_key_counts_as_sent():
    got = outcome(said(45065, msg_id=1000000777), keyed=True, now=NOW)
    assert (got.decision, got.platform_id, got.code) == (Decision.SENT, "1000000777", 45065)


def test_the_ids_of_all_routes_are_kept():
    assert outcome(said(0, msgid=3000000000123456789), keyed=True, now=NOW).platform_id == "3000000000123456789"
    assert outcome(said(0, msg_id=34182, msg_data_id=1), keyed=True, now=NOW).platform_id == "34182"
    assert outcome(said(0), keyed=False, now=NOW).platform_id == ""


@pytest.mark.parametrize(
    ("code", "relation"),
    [
        (40003, None),
        (43004, "gone"),
        (50005, "gone"),
        (46004, "gone"),
        (43019, "blocked"),
        (48002, "refuses"),
        (45015, "window_closed"),
        (45047, "window_closed"),
        (43101, None),
        (70000, None),
        (47003, None),
    ],
)
def test_failures_of_one_person(code, relation):
    got = outcome(said(code), keyed=False, now=NOW)
    assert (got.decision, got.relation, got.code) == (Decision.PERSON, relation, code)


@pytest.mark.parametrize("code", [48001, 48004, 48008, 50002, 45009, 45011, 45028, 40037, 43116, 48003, 89505])
def test_failures_of_a_path_leave_the_rows_planned(code):
    assert decided(said(code)) == Decision.CHANNEL


@pytest.mark.parametrize("code", [40013, 40125, 40164, 40243, 50004, 50007, 61007, 89501, 89503, 89506, 89507])
def test_failures_of_the_account(code):
    assert decided(said(code)) == Decision.ACCOUNT


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        (45009, 14 * 3600 - 20 + 5),
        (45011, 40 + 5),
        (45028, 14 * 3600 - 20 + 5),
        (40164, 600),
        (89503, 3600),
        (48001, None),
    ],
)
def test_how_long_a_pause_lasts(code, seconds):
    assert outcome(said(code), keyed=False, now=NOW).retry_after == seconds


@pytest.mark.parametrize("code", [40032, 45002, 45008, 45067, 40007, 47001, 43002, 45166])
def test_our_own_mistakes_are_tried_once(code):
    assert decided(said(code)) == Decision.DEFECT


def test_every_code_has_short_chinese_words():
    for code, meaning in codes._CODES.items():
        if code != codes.SAME_KEY_EXISTS:
            assert re.search("[一-鿿]", meaning.reason), code
        assert len(meaning.reason) <= 40, meaning.reason


def test_no_two_groups_of_the_table_speak_of_the_same_code():
    groups = (
        codes._RECIPIENT,
        codes._CREDENTIAL,
        codes._QUOTA,
        codes._RIGHTS,
        codes._CONTENT,
        codes._TAGS,
        codes._CALLER,
    )
    assert sum(len(group) for group in groups) == len(codes._CODES)


def test_secrets_in_the_platforms_own_words_are_wiped():
    body = b'{"errcode":40001,"errmsg":"invalid access_token=PLANTED-1 for secret PLANTED-2 rid: 1-2-3"}'
    got = outcome(Answer(200, body), keyed=False, now=NOW, secrets=("PLANTED-2",))
    assert "PLANTED" not in str(got)
    assert "rid: 1-2-3" in got.body["errmsg"]


# --- plain calls ---


def test_a_plain_answer_without_errcode_is_a_success():
    assert body_of(Answer(200, b'{"tags":[]}'), now=NOW) == {"tags": []}
    assert body_of(said(0), now=NOW)["errcode"] == 0


@pytest.mark.parametrize(
    ("answer", "code", "decision"),
    [
        (said(48001), 48001, Decision.CHANNEL),
        (said('"45009"'), 45009, Decision.CHANNEL),
        (said(-1), -1, Decision.AGAIN),
        (said(123456), 123456, Decision.DEFECT),
        (Answer(0, b"", "not_sent", "x"), None, Decision.AGAIN),
        (Answer(0, b"", "unclear", "x"), None, Decision.AGAIN),
        (Answer(429, b""), None, Decision.AGAIN),
        (Answer(503, b"<html>"), None, Decision.AGAIN),
        (Answer(200, b"<html>"), None, Decision.AGAIN),
        (Answer(200, b'{"errcode":"what"}'), None, Decision.AGAIN),
        (Answer(404, b"<html>"), None, Decision.DEFECT),
        (Answer(403, b'{"errcode":0}'), None, Decision.DEFECT),
    ],
)
def test_plain_calls_raise_what_is_no_success(answer, code, decision):
    with pytest.raises(PlatformFailure) as caught:
        body_of(answer, now=NOW)
    assert (caught.value.code, caught.value.decision) == (code, decision)
    assert re.search("[一-鿿]", str(caught.value))


def test_a_refusal_keeps_what_else_the_answer_says():
    with pytest.raises(Refused) as caught:
        body_of(said(45171, fail_openid_list='["o1"]'), now=NOW)
    assert caught.value.body["fail_openid_list"] == ["o1"]
