"""The people of a company (企业微信) for stories: members who write to the app, contacts outside, customer groups.

`Company(shop)` plays the company of `Shop(…, corp=True)` through the platform's control side. Who is named is made where
there is nobody of that name yet. What a doing answers is the passive reply of the app, empty where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shop import Shop, code_in

from bot.sandbox.settings import DEMO_ROBOT_KEY

WAITING, SENT, NOT_FRIEND, OVER_QUOTA = 0, 1, 2, 3


class Company:
    """The company's people by the names a story gives them."""

    robot_key = DEMO_ROBOT_KEY

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._contacts: dict[str, Contact] = {}
        self._chats: dict[str, Chat] = {}

    @property
    def robot_url(self) -> str:
        """What a merchant copies from the client when a group robot is made."""
        return f"{self.shop.platform.base_url}/cgi-bin/webhook/send?key={self.robot_key}"

    @property
    def robot_texts(self) -> list[str]:
        """What the group robot said."""
        (robot,) = self.state["robots"]
        return [message["text"] for message in self.ask(f"/robots/{robot['id']}/messages")["messages"]]

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.ask("/state"))

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        return self.shop.ask(f"/corp{path}", body, method)

    def set(self, **account: Any) -> None:
        """Changes of the company itself: ``receive_rule``, ``frozen``, ``banned``, ``allowlist``, ``contact_secret``."""
        self.ask("/account", account)

    def member(self, userid: str, name: str = "", **set: bool) -> Member:
        """Somebody of the staff; ``visible``, ``activated``, ``serves``, ``console_welcome`` may be set."""
        self.ask("/members", {"userid": userid, "name": name or userid})
        if set:
            self.ask(f"/members/{userid}/set", set)
        return Member(self, userid)

    def contact(self, name: str, *, unionid: str = "", fan: str = "") -> Contact:
        """Somebody outside; ``fan`` is the openid of the fan of the Official Account who is the same person."""
        if name not in self._contacts:
            shown = self.ask("/contacts", {"name": name, "unionid": unionid, "fan": fan})
            self._contacts[name] = Contact(self, shown["id"], name)
        return self._contacts[name]

    def chat(
        self, name: str, owner: Member | None = None, members: Sequence[Somebody] = (), *, quiet: bool = False
    ) -> Chat:
        """A customer group; ``quiet``: one from before, nobody was told."""
        if name not in self._chats:
            assert owner is not None, "a new group needs an owner"
            self.shop.later(seconds=1)
            people = [one.id for one in members]
            shown = self.ask("/chats", {"name": name, "owner": owner.id, "members": people, "quiet": quiet})["chat"]
            self._chats[name] = Chat(self, shown["id"], name)
        return self._chats[name]

    def chat_at(self, chat_id: str) -> Chat:
        """A group the platform made by itself, when a code led into a full one."""
        return Chat(self, chat_id, next(one["name"] for one in self.state["chats"] if one["id"] == chat_id))

    def console_tag(self, doing: str, *, tag: str = "", name: str = "", group: str = "") -> str:
        """Somebody works on corp tags in the admin console: create, update, delete or shuffle; the tag's id."""
        self.shop.later(seconds=1)
        return str(self.ask("/tags", {"doing": doing, "id": tag, "name": name, "group": group})["id"])

    def event(self, **fields: str) -> None:
        """Any change event from ``sys`` by its own fields, with Event and ChangeType."""
        self.shop.later(seconds=1)
        told = self.ask("/event", {"event": fields})
        assert told["outcome"] in ("reply", "success"), told

    def tags(self) -> dict[str, dict[str, str]]:
        """Corp tags: group name → tag name → id."""
        return {group["name"]: {tag["name"]: tag["id"] for tag in group["tags"]} for group in self.state["tags"]}


class Somebody:
    """Whoever or whatever shows messages: a member, a contact, a group."""

    room = ""

    def __init__(self, company: Company, key: str, name: str) -> None:
        self.company = company
        self.id = key
        self.name = name
        self._looked_at = 0

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the shop made the phone show, oldest first."""
        chat = self.company.ask(f"/{self.room}/{self.id}/messages")["messages"]
        return [message for message in chat if message["from"] == "account"]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages]

    @property
    def pushed(self) -> list[str]:
        """What came by itself, not as the answer to something said."""
        return [message["text"] for message in self.messages if message["via"] != "passive"]

    def news(self) -> list[str]:
        """What came by itself since this was last asked."""
        fresh = [message for message in self.messages if message["id"] > self._looked_at]
        self._looked_at = fresh[-1]["id"] if fresh else self._looked_at
        return [message["text"] for message in fresh if message["via"] != "passive"]

    def does(self, act: str, **body: Any) -> str:
        """Does something and returns what was read at once; the shop must have answered it."""
        done = self.try_to(act, **body)
        assert done["outcome"] in ("reply", "success", "none"), done
        return str(done["reply"]["text"]) if done["reply"] else ""

    def try_to(self, act: str, **body: Any) -> dict[str, Any]:
        """Does something and returns what came of it, whatever that was."""
        self.company.shop.later(seconds=1)  # events carry whole seconds and no number
        return dict(self.company.ask(f"/{self.room}/{self.id}/{act}", body))


class Member(Somebody):
    """Somebody of the staff with the app on the phone."""

    room = "members"

    def __init__(self, company: Company, userid: str) -> None:
        super().__init__(company, userid, userid)

    def says(self, text: str) -> str:
        return self.does("say", text=text)

    def enters(self) -> str:
        return self.does("enter")

    def clicks(self, key: str) -> str:
        """Taps a menu item of the app."""
        return self.event(Event="click", EventKey=key)

    def event(self, **fields: Any) -> str:
        return self.does("event", event=fields)

    def sends_image(self) -> str:
        return self.does("image")

    def confirms_code(self, plan: str) -> str:
        """Types back the code that stands in a plan."""
        return self.says(f"确认 {code_in(plan)}")

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The template cards on the phone as they stand now, oldest first."""
        return list(self.company.ask(f"/members/{self.id}/cards")["cards"])

    def taps(self, button: str, card: int | None = None) -> str:
        """Presses a button (its words or its key) of the newest card that has any."""
        return self.does("tap", key=button, card=card)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The group-send tasks that wait for this member, newest first."""
        return list(self.company.ask(f"/members/{self.id}/tasks")["tasks"])

    def confirms(self, task: str | None = None, only: Sequence[Contact] | None = None) -> dict[str, int]:
        """Sends a task to all who wait, or only to these; recipient's name → what became of it (0…3)."""
        chosen = None if only is None else [contact.id for contact in only]
        return self._handles("confirm", task=task, only=chosen)

    def sends_part(self, count: int, task: str | None = None) -> dict[str, int]:
        """Sends to so many and breaks off; `confirms` goes on."""
        return self._handles("part", task=task, count=count)

    def ignores(self, task: str | None = None) -> None:
        self._handles("ignore", task=task)

    def removes(self, contact: Contact) -> None:
        contact.does("remove", member=self.id)

    def remarks(self, contact: Contact, remark: str, **more: Any) -> None:
        """A note made in the client; ``description``, ``mobiles``."""
        contact.does("edit", member=self.id, remark=remark, **more)

    def tags(self, contact: Contact, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Corp tags, by id, put on and taken off in the client."""
        contact.does("edit", member=self.id, add_tags=list(add), remove_tags=list(remove))

    def chats_with(self, contact: Contact) -> None:
        """They talk; nobody is told, but this member was the last."""
        contact.does("talk", member=self.id)

    def _handles(self, doing: str, **body: Any) -> dict[str, int]:
        self.company.shop.later(seconds=1)
        shown = self.company.ask(f"/members/{self.id}/{doing}", body)
        return {one["name"]: one["status"] for one in shown["customers"]}


class Contact(Somebody):
    """A customer outside; what is said to members stays between them."""

    room = "contacts"

    def adds(self, member: Member, state: str = "", add_way: int = 1) -> None:
        """They become friends; the welcome, if there is one, is on the phone when this returns and a worker sent it."""
        self.does("add", member=member.id, state=state, add_way=add_way)

    def half_adds(self, member: Member, state: str = "") -> None:
        self.does("half_add", member=member.id, state=state)

    def scans(self, way: str) -> None:
        """A code of the shop's by its config_id: to a member, or into a group."""
        self.does("scan", way=way)

    def leaves(self, member: Member) -> None:
        """Removes the member, who is told nothing by the client."""
        self.does("leave", member=member.id)

    def befriends(self, member: Member, days_ago: int = 30, remark: str = "", tags: Sequence[str] = ()) -> Contact:
        """Friends from before: no event."""
        body = {"member": member.id, "days_ago": days_ago, "remark": remark, "tags": list(tags)}
        self.company.ask(f"/contacts/{self.id}/befriend", body)
        return self

    @property
    def page(self) -> dict[str, Any]:
        """The contact as the platform knows it: ``friends`` with relation, remark, tags; ``chats``."""
        return next(one for one in self.company.state["contacts"] if one["id"] == self.id)

    def friend_of(self, member: Member) -> dict[str, Any]:
        return next(friend for friend in self.page["friends"] if friend["userid"] == member.id)

    @property
    def file(self) -> dict[str, Any]:
        """The customer's record in ``shuke export customers``."""
        for record in self.company.shop.export("customers"):
            if any(identity["id"] == self.id for identity in record["identities"]):
                return record
        raise LookupError(f"{self.name} is no customer of the shop")

    @property
    def number(self) -> int:
        return int(self.file["number"])


class Chat(Somebody):
    """A customer group."""

    room = "chats"

    def joins(self, person: Somebody, scene: int = 3, state: str = "") -> None:
        """``scene`` 1 invited, 2 by link, 3 by QR."""
        self.does("join", person=person.id, scene=scene, state=state)

    def quits(self, person: Somebody) -> None:
        self.does("quit", person=person.id)

    def throws_out(self, person: Somebody) -> None:
        self.does("remove", person=person.id)

    def dismiss(self) -> None:
        self.does("dismiss")

    def renamed(self, name: str) -> None:
        self.does("rename", name=name)

    def noticed(self, notice: str) -> None:
        self.does("notice", notice=notice)

    def owned_by(self, member: Member) -> None:
        self.does("owner", owner=member.id)

    @property
    def members(self) -> list[str]:
        """The names of those in it."""
        return [one["name"] for one in self.page["members"]]

    @property
    def page(self) -> dict[str, Any]:
        return next(one for one in self.company.state["chats"] if one["id"] == self.id)
