"""Calls to WeCom: messages to members, tasks for them, and the company's contacts, tags, ways and group chats.

Source of paths and limits: vendor manual (developer.work.weixin.qq.com, 2026), by page in the modules of each field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from bot.errors import PlatformFailure
from bot.platforms import answers
from bot.platforms.caller import Ask, Call, Caller
from bot.platforms.decisions import Decision, Outcome
from bot.platforms.http import Answer
from bot.platforms.tokens import TokenKeeper
from bot.platforms.wecom import calls, chats, contacts, tags, tasks, ways
from bot.platforms.wecom.chats import Chat, ChatPage
from bot.platforms.wecom.codes import CODES, NO_RELATION
from bot.platforms.wecom.contacts import Contact, ContactPage
from bot.platforms.wecom.pages import Page, all_rows, cursor_of, one_page
from bot.platforms.wecom.tags import CorpTagGroup
from bot.platforms.wecom.tasks import GroupTask, TaskMember, TaskResult
from bot.platforms.wecom.tokens import app_token, contact_token
from bot.platforms.wecom.ways import ContactWay, JoinWay

CONTACT_PATHS = "/cgi-bin/externalcontact/"
MEMBER = "/cgi-bin/user/get"


class WeCom(Caller):
    """The calls of one company's app, and of the app that may call customer contact where that is another."""

    codes = CODES
    source = staticmethod(app_token)

    @cached_property
    def _contact_tokens(self) -> TokenKeeper:
        return self._keep_tokens(contact_token(self.account)) if self.account.contact_secret else self.tokens

    def keeper(self, path: str) -> TokenKeeper:
        return self._contact_tokens if path.startswith(CONTACT_PATHS) else self.tokens

    def outcome(self, call: Call, answer: Answer, token: str) -> Outcome:
        """What became of a call; the platform says yes also where it leaves people out (manual, pages 90236, 92135)."""
        outcome = super().outcome(call, answer, token)
        if outcome.decision is not Decision.SENT:
            return outcome
        body = outcome.body
        if body.get("invaliduser") or body.get("unlicenseduser"):
            return replace(outcome, decision=Decision.PERSON, reason="这位同事收不到：不在应用的可见范围，或没有激活")
        # A card is changed by its response_code and never recalled by its msgid.
        return replace(
            outcome,
            platform_id=str(body.get("response_code") or outcome.platform_id),
            left_out=tuple(map(str, body.get("fail_list") or ())),
        )

    # --- messages ---

    def custom_message(self, person_id: str, content: calls.Content, *, key: str = "") -> Call:
        """A message of the app to a member; ``content`` and ``key``: see `calls.custom_message`."""
        return calls.custom_message(self.account.agent_id, person_id, content, key)

    def update_card(self, person_ids: Sequence[str], response_code: str, replaced: str) -> Call:
        """Puts a word in the place of a card's buttons: see `calls.update_card`."""
        return calls.update_card(self.account.agent_id, person_ids, response_code, replaced)

    def welcome_message(self, code: str, content: calls.Content) -> Call:
        """The welcome for a new contact: see `calls.welcome_message`."""
        return calls.welcome_message(code, content)

    def group_task(
        self, *, sender: str, person_ids: Sequence[str] = (), chat_ids: Sequence[str] = (), content: calls.Content
    ) -> Call:
        """A task for a member to send something; the outcome's ``platform_id`` is its msgid, ``left_out`` whom it misses."""
        return calls.group_task(sender=sender, person_ids=person_ids, chat_ids=chat_ids, content=content)

    # --- contacts ---

    def members(self) -> list[str]:
        """The members who may have contacts."""
        body = self.ask(contacts.MEMBERS)
        with answers.complete():
            return [str(member) for member in body["follow_user"]]

    def member_name(self, member_id: str) -> str:
        """What the company's directory calls a member, empty where the app may not know (manual, page 90196)."""
        return str(self.ask(MEMBER, query=f"&userid={quote(member_id, safe='')}").get("name") or "")

    def contact_ids(self, member_id: str) -> list[str]:
        """All contacts of a member."""
        try:
            body = self.ask(contacts.IDS, query=f"&userid={quote(member_id, safe='')}")
        except PlatformFailure as failure:
            if failure.code == NO_RELATION:
                return []
            raise
        with answers.complete():
            return [str(person) for person in body["external_userid"]]

    def contact(self, person_id: str) -> Contact:
        """One contact with every member who is listed for it."""
        person: dict[str, Any] = {}

        def fetch(cursor: str) -> Page[dict[str, Any]]:
            asked = f"&external_userid={quote(person_id, safe='')}"
            body = self.ask(contacts.ONE, query=asked + (f"&cursor={quote(cursor, safe='')}" if cursor else ""))
            with answers.complete():
                person.update(body["external_contact"])
                return list(body.get("follow_user") or ()), cursor_of(body)

        rows = {str(row.get("userid")): row for row in all_rows(fetch)}
        with answers.complete():
            return contacts.contact_of(person, list(rows.values()))

    def contacts_each(self, person_ids: Sequence[str]) -> Iterator[tuple[str, Contact | PlatformFailure]]:
        """Many contacts asked for by id, some at a time; see `ask_each`."""
        asks = [Ask(contacts.ONE, query=f"&external_userid={quote(person, safe='')}") for person in person_ids]
        for place, said in self.ask_each(asks):
            person = person_ids[place]
            yield person, said if isinstance(said, PlatformFailure) else self._whole(person, said)

    def _whole(self, person_id: str, body: dict[str, Any]) -> Contact | PlatformFailure:
        try:
            if cursor_of(body):
                return self.contact(person_id)
            with answers.complete():
                return contacts.contact_of(body["external_contact"], list(body.get("follow_user") or ()))
        except PlatformFailure as failure:
            return failure

    def contacts_of(self, member_ids: Sequence[str], cursor: str = "") -> ContactPage:
        """A page of up to 100 contacts of up to 100 members. Raises CursorLost where to begin again."""
        if not 1 <= len(member_ids) <= contacts.MEMBERS_A_CALL:
            raise ValueError(f"contacts are asked of 1 to {contacts.MEMBERS_A_CALL} members at once")

        def fetch(at: str) -> Page[dict[str, Any]]:
            asked = {"userid_list": list(member_ids), "cursor": at, "limit": contacts.CONTACTS_A_PAGE}
            body = self.ask(contacts.MANY, asked)
            return (body,), cursor_of(body)

        (body,), following = one_page(fetch, cursor)
        with answers.complete():
            return contacts.page_of(body, following)

    def remark(
        self,
        member_id: str,
        person_id: str,
        *,
        remark: str | None = None,
        description: str | None = None,
        mobiles: Sequence[str] | None = None,
    ) -> Ask:
        """The call that changes what a member has noted of a contact; None leaves it as it is, no mobiles clears them.

        The platform takes 20 characters of remark and 150 of description: longer ones are cut. Raises ValueError where
        there is nothing to change.
        """
        asked: dict[str, Any] = {}
        if remark is not None:
            asked["remark"] = remark[: contacts.REMARK_CHARACTERS]
        if description is not None:
            asked["description"] = description[: contacts.DESCRIPTION_CHARACTERS]
        if mobiles is not None:
            asked["remark_mobiles"] = list(mobiles) or [""]
        if not asked:
            raise ValueError("nothing to change")
        return Ask(contacts.REMARK, {"userid": member_id, "external_userid": person_id, **asked})

    # --- the company's tags ---

    def corp_tags(self) -> list[CorpTagGroup]:
        body = self.ask(tags.LIST, {})
        with answers.complete():
            return tags.groups_of(body)

    def add_corp_tag(self, group_name: str, name: str) -> str:
        """The id of the tag, new or there before; the group is made where it is missing."""
        body = self.ask(tags.ADD, {"group_name": group_name, "tag": [{"name": name}]})
        with answers.complete():
            group = tags.group_of(body["tag_group"])
        # A tag that was there need not be in the answer.
        found = [tag.id for tag in group.tags if tag.name == name] or [
            tag.id for other in self.corp_tags() if other.name == group_name for tag in other.tags if tag.name == name
        ]
        if not found:
            raise answers.failure("平台没有说新标签的编号，请稍后再试", None, Decision.AGAIN, answers.RETRY_SECONDS)
        return found[0]

    def edit_corp_tag(self, tag_id: str, name: str) -> None:
        self.ask(tags.EDIT, {"id": tag_id, "name": name})

    def delete_corp_tag(self, tag_id: str) -> None:
        """Takes a tag away from everybody; with the last one its group goes."""
        self.ask(tags.DELETE, {"tag_id": [tag_id]})

    def mark_tag(self, member_id: str, person_id: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Ask:
        """The call that puts tags on a contact of this member and takes others off; repeating it does no harm."""
        asked: dict[str, Any] = {"userid": member_id, "external_userid": person_id}
        if add:
            asked["add_tag"] = list(add)
        if remove:
            asked["remove_tag"] = list(remove)
        return Ask(tags.MARK, asked)

    # --- ways to add a member ---

    def add_contact_way(
        self, *, members: Sequence[str], channel: str, remark: str = "", skip_verify: bool = True
    ) -> ContactWay:
        """A new code for a channel (30 characters). After a lost answer look into `contact_ways` before another try."""
        asked = ways.contact_way(members, channel, remark, skip_verify=skip_verify)
        body = self.ask(ways.ADD_CONTACT, asked)
        with answers.complete():
            return ContactWay(str(body["config_id"]), str(body["qr_code"]), channel, tuple(members), asked["remark"])

    def update_contact_way(self, config_id: str, *, members: Sequence[str]) -> None:
        """Lets the code lead to these members from now on."""
        self.ask(ways.UPDATE_CONTACT, {"config_id": config_id, "user": ways.checked_members(members)})

    def delete_contact_way(self, config_id: str) -> None:
        self.ask(ways.DELETE_CONTACT, {"config_id": config_id})

    def contact_ways(self) -> Iterator[ContactWay]:
        """Every code this app has made, each asked for by itself."""

        def fetch(cursor: str) -> Page[str]:
            body = self.ask(ways.LIST_CONTACT, {"limit": ways.WAYS_A_PAGE, "cursor": cursor})
            with answers.complete():
                return [str(row["config_id"]) for row in body.get("contact_way") or ()], cursor_of(body)

        for config_id in dict.fromkeys(all_rows(fetch)):
            body = self.ask(ways.GET_CONTACT, {"config_id": config_id})
            with answers.complete():
                yield ways.contact_way_of(body["contact_way"])

    # --- tasks ---

    def group_tasks(self, since: datetime, until: datetime, chat_type: str, creator: str = "") -> list[GroupTask]:
        """Tasks made in up to a month; ``chat_type``: ``single`` or ``group``.

        A new one may be missing for a moment. Those made by calls need not name a creator, so asking for one may hide
        them; whose task it is says `task_members`.
        """
        asked: dict[str, Any] = {
            "chat_type": chat_type,
            "start_time": int(since.timestamp()),
            "end_time": int(until.timestamp()),
            "limit": tasks.TASKS_A_PAGE,
        }
        if creator:
            asked["creator"] = creator

        def fetch(cursor: str) -> Page[GroupTask]:
            body = self.ask(tasks.LIST, {**asked, "cursor": cursor})
            with answers.complete():
                return [tasks.task_of(row) for row in body.get("group_msg_list") or ()], cursor_of(body)

        return list({task.msgid: task for task in all_rows(fetch)}.values())

    def task_members(self, msgid: str) -> list[TaskMember]:
        """The members of a task and whether they have confirmed it."""

        def fetch(cursor: str) -> Page[TaskMember]:
            body = self.ask(tasks.MEMBERS, {"msgid": msgid, "limit": tasks.ROWS_A_PAGE, "cursor": cursor})
            with answers.complete():
                return [tasks.member_of(row) for row in body.get("task_list") or ()], cursor_of(body)

        return list({member.member_id: member for member in all_rows(fetch)}.values())

    def task_results(self, msgid: str, member_id: str) -> Iterator[TaskResult]:
        """What became of a task of a member, for each contact or chat; some may come twice."""

        def fetch(cursor: str) -> Page[TaskResult]:
            asked = {"msgid": msgid, "userid": member_id, "limit": tasks.ROWS_A_PAGE, "cursor": cursor}
            body = self.ask(tasks.RESULTS, asked)
            with answers.complete():
                return [tasks.result_of(row) for row in body.get("send_list") or ()], cursor_of(body)

        return all_rows(fetch)

    def remind_task(self, msgid: str) -> None:
        """Reminds the members who have not confirmed: three times in 24 hours at most, then code 41094."""
        self.ask(tasks.REMIND, {"msgid": msgid})

    def cancel_task(self, msgid: str) -> None:
        """Stops the members who have not confirmed; what was sent stays sent."""
        self.ask(tasks.CANCEL, {"msgid": msgid})

    # --- group chats ---

    def chats(self, owners: Sequence[str] = (), cursor: str = "") -> ChatPage:
        """A page of group chats, of up to 100 owners or of everybody (code 81017 where the app sees over 1,000 people).

        Raises CursorLost where to begin again.
        """
        if len(owners) > chats.OWNERS_A_CALL:
            raise ValueError(f"chats are asked of {chats.OWNERS_A_CALL} owners at once")
        asked: dict[str, Any] = {"status_filter": 0, "limit": chats.CHATS_A_PAGE}
        if owners:
            asked["owner_filter"] = {"userid_list": list(owners)}

        def fetch(at: str) -> Page[str]:
            body = self.ask(chats.LIST, {**asked, "cursor": at})
            with answers.complete():
                return [str(row["chat_id"]) for row in body.get("group_chat_list") or ()], cursor_of(body)

        rows, following = one_page(fetch, cursor)
        return ChatPage(tuple(rows), following)

    def chat(self, chat_id: str) -> Chat:
        body = self.ask(chats.ONE, {"chat_id": chat_id, "need_name": 1})
        with answers.complete():
            return chats.chat_of(body["group_chat"])

    def add_join_way(self, chat_ids: Sequence[str], channel: str, remark: str = "", room_name: str = "") -> JoinWay:
        """A code into up to five chats; with ``room_name`` (40 characters) a new one is opened when they are full."""
        body = self.ask(ways.ADD_JOIN, ways.join_way(chat_ids, channel, remark, room_name))
        with answers.complete():
            config_id = str(body["config_id"])
        try:
            return self.join_way(config_id)
        except PlatformFailure:
            # The way is made: failing now would have it made a second time.
            return JoinWay(config_id, "")

    def join_way(self, config_id: str) -> JoinWay:
        body = self.ask(ways.GET_JOIN, {"config_id": config_id})
        with answers.complete():
            return JoinWay(config_id, str(body["join_way"]["qr_code"]))

    def delete_join_way(self, config_id: str) -> None:
        self.ask(ways.DELETE_JOIN, {"config_id": config_id})

    def chat_welcome_add(self, content: calls.Content, *, notify: bool = True) -> str:
        """The id of a new welcome for group chats (100 a company); ``notify`` tells the members there is one."""
        body = self.ask(chats.WELCOME_ADD, {**chats.welcome(content), "notify": int(notify)})
        with answers.complete():
            return str(body["template_id"])

    def chat_welcome_edit(self, template_id: str, content: calls.Content) -> None:
        self.ask(chats.WELCOME_EDIT, {"template_id": template_id, **chats.welcome(content)})

    def chat_welcome_delete(self, template_id: str) -> None:
        self.ask(chats.WELCOME_DELETE, {"template_id": template_id})
