"""The callback's door: what proves itself is let in, everything else is turned away without a word."""

import io
from datetime import timedelta

import pytest

from bot.sandbox import wire

# One database is enough: the door stands before the database.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BODY = "<xml><ToUserName><![CDATA[gh_sandbox0001]]></ToUserName></xml>"
NO_LETTERS = (
    "",
    "no xml at all",
    "<xml><Content>",
    "<other/>",
    "<xml>only text</xml>",
    '<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
    "<xml>" + "<a>" * 9 + "</a>" * 9 + "</xml>",
    "<xml>" + "<a/>" * 201 + "</xml>",
    "<xml><Content>\x00</Content></xml>",
    "<xml><Content>&#0;</Content></xml>",
)
NAMELESS = (
    BODY,
    BODY.replace("</xml>", "<FromUserName>o1</FromUserName></xml>"),
    BODY.replace("</xml>", "<FromUserName>a b</FromUserName><CreateTime>1790000000</CreateTime></xml>"),
    BODY.replace("</xml>", "<FromUserName>o1</FromUserName><CreateTime>soon</CreateTime></xml>"),
)


@pytest.fixture
def letter(mei):
    return mei.text_xml("你好", 9001)


def handshake(shop, **changes):
    moment = str(int(shop.clock.now().timestamp()))
    query = {"signature": wire.sign("shukeSandboxToken", moment, "n0nce"), "timestamp": moment, "nonce": "n0nce"}
    return shop.web.test_client().get("/callback/main", query_string=query | {"echostr": "81818181"} | changes)


def test_the_platform_may_verify_the_address(shop):
    answer = handshake(shop)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"81818181", "text/plain")
    assert handshake(shop).data == b"81818181"
    assert shop.ask("/account", {"verify": True})["verified"] is True


def test_a_handshake_that_proves_nothing_gets_an_empty_403(shop):
    for changes in (
        {"signature": "0" * 40},
        {"echostr": "<script>"},
        {"echostr": ""},
        {"timestamp": "1"},
        {"nonce": "a b"},
    ):
        answer = handshake(shop, **changes)
        assert (answer.status_code, answer.data) == (403, b""), changes


def test_a_signed_letter_is_answered_under_seal(shop, letter):
    answer = shop.push(letter)
    assert answer.status == 200
    assert b"<Encrypt>" in answer.body
    assert "店" in shop.read(answer)


def test_a_spoilt_or_missing_query_field_is_an_empty_403(shop, letter):
    query, body = shop.sealed(letter)
    for name, spoilt in {"msg_signature": "0" * 40, "timestamp": "1790000000", "nonce": "other"}.items():
        for changed in ({**query, name: spoilt}, {key: value for key, value in query.items() if key != name}):
            answer = shop.post(changed, body)
            assert (answer.status, answer.body) == (403, b""), name
    assert shop.export("messages") == []


def test_a_field_twice_is_an_empty_403(shop, letter):
    query, body = shop.sealed(letter)
    doubled = [*query.items(), ("nonce", query["nonce"])]
    answer = shop.web.test_client().post("/callback/main", query_string=doubled, data=body)
    assert (answer.status_code, answer.data) == (403, b"")


def test_a_letter_of_another_token_key_or_account_is_an_empty_403(shop, letter):
    for foreign in ({"token": "anotherToken"}, {"aes_key": "B" * 43}, {"app_id": "wxsomebodyelse01"}):
        answer = shop.post(*shop.sealed(letter, **foreign))
        assert (answer.status, answer.body) == (403, b"")
    assert shop.export("messages") == []


def test_a_stale_letter_is_an_empty_403(shop, letter):
    for late in (timedelta(seconds=601), timedelta(seconds=-310), timedelta(days=1)):
        answer = shop.post(*shop.sealed(letter, at=shop.clock.now() - late))
        assert (answer.status, answer.body) == (403, b""), late


def test_a_clock_a_little_off_is_no_offence(shop, letter):
    for late in (timedelta(seconds=590), timedelta(seconds=-290)):
        assert shop.post(*shop.sealed(letter, at=shop.clock.now() - late)).status == 200


def test_a_clear_letter_is_not_accepted_in_safe_mode(shop, letter):
    query, _sealed = shop.sealed(letter)
    assert shop.post(query, letter.encode()).status == 403


def test_what_is_no_letter_inside_the_seal_is_a_400(shop):
    for xml in NO_LETTERS:
        answer = shop.push(xml)
        assert (answer.status, answer.body) == (400, b""), xml


def test_a_letter_without_a_sender_or_a_time_is_kept_and_left_alone(shop):
    for xml in NAMELESS:
        answer = shop.push(xml)
        assert (answer.status, answer.body) == (200, b"success"), xml
    assert shop.rows("SELECT kind, state FROM inbox") == [("unknown", "ignored")] * len(NAMELESS)
    assert shop.export("customers") == []


def test_bytes_that_are_no_text_are_turned_away(shop, letter):
    query, _sealed = shop.sealed(letter)
    for body in (b"\xff\xfe", "\ud800".encode("utf-8", "surrogatepass"), b""):
        assert shop.post(query, body).status == 403


def test_more_than_64_kib_is_a_413(shop, letter):
    query, body = shop.sealed(letter)
    answer = shop.post(query, body + b" " * (64 * 1024))
    assert (answer.status, answer.body) == (413, b"")


def test_more_than_64_kib_without_a_declared_length_is_a_413_too(shop, letter):
    query, _body = shop.sealed(letter)
    answer = shop.web.test_client().post(
        "/callback/main",
        query_string=query,
        input_stream=io.BytesIO(b"x" * 70_000),
        environ_overrides={"CONTENT_LENGTH": None, "wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_a_long_letter_below_the_limit_is_kept_whole(shop, mei):
    words = "长" * 15_000
    assert shop.push(mei.text_xml(words, 9002)).status == 200
    assert [record["text"] for record in shop.export("messages")] == [words]


def test_an_unknown_account_is_a_404(shop, letter):
    answer = shop.post(*shop.sealed(letter), account="nobody")
    assert (answer.status, answer.body) == (404, b"")
    assert shop.web.test_client().get("/callback/nobody").status_code == 404


def test_other_methods_are_none_of_ours(shop):
    assert shop.web.test_client().put("/callback/main").status_code == 405
    assert shop.web.test_client().get("/callback/").status_code == 404


def test_what_was_turned_away_is_counted_and_nothing_of_it_is_kept(shop, letter):
    shop.post(*shop.sealed(letter, token="anotherToken"))
    shop.push("no xml")
    metrics = shop.web.test_client().get("/metrics").text
    assert 'kind="forged_signature"} 1' in metrics
    assert 'kind="unreadable"} 1' in metrics
    assert "你好" not in metrics


def test_it_says_whether_it_is_alive_and_ready(shop):
    client = shop.web.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["database"], ready.get_json()["redis"]) == (200, "ok", "ok")
