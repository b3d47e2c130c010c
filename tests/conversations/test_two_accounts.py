"""A shop with two accounts: a picture staff send to one reaches the customer who follows the other."""

import pytest
from shop import MONDAY, Person, PlatformPort

from bot.sandbox import DEMO_AES_KEY, DEMO_APP_ID, DEMO_SECRET, DEMO_TOKEN, Platform
from bot.sandbox import Settings as PlatformSettings

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BRANCH = f"""
[[accounts]]
name = "branch"
kind = "service"
app_id = "{DEMO_APP_ID}"
secret = "{DEMO_SECRET}"
token = "{DEMO_TOKEN}"
aes_key = "{DEMO_AES_KEY}"
api_base_url = "{{url}}"
"""


class Branch:
    """The other account, on a platform of its own whose clock follows the first one's."""

    spooled = False

    def __init__(self, shop, port):
        callback, url = "http://shop/callback/branch", port.url
        self.platform = Platform(
            PlatformSettings(callback=callback, population=0, following=0, seed=99, base_url=url), transport=shop._push
        )
        self._shop = shop
        self._control = port.answers_for(self.platform)
        self.ask("/clock", {"now": shop.clock.now().isoformat()})

    def ask(self, path, body=None, method=None):
        verb = method or ("GET" if body is None else "POST")
        answer = self._control.test_client().open(f"/_sandbox{path}", method=verb, json=body)
        assert answer.status_code == 200, answer.data.decode()
        return answer.get_json(force=True)

    def later(self, **span):
        self._shop.later(**span)
        self.ask("/clock", {"now": self._shop.clock.now().isoformat()})


@pytest.fixture
def other_port():
    port = PlatformPort()
    yield port
    port.close()


@pytest.fixture
def shop(open_shop, other_port):
    return open_shop(more_accounts=BRANCH.format(url=other_port.url), start=MONDAY)


@pytest.fixture
def branch(shop, other_port):
    branch = Branch(shop, other_port)
    yield branch
    branch.platform.close()


@pytest.fixture
def mei(branch):
    """A customer who follows the branch's account only."""
    person = Person(branch, branch.ask("/people", {"name": "小美"}))
    person.follows()
    branch.later(seconds=2)
    person.says("我叫小美")
    return person


def pushed(person):
    return [message["type"] for message in person.phone.messages if message["via"] == "custom"]


def test_a_picture_and_a_voice_message_are_brought_to_her_account(shop, branch, boss, mei):
    mei.says("裙子什么样的")
    assert "10 分钟内" in boss.says("回 小美")
    assert "正在发给 小美" in boss.does("image")
    boss.says("回 小美")
    assert "正在发给 小美" in boss.speaks("这件有货")
    assert "回复正在发" in boss.says("待回")
    shop.work()
    assert sorted(pushed(mei)) == ["image", "voice"]
    assert "没有顾客在等" in boss.says("待回")
    uploads = [call for call in branch.ask("/requests")["requests"] if call["path"].endswith("/media/upload")]
    assert len(uploads) == 2
    assert shop.calls("/media/upload") == []
    shop.work()
    assert len(pushed(mei)) == 2
    assert shop.rows("SELECT * FROM media_copies") == []


def test_it_draws_on_the_allowance_before_it_has_got_there(shop, branch, boss, mei):
    branch.later(minutes=5)
    mei.says("裙子什么样的")
    boss.says("回 小美")
    for left in (4, 3, 2, 1, 0):
        assert f"还能回 {left} 条" in boss.does("image")
    assert "都在路上" in boss.does("image")
    shop.work()
    assert pushed(mei) == ["image"] * 5


def test_a_platform_that_is_away_for_a_moment_gets_it_later(shop, branch, boss, mei):
    mei.says("裙子什么样的")
    boss.says("回 小美")
    rule = branch.ask(
        "/faults", {"match": {"path": "*/media/upload"}, "when": None, "action": {"kind": "errcode", "errcode": -1}}
    )["id"]
    boss.does("image")
    shop.work()
    assert pushed(mei) == []
    branch.ask(f"/faults/{rule}", method="DELETE")
    branch.later(minutes=1)
    shop.work()
    assert pushed(mei) == ["image"]


def test_what_cannot_be_brought_over_is_told_and_she_goes_on_waiting(shop, branch, boss, mei):
    mei.says("裙子什么样的")
    boss.says("回 小美")
    fault = {"match": {"path": "*/media/upload"}, "when": None, "action": {"kind": "errcode", "errcode": 40009}}
    branch.ask("/faults", fault)
    boss.does("image")
    shop.work()
    shop.goes_on()
    assert pushed(mei) == []
    told = next(text for text in boss.phone.texts if "没有发给 小美" in text)
    assert "没能转到 TA 关注的公众号" in told
    assert "裙子什么样的" in boss.says("待回")
