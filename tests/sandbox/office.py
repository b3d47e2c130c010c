"""A sandbox's company in this process: API calls by `api`, people through the control side, pushes read by a shop."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmltodict

from bot.sandbox import Platform, create_app, wire
from bot.sandbox.corp.pushes import as_wire
from bot.sandbox.settings import DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_CORP_SECRET, Settings


class Office:
    """The company's desk: whoever is named is made; `pushes` are the opened callbacks, oldest first."""

    def __init__(self, **settings: Any) -> None:
        self.pushes: list[dict[str, Any]] = []
        self.envelopes: list[dict[str, Any]] = []
        self.answer: bytes = b""
        chosen = Settings(**({"population": 0, "corp_callback": "http://shop/callback/corp"} | settings))
        self.platform = Platform(chosen, transport=self._hear)
        self.corp = self.platform.corp
        self.client = create_app(self.platform).test_client()
        self._token: str | None = None

    def _hear(self, method: str, url: str, body: bytes, _headers: Any, _seconds: float) -> tuple[int, bytes]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        account = self.corp.account
        secret = query["echostr"] if method == "GET" else xmltodict.parse(body)["xml"]["Encrypt"]
        signed = wire.sign(account["token"], query["timestamp"], query["nonce"], secret)
        assert signed == query["msg_signature"]
        clear = wire.decrypt(secret, account["aes_key"], account["corp_id"])
        if method == "GET":
            return 200, clear
        self.envelopes.append(xmltodict.parse(body)["xml"])
        self.pushes.append(xmltodict.parse(clear)["xml"])
        return 200, self.answer

    def reply(self, userid: str, inner: str) -> None:
        """What the shop answers from now on: this reply, sealed."""
        account = self.corp.account
        xml = (
            f"<xml><ToUserName>{userid}</ToUserName><FromUserName>{DEMO_CORP_ID}</FromUserName>"
            f"<CreateTime>1790000000</CreateTime>{inner}</xml>"
        )
        secret = wire.encrypt(xml.encode(), account["aes_key"], account["corp_id"], b"0123456789abcdef")
        signature = wire.sign(as_wire(account)["token"], "1790000000", "nonce", secret)
        sealed = {"Encrypt": secret, "MsgSignature": signature, "TimeStamp": "1790000000", "Nonce": "nonce"}
        self.answer = wire.build(sealed).encode()

    # -- calls --------------------------------------------------------------------------------------------------------

    def token(self, secret: str = DEMO_CORP_SECRET) -> str:
        return str(self.gettoken(corpsecret=secret)["access_token"])

    def gettoken(self, **changes: str) -> dict[str, Any]:
        given = {"corpid": DEMO_CORP_ID, "corpsecret": DEMO_CORP_SECRET} | changes
        return dict(self.client.get("/cgi-bin/gettoken", query_string=given).get_json(force=True))

    def api(self, path: str, body: dict[str, Any] | None = None, *, token: str | None = None, **query: Any) -> Any:
        """POST with a body, GET without; the JSON that came back."""
        if token is None:
            self._token = token = self._token or self.token()
        method = "GET" if body is None else "POST"
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        query["access_token"] = token
        answer = self.client.open(f"/cgi-bin/{path}", method=method, data=sent, query_string=query)
        return json.loads(answer.data)

    def customers(self, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        return self.api(f"externalcontact/{path}", body, **query)

    def send(self, touser: str, words: str = "您好", **more: Any) -> Any:
        message = {"msgtype": "text", "text": {"content": words}} | more
        return self.api("message/send", {"touser": touser, "agentid": DEMO_AGENT_ID, **message})

    # -- people -------------------------------------------------------------------------------------------------------

    def ask(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
        method = "GET" if body is None else "POST"
        answer = self.client.open(f"/_sandbox{path}", method=method, json=body)
        assert answer.status_code == status, answer.data.decode()
        return answer.get_json(force=True)

    def member(self, userid: str, **set: bool) -> str:
        self.ask("/corp/members", {"userid": userid, "name": userid})
        if set:
            self.ask(f"/corp/members/{userid}/set", set)
        return userid

    def contact(self, name: str, *friends: str, **more: Any) -> str:
        """Somebody outside, a friend of these members from before; their external_userid."""
        key = str(self.ask("/corp/contacts", {"name": name})["id"])
        for member in friends:
            self.ask(f"/corp/contacts/{key}/befriend", {"member": member, **more})
        return key

    def does(self, who: str, act: str, **body: Any) -> Any:
        """A member, contact (wm…) or group (wr…) does something."""
        room = "contacts" if who.startswith("wm") else "chats" if who.startswith("wr") else "members"
        return self.ask(f"/corp/{room}/{who}/{act}", body)

    def texts(self, who: str) -> list[str]:
        return [entry["content"] for entry in self.ask(f"/corp/ledger?id={who}")["entries"]]

    def shown(self, who: str) -> list[dict[str, Any]]:
        room = "contacts" if who.startswith("wm") else "chats" if who.startswith("wr") else "members"
        return list(self.ask(f"/corp/{room}/{who}/messages")["messages"])

    def tasks(self, userid: str) -> list[dict[str, Any]]:
        return list(self.ask(f"/corp/members/{userid}/tasks")["tasks"])

    def later(self, seconds: float) -> None:
        self.ask("/clock", {"advance": seconds})

    def at(self, moment: str) -> None:
        self.ask("/clock", {"iso": moment})
        self._token = None

    def fault(self, action: dict[str, Any], **match: Any) -> None:
        self.ask("/faults", {"match": match, "action": action})

    def close(self) -> None:
        self.platform.close()


def code_of(answer: Any) -> int:
    return int(answer["errcode"])
