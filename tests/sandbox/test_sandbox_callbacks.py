"""Pushes over a real port: signed, sealed, in order, repeated, answered."""

import threading
import time
from typing import Any

import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto

from bot.sandbox import DEMO_AES_KEY, DEMO_APP_ID, DEMO_ORIGINAL_ID, DEMO_TOKEN, wire
from bot.sandbox.callbacks import FAULT_NOTICE

CRYPTO = WeChatCrypto(DEMO_TOKEN, DEMO_AES_KEY, DEMO_APP_ID)


def opened(received: Any) -> dict[str, Any]:
    """What wechatpy makes of a push in safe mode."""
    query = received.query
    xml = CRYPTO.decrypt_message(received.body, query["msg_signature"], query["timestamp"], query["nonce"])
    return xmltodict.parse(xml)["xml"]


def reply_xml(openid: str, inner: str = "<MsgType>text</MsgType><Content>收到</Content>") -> str:
    common = f"<ToUserName>{openid}</ToUserName><FromUserName>{DEMO_ORIGINAL_ID}</FromUserName>"
    return f"<xml>{common}<CreateTime>1790000002</CreateTime>{inner}</xml>"


def sealed(xml: str) -> bytes:
    return CRYPTO.encrypt_message(xml, "nonce1", "1790000002").encode()


@pytest.fixture
def linked(desk: Any, shop: Any) -> Any:
    desk.ask("/account", {"callback_url": shop.url})
    shop.got.clear()
    desk.ask("/limits", {"callback_retry_seconds": 0.05, "say_seconds": 3})
    return desk


def test_a_follow_and_a_word_arrive_sealed_and_in_order(linked: Any, shop: Any) -> None:
    mei = linked.person("小美")
    mei.does("follow")
    mei.says("几点开门 😀?")
    follow, word = [opened(received) for received in shop.wait_for(2)]
    assert (follow["Event"], follow["FromUserName"]) == ("subscribe", mei.openid)
    assert (word["MsgType"], word["Content"], word["ToUserName"]) == ("text", "几点开门 😀?", DEMO_ORIGINAL_ID)
    assert word["MsgId"].isdigit()
    assert {"openid", "encrypt_type", "shop"} <= shop.got[0].query.keys()
    signed = wire.sign(DEMO_TOKEN, shop.got[0].query["timestamp"], shop.got[0].query["nonce"])
    assert shop.got[0].query["signature"] == signed


@pytest.mark.parametrize(("mode", "names"), [("plain", {"Content"}), ("compatible", {"Content", "Encrypt"})])
def test_the_other_modes(linked: Any, shop: Any, mode: str, names: set[str]) -> None:
    mei = linked.fan("小美")
    linked.ask("/account", {"mode": mode})
    shop.got.clear()
    shop.answer = lambda _received: (200, reply_xml(mei.openid).encode())
    assert mei.says("您好")["reply"]["text"] == "收到"
    (received,) = shop.got
    assert names <= received.fields.keys()
    assert ("msg_signature" in received.query) == (mode == "compatible")


def test_a_sealed_reply_is_shown_and_stands_in_the_ledger(linked: Any, shop: Any) -> None:
    mei = linked.fan("小美")
    shop.answer = lambda _received: (200, sealed(reply_xml(mei.openid)))
    done = mei.says("您好")
    assert (done["outcome"], done["reply"]["text"], done["reply"]["via"]) == ("reply", "收到", "passive")
    assert mei.texts[-2:] == ["您好", "收到"]
    assert linked.ledger(mei) == ["收到"]


NEWS = "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>{}</Articles>".format(
    "".join(
        f"<item><Title>T{n}</Title><Description>D</Description><PicUrl>p</PicUrl><Url>u</Url></item>" for n in (1, 2)
    )
)
LONG = "<MsgType>text</MsgType><Content>" + "好" * 683 + "</Content>"


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        (NEWS, "[图文] T1"),
        ("<MsgType>transfer_customer_service</MsgType>", "已转接人工客服"),
        ("<MsgType>text</MsgType><Content></Content>", FAULT_NOTICE),
        ("<MsgType>image</MsgType><Image><MediaId>gone</MediaId></Image>", FAULT_NOTICE),
        ("<MsgType>poem</MsgType>", FAULT_NOTICE),
        (LONG, FAULT_NOTICE),
    ],
)
def test_what_replies_look_like_on_the_phone(linked: Any, shop: Any, inner: str, shown: str) -> None:
    mei = linked.fan("小美")
    shop.answer = lambda _received: (200, sealed(reply_xml(mei.openid, inner)))
    mei.says("您好")
    assert mei.texts[-1] == shown


def test_one_article_answers_a_word_and_several_an_event(linked: Any, shop: Any) -> None:
    mei = linked.person("小美")
    shop.answer = lambda _received: (200, sealed(reply_xml(mei.openid, NEWS)))
    assert len(mei.does("follow")["reply"]["payload"]["articles"]) == 2
    assert len(mei.says("您好")["reply"]["payload"]["articles"]) == 1


def test_media_replies_need_media_that_exist(linked: Any, shop: Any) -> None:
    mei = linked.fan("小美")
    media_id = mei.does("image", filename="cat.png")["message"]["payload"]["media_id"]
    inner = f"<MsgType>image</MsgType><Image><MediaId>{media_id}</MediaId></Image>"
    shop.answer = lambda _received: (200, sealed(reply_xml(mei.openid, inner)))
    assert mei.says("您好")["reply"]["type"] == "image"
    linked.advance(3 * 24 * 3600)
    assert mei.says("您好")["outcome"] == "error"


@pytest.mark.parametrize("body", [b'{"ok":1}', b"Success", b"<xml/>"])
def test_an_answer_that_is_no_reply_is_not_asked_again(linked: Any, shop: Any, body: bytes) -> None:
    mei = linked.fan("小美")
    shop.got.clear()
    shop.answer = lambda _received: (200, body)
    assert mei.says("您好")["outcome"] == "error"
    assert linked.platform.settle(5)
    assert len(shop.got) == 1
    assert mei.phone[-1]["type"] == "system"
    assert mei.texts[-1] == FAULT_NOTICE
    assert linked.ask("/callbacks")["callbacks"][-1]["outcome"] == "rejected"


def test_a_broken_shop_is_asked_four_times_and_then_the_fan_reads_the_notice(linked: Any, shop: Any) -> None:
    mei = linked.fan("小美")
    shop.got.clear()
    shop.answer = lambda _received: (502, b"bad gateway") if len(shop.got) % 2 else None
    assert mei.says("您好")["outcome"] == "error"
    assert linked.platform.settle(5)
    assert len({opened(received)["MsgId"] for received in shop.got}) == 1
    assert len(shop.got) == 4
    assert mei.texts[-1] == FAULT_NOTICE
    entry = linked.ask("/callbacks")["callbacks"][-1]
    assert [attempt["outcome"] for attempt in entry["attempts"]] == ["error"] * 4
    assert "secret" not in str(entry)


def test_a_retry_is_answered_too(linked: Any, shop: Any) -> None:
    mei = linked.fan("小美")
    shop.got.clear()
    shop.answer = lambda _received: (200, sealed(reply_xml(mei.openid))) if len(shop.got) > 2 else (500, b"")
    assert mei.says("您好")["outcome"] == "error"
    assert linked.platform.settle(5)
    assert mei.texts[-2:] == ["您好", "收到"]


def test_a_slow_shop_is_cut_off_and_the_retry_overlaps(linked: Any, shop: Any) -> None:
    mei = linked.fan("小美")
    linked.ask("/limits", {"callback_seconds": 0.2, "callback_retry_seconds": 0.2})
    shop.got.clear()
    running, most, release = [0], [0], threading.Event()

    def dawdle(_received: Any) -> tuple[int, bytes]:
        running[0] += 1
        most[0] = max(most[0], running[0])
        if len(shop.got) < 2:
            release.wait(5)
        running[0] -= 1
        return 200, sealed(reply_xml(mei.openid))

    shop.answer = dawdle
    assert mei.says("您好")["outcome"] == "timeout"
    shop.wait_for(2)
    assert linked.platform.settle(5)
    release.set()
    assert most[0] == 2
    assert mei.texts[-1] == "收到"


def test_whether_a_retry_repeats_its_query_depends_on_the_seed(make_desk: Any, shop: Any) -> None:
    seen = set()
    for seed in range(1, 9):
        desk = make_desk(seed=seed, callback=shop.url)
        desk.ask("/limits", {"callback_retry_seconds": 0.01, "callback_retries": 1})
        shop.got.clear()
        shop.answer = lambda _received: (500, b"")
        desk.person("小美").does("follow")
        assert desk.platform.settle(5)
        first, second = shop.got
        seen.add(first.query["nonce"] == second.query["nonce"])
    assert seen == {True, False}


def test_people_do_not_wait_for_each_other_but_one_person_keeps_the_order(linked: Any, shop: Any) -> None:
    slow, quick = linked.fan("慢慢"), linked.fan("快快")
    shop.got.clear()
    gate, heard = threading.Event(), []

    def answer(received: Any) -> tuple[int, bytes]:
        fields = opened(received)
        if fields["FromUserName"] == slow.openid:
            gate.wait(5)
        heard.append(fields["Content"])
        return 200, b""

    shop.answer = answer
    linked.ask("/limits", {"say_seconds": 0.01})
    for number in range(5):
        slow.says(f"慢{number}")
    linked.ask("/limits", {"say_seconds": 3})
    assert quick.says("快")["outcome"] == "success"
    assert heard == ["快"]
    gate.set()
    assert linked.platform.settle(5)
    assert heard[1:] == [f"慢{number}" for number in range(5)]


def test_fifty_pushes_a_second(linked: Any, shop: Any) -> None:
    people = [linked.fan(f"客{number}") for number in range(40)]
    shop.got.clear()
    linked.ask("/limits", {"say_seconds": 0})
    started = time.monotonic()
    for person in people:
        person.says("一")
        person.says("二")
    shop.wait_for(80)
    assert time.monotonic() - started < 80 / 50


def test_the_address_is_verified_with_an_echo(desk: Any, shop: Any) -> None:
    def echo(received: Any) -> tuple[int, bytes]:
        query = received.query
        if query["signature"] != wire.sign(DEMO_TOKEN, query["timestamp"], query["nonce"]):
            return 403, b""
        return 200, query["echostr"].encode()

    shop.answer = echo
    assert desk.ask("/account", {"callback_url": shop.url})["verified"] is True
    told = desk.ask("/account", {"token": "anotherToken"})
    assert told["verified"] is False
    assert "403" in told["why"]
    assert desk.ask("/account", {"name": "新名字"})["verified"] is None
    assert "anotherToken" not in str(told)


def test_lost_late_and_doubled_pushes(linked: Any, shop: Any) -> None:
    mei = linked.fan("小美")
    shop.got.clear()
    for kind, nth in (("callback_lost", 1), ("callback_late", 2), ("callback_duplicate", 3)):
        match = {"event": "text", "openid": mei.openid, "nth": nth}
        linked.ask("/faults", {"match": match, "action": {"kind": kind, "seconds": 7200, "after": 600}})
    for words in ("丢了", "迟到", "两遍"):
        mei.says(words)
    assert linked.platform.settle(5)
    assert [opened(received)["Content"] for received in shop.got] == ["两遍"]
    linked.advance(601)
    assert linked.platform.settle(5)
    assert len({opened(received)["MsgId"] for received in shop.wait_for(2)}) == 1
    linked.advance(7000)
    assert opened(shop.wait_for(3)[2])["Content"] == "迟到"


def test_a_push_can_overtake_the_one_before(linked: Any, shop: Any) -> None:
    mei = linked.person("小美")
    linked.ask("/faults", {"match": {"event": "subscribe", "nth": 1}, "action": {"kind": "callback_reorder"}})
    mei.does("follow")
    mei.does("unfollow")
    assert [opened(received)["Event"] for received in shop.wait_for(2)] == ["unsubscribe", "subscribe"]


def test_events_carry_what_the_contract_says(linked: Any, shop: Any) -> None:
    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ch_spring01"}}}
    ticket = linked.api("/cgi-bin/qrcode/create", scene)["ticket"]
    mei = linked.person("小美")
    mei.does("scan", scene="ch_spring01")
    mei.does("scan", scene="ch_spring01")
    follow, scan = [opened(received) for received in shop.wait_for(2)]
    assert (follow["Event"], follow["EventKey"], follow["Ticket"]) == ("subscribe", "qrscene_ch_spring01", ticket)
    assert (scan["Event"], scan["EventKey"], scan["Ticket"]) == ("SCAN", "ch_spring01", ticket)
    assert "MsgId" not in scan
    assert "扫描了“ch_spring01”" in mei.texts
    mei.does("location", lat=31.23, lon=121.47, label="黄浦区")
    mei.does("voice", recognition="几点开门")
    mei.does("choose", menu_id="s1", content="满意")
    mei.does("event", event={"Event": "user_authorization_revoke", "OpenID": mei.openid, "RevokeInfo": "6"})
    place, voice, choice, revoke = [opened(received) for received in shop.wait_for(6)[2:]]
    assert (place["Location_X"], place["Label"]) == ("31.23", "黄浦区")
    assert (voice["Format"], voice["Recognition"]) == ("amr", "几点开门")
    assert (choice["MsgType"], choice["Content"], choice["bizmsgmenuid"]) == ("text", "满意", "s1")
    assert (revoke["Event"], revoke["RevokeInfo"]) == ("user_authorization_revoke", "6")


@pytest.mark.parametrize("forge", ["signature", "stale", "app_id", "nonce", None])
def test_forged_pushes_look_forged(linked: Any, shop: Any, forge: str | None) -> None:
    body = f"<xml><FromUserName>o1</FromUserName><Content>{forge}</Content></xml>"
    (attempt,) = linked.ask("/callbacks/raw", {"body": body, "forge": forge})["attempts"]
    assert attempt["status"] == 200
    (received,) = shop.got
    query, now = received.query, linked.platform.clock.now()
    secret = received.fields["Encrypt"]
    honest = {
        "signature": query["msg_signature"] == wire.sign(DEMO_TOKEN, query["timestamp"], query["nonce"], secret),
        "stale": now - int(query["timestamp"]) < 300,
    }
    honest["nonce"] = honest["signature"]
    try:
        honest["app_id"] = wire.decrypt(secret, DEMO_AES_KEY, DEMO_APP_ID) == body.encode()
    except wire.ReplyRejected:
        honest["app_id"] = False
    wrong = {"signature", "nonce"} if forge in ("signature", "nonce") else {forge} - {None}
    assert {name for name, holds in honest.items() if not holds} == wrong


def test_without_an_address_people_can_still_talk(desk: Any) -> None:
    mei = desk.fan("小美")
    assert mei.says("有人吗")["outcome"] == "error"
    assert desk.ask("/callbacks")["callbacks"][-1]["outcome"] == "no_callback"
