"""The company's side of the phone page in a real browser: a card, a group-send task, a friend who leaves, a group."""

from collections.abc import Callable
from typing import Any

import pytest
from test_phone_page import PHONE, Sandbox, Shop, browser, expect, said, sandbox, shop, window

from bot.sandbox.settings import DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_CORP_SECRET

__all__ = ["browser", "sandbox", "shop", "window"]  # the fixtures of the page's other stories
pytestmark = pytest.mark.browser


def as_company(sandbox: Sandbox, path: str, body: dict[str, Any]) -> dict[str, Any]:
    token = sandbox.call("/cgi-bin/gettoken", corpid=DEMO_CORP_ID, corpsecret=DEMO_CORP_SECRET)["access_token"]
    answer = sandbox.call(f"/cgi-bin/{path}", body, access_token=token)
    assert answer["errcode"] == 0, answer
    return answer


def test_a_member_taps_a_card_sends_a_task_and_the_customer_reads_it(
    window: Callable[..., Any], sandbox: Sandbox, shop: Shop
) -> None:
    sandbox.call("/_sandbox/corp/account", {"callback_url": shop.address})  # without one no card has buttons
    state = sandbox.call("/_sandbox/corp/state")
    mine = [one for one in state["contacts"] if any(friend["userid"] == "laoban" for friend in one["friends"])][:2]
    card = {"card_type": "button_interaction", "task_id": "t1", "main_title": {"title": "群发 12"}}
    card["button_list"] = [{"text": "确认", "key": "确认 AB12"}]
    message = {"touser": "laoban", "agentid": DEMO_AGENT_ID, "msgtype": "template_card", "template_card": card}

    page = window(size=PHONE)
    page.get_by_test_id("side-company").click()
    page.get_by_test_id("person-laoban").click()
    code = as_company(sandbox, "message/send", message)["response_code"]
    page.get_by_test_id("card-button").click()
    expect(said(page, "点击了“确认”")).to_be_visible()
    change = {"userids": ["laoban"], "agentid": DEMO_AGENT_ID, "response_code": code}
    as_company(sandbox, "message/update_template_card", change | {"button": {"replace_name": "已确认"}})
    expect(page.get_by_test_id("card-done")).to_have_text("已确认")
    expect(page.get_by_test_id("card-button")).to_have_count(0)

    task = {"external_userid": [one["id"] for one in mine], "sender": "laoban", "text": {"content": "周末有茶"}}
    as_company(sandbox, "externalcontact/add_msg_template", task)
    page.get_by_test_id("task-open").click()
    first = page.get_by_test_id("task-customer").first
    first.get_by_role("checkbox").uncheck()
    page.get_by_test_id("task-confirm").click()
    expect(page.get_by_test_id("task-state")).to_have_text("已发送")
    page.get_by_test_id("back").click()
    page.get_by_test_id(f"person-{mine[1]['id']}").click()
    expect(said(page, "周末有茶")).to_contain_text("老板娘")
    assert sandbox.call("/_sandbox/corp/ledger", id=mine[0]["id"])["entries"] == []

    page.get_by_test_id("foot-friends").click()
    friend = page.locator("[data-testid=friend][data-member=laoban]")
    friend.get_by_test_id("friend-leave").click()
    page.get_by_test_id("foot-friends").click()
    expect(friend).to_have_attribute("data-relation", "left")


def test_a_customer_joins_a_group_by_its_code(window: Callable[..., Any], sandbox: Sandbox) -> None:
    (chat,) = sandbox.call("/_sandbox/corp/state")["chats"]
    as_company(sandbox, "externalcontact/groupchat/add_join_way", {"scene": 2, "chat_id_list": [chat["id"]]})
    page = window()
    page.get_by_test_id("side-company").click()
    page.get_by_test_id("person-new").click()
    page.get_by_test_id("contact-name").fill("小美")
    page.get_by_test_id("contact-send").click()
    page.get_by_role("region", name="小美的手机").get_by_test_id("foot-scan").click()
    page.get_by_test_id("way").click()
    expect(page.get_by_test_id("ways-sheet")).to_have_count(0)
    page.get_by_test_id(f"person-{chat['id']}").click()
    expect(said(page.get_by_role("region", name="客户群"), "小美通过扫描二维码加入了群聊")).to_be_visible()
