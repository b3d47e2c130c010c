"""The company's control side under /_sandbox/corp/: what the phone page and tests read and do.

Doings that reach the shop answer {"message"?, "outcome", "reply"}, like those of fans.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from bot.sandbox.acts import NotPossible
from bot.sandbox.asking import BadRequest, after, answered, body_of, event_of, place, text_of, whole_of
from bot.sandbox.callbacks import Outcome
from bot.sandbox.media import paint
from bot.sandbox.phones import Message

from . import desk, events, friends, pages, population, rooms
from .company import RECEIVE_RULES
from .people import Chat, Contact, Member
from .pushes import verify_address
from .tasks import Task

if TYPE_CHECKING:
    from bot.sandbox.platform import Platform

    from .company import Company

Json = dict[str, Any]
CHANGEABLE: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "callback_url", "token", "aes_key", "secret", "contact_secret", "receive_rule"), (str,)),
    **{"frozen": (bool,), "banned": (list,), "allowlist": (list, type(None))},
}
DAY = 86400


def company_side(platform: "Platform") -> Blueprint:
    """The blueprint with all control paths of the company."""
    side = Blueprint("sandbox_corp", __name__, url_prefix="/corp")
    _read_side(side, platform)
    _member_side(side, platform)
    _contact_side(side, platform)
    _chat_side(side, platform)
    return side


def _read_side(side: Blueprint, platform: "Platform") -> None:
    @side.get("/state")
    def show_state() -> Response:
        with platform.lock:
            return answered(pages.company_on_page(platform.corp))

    @side.get("/ledger")
    def show_ledger() -> Response:
        with platform.lock:
            entries = platform.corp.phones.ledger(request.args.get("id"), after())
            return answered({"entries": [entry.in_ledger() for entry in entries]})

    @side.get("/callbacks")
    def show_callbacks() -> Response:
        with platform.lock:
            entries = [entry for entry in platform.corp.pushes.log if entry["id"] > after()]
            return answered({"callbacks": entries})

    @side.get("/<any(members, contacts, chats, robots):_room>/<key>/messages")
    def show_messages(_room: str, key: str) -> Response:
        with platform.lock:
            _holder(platform.corp, key)
            messages = platform.corp.phones.chat(key, after())
            return answered({"messages": [pages.message_on_page(platform.corp, one) for one in messages]})

    @side.post("/<any(members, contacts, chats, robots):_room>/<key>/read")
    def mark_read(_room: str, key: str) -> Response:
        with platform.lock:
            holder = _holder(platform.corp, key)
            holder.unread = 0
            platform.corp.changed("holder", holder)
            return answered(pages.holder_on_page(platform.corp, holder))

    @side.get("/qr/<config_id>")
    def show_code(config_id: str) -> Response:
        number = int.from_bytes(config_id.encode(), "big") % 2**31
        return Response(paint(number), content_type="image/png")

    @side.route("/account", methods=["GET", "POST"])
    def account() -> Response:
        """POST changes the company and, when it concerns the callback address, verifies that with a GET."""
        verified, why = None, ""
        if request.method == "POST":
            changes = _account_changes(body_of())
            with platform.lock:
                platform.corp.account |= changes
                platform.dirty = True
            if platform.corp.account["callback_url"] and changes.keys() & {"callback_url", "token", "aes_key"}:
                why = verify_address(platform, platform.corp)
                verified = not why
        secrets = ("secret", "contact_secret", "token", "aes_key")
        with platform.lock:
            public = {name: value for name, value in platform.corp.account.items() if name not in secrets}
        return answered({"account": public, "verified": verified, "why": why})

    @side.post("/event")
    def raw_change() -> Response:
        """Any change event by its own fields (`transfer_fail`, `msg_audit_approved`, `change_contact` …)."""
        fields = event_of(body_of())
        subject = str(fields.get("ExternalUserID") or fields.get("ChatId") or fields.get("UserID") or "sys")
        event, change_type = text_of(fields, "Event"), text_of(fields, "ChangeType")
        with platform.lock:
            outcome = events.change(platform.corp, event, change_type, subject, fields)
        return _told(platform, outcome)

    @side.post("/tags")
    def change_tag() -> Response:
        """In the admin console: `doing` create, update, delete or shuffle, with `id`, `name`, `group`."""
        body = body_of()
        with platform.lock:
            tag_id, outcome = rooms.change_tag(
                platform.corp,
                text_of(body, "doing"),
                tag_id=str(body.get("id") or ""),
                name=str(body.get("name") or ""),
                group=str(body.get("group") or ""),
            )
        return _told(platform, outcome, {"id": tag_id})


def _member_side(side: Blueprint, platform: "Platform") -> None:
    @side.post("/members")
    def add_member() -> Response:
        body = body_of()
        with platform.lock:
            userid = text_of(body, "userid")
            member = platform.corp.members.get(userid)
            if member is None:
                member = platform.corp.add_member(userid, str(body.get("name") or userid))
            return answered(pages.member_on_page(platform.corp, member))

    @side.post("/members/<userid>/set")
    def set_member(userid: str) -> Response:
        """visible, activated, serves (the right to customer contact), console_welcome, name."""
        body = body_of()
        with platform.lock:
            member = _member(platform.corp, userid)
            for name in ("visible", "activated", "serves", "console_welcome"):
                if name in body:
                    setattr(member, name, body[name] is True)
            member.name = str(body.get("name") or member.name)
            platform.corp.changed("member", member)
            return answered(pages.member_on_page(platform.corp, member))

    def talks(name: str, run: Callable[["Company", Member, Json], desk.Done]) -> None:
        def view(userid: str) -> Response:
            with platform.lock:
                line, outcome = run(platform.corp, _member(platform.corp, userid), body_of())
                platform.dirty = True
            return _told(platform, outcome, line=line)

        side.add_url_rule(f"/members/<userid>/{name}", f"member_{name}", view, methods=["POST"])

    talks("say", lambda company, member, body: desk.say(company, member, text_of(body, "text")))
    talks("image", lambda company, member, body: desk.send_image(company, member, str(body.get("filename") or "")))
    talks("voice", lambda company, member, _body: desk.send_voice(company, member))
    talks("location", lambda company, member, body: desk.send_location(company, member, *place(body)))
    talks("enter", lambda company, member, _body: desk.raw(company, member, {"Event": "enter_agent", "EventKey": ""}))
    talks("event", lambda company, member, body: desk.raw(company, member, event_of(body)))
    talks("tap", lambda company, member, body: desk.tap(company, member, text_of(body, "key"), body.get("card")))

    @side.get("/members/<userid>/cards")
    def show_cards(userid: str) -> Response:
        with platform.lock:
            return answered({"cards": pages.cards_of(platform.corp, _member(platform.corp, userid))})

    @side.get("/members/<userid>/tasks")
    def show_tasks(userid: str) -> Response:
        with platform.lock:
            member = _member(platform.corp, userid)
            shown = desk.tasks_of(platform.corp, member, all_of_them=request.args.get("all") == "1")
        return answered({"tasks": shown})

    @side.post("/members/<userid>/<any(confirm, part, ignore):doing>")
    def handle_task(userid: str, doing: str) -> Response:
        """`task` (its msgid; the newest that waits without); confirm takes `only`, part takes `count`."""
        body, company = body_of(), platform.corp
        with platform.lock:
            member = _member(company, userid)
            task = _task(company, member, body.get("task"))
            if doing == "confirm":
                desk.confirm(company, member, task, body.get("only"))
            elif doing == "part":
                desk.send_part(company, member, task, whole_of(body, "count", 1))
            else:
                desk.ignore(company, member, task)
            return answered(desk.task_on_page(company, task, member))


def _contact_side(side: Blueprint, platform: "Platform") -> None:
    @side.post("/contacts")
    def add_contact() -> Response:
        """`name`, and `unionid`, or `fan`: the openid of a fan who is the same person."""
        body, company = body_of(), platform.corp
        with platform.lock:
            contact = company.new_contact(
                text_of(body, "name"), unionid=str(body.get("unionid") or ""), kind=whole_of(body, "kind", 1, most=2)
            )
            if body.get("fan"):
                company.same_person(contact, platform.person(str(body["fan"])))
            return answered(pages.contact_on_page(company, contact))

    @side.post("/add_all")
    def add_all() -> Response:
        """Strangers, or the first `count` of them, add a member one after another."""
        body = body_of()
        with platform.lock:
            coming = population.add_all(platform.corp, body.get("count") and whole_of(body, "count", 0))
            return answered({"coming": coming})

    def between(name: str, run: Callable[["Company", Member, Contact, Json], Outcome | None]) -> None:
        def view(key: str) -> Response:
            body, company = body_of(), platform.corp
            with platform.lock:
                contact = _contact(company, key)
                outcome = run(company, _member(company, text_of(body, "member")), contact, body)
            return _told(platform, outcome, {"contact": pages.contact_on_page(company, contact)})

        side.add_url_rule(f"/contacts/<key>/{name}", f"contact_{name}", view, methods=["POST"])

    def how(body: Json) -> Json:
        return {"state": str(body.get("state") or ""), "add_way": whole_of(body, "add_way", 1)}

    between("add", lambda company, member, contact, body: friends.add(company, member, contact, **how(body)))
    between("half_add", lambda company, member, contact, body: friends.half_add(company, member, contact, **how(body)))
    between("leave", lambda company, member, contact, _body: friends.leave(company, member, contact))
    between("remove", lambda company, member, contact, body: friends.remove(company, member, contact, **_why(body)))
    between("edit", lambda company, member, contact, body: friends.edit(company, member, contact, body))
    between("talk", lambda company, member, contact, _body: friends.talk(company, member, contact))

    def befriend(company: "Company", member: Member, contact: Contact, body: Json) -> None:
        since = platform.clock.now() - whole_of(body, "days_ago", 30) * DAY
        remark, tags = str(body.get("remark") or ""), body.get("tags") or []
        friends.befriend(company, member, contact, since=since, remark=remark, tags=tags)

    between("befriend", befriend)

    @side.post("/contacts/<key>/scan")
    def scan(key: str) -> Response:
        """`way`: the config_id of a contact way or a join way."""
        body, company = body_of(), platform.corp
        with platform.lock:
            contact, config_id = _contact(company, key), text_of(body, "way")
            if config_id in company.ways.contact:
                outcome = friends.scan(company, contact, company.ways.contact[config_id])
            elif config_id in company.ways.join:
                _chat, outcome = rooms.scan(company, contact, company.ways.join[config_id])
            else:
                raise NotPossible("没有这个活码，或者它被删除了")
        return _told(platform, outcome, {"contact": pages.contact_on_page(company, contact)})


def _chat_side(side: Blueprint, platform: "Platform") -> None:
    @side.post("/chats")
    def add_chat() -> Response:
        """`name`, `owner`, `members` (ids); `quiet` for a group from before, `days_ago`."""
        body, company = body_of(), platform.corp
        with platform.lock:
            quiet = body.get("quiet") is True
            since = platform.clock.now() - whole_of(body, "days_ago", 0) * DAY
            owner = _member(company, text_of(body, "owner"))
            people = [str(one) for one in body.get("members") or []]
            chat, outcome = rooms.create(company, owner, text_of(body, "name"), people, quiet=quiet, since=since)
        return _told(platform, outcome, {"chat": pages.chat_on_page(company, chat)})

    def happens(name: str, run: Callable[["Company", Chat, Json], Outcome]) -> None:
        def view(key: str) -> Response:
            body, company = body_of(), platform.corp
            with platform.lock:
                chat = _chat(company, key)
                outcome = run(company, chat, body)
            return _told(platform, outcome, {"chat": pages.chat_on_page(company, chat)})

        side.add_url_rule(f"/chats/<key>/{name}", f"chat_{name}", view, methods=["POST"])

    def join(company: "Company", chat: Chat, body: Json) -> Outcome:
        scene, state = whole_of(body, "scene", 3, most=3), str(body.get("state") or "")
        return rooms.join(company, chat, text_of(body, "person"), scene=scene, state=state)

    happens("join", join)
    happens("quit", lambda company, chat, body: rooms.quit(company, chat, text_of(body, "person")))
    happens("remove", lambda company, chat, body: rooms.quit(company, chat, text_of(body, "person"), removed=True))
    happens("dismiss", lambda company, chat, _body: rooms.dismiss(company, chat))
    happens("rename", lambda company, chat, body: rooms.alter(company, chat, name=text_of(body, "name")))
    happens("notice", lambda company, chat, body: rooms.alter(company, chat, notice=text_of(body, "notice")))
    happens("owner", lambda company, chat, body: rooms.alter(company, chat, owner=_member(company, str(body["owner"]))))


def _told(
    platform: "Platform", outcome: Outcome | None, more: Json | None = None, line: Message | None = None
) -> Response:
    """Wait for the shop's answer to the first attempt; retries go on in the background."""
    company = platform.corp
    shown: Json = {} if line is None else {"message": pages.message_on_page(company, line)}
    if outcome is None:
        return answered(shown | {"outcome": "none", "reply": None} | (more or {}))
    outcome.done.wait(platform.limits["say_seconds"])
    with platform.lock:
        reply = None if outcome.reply is None else pages.message_on_page(company, outcome.reply)
    return answered(shown | {"outcome": outcome.outcome, "reply": reply} | (more or {}))


def _account_changes(body: Json) -> Json:
    for name, value in body.items():
        if name not in CHANGEABLE:
            raise BadRequest(f"unknown value {name}; known: {', '.join(CHANGEABLE)}")
        if not isinstance(value, CHANGEABLE[name]):
            raise BadRequest(f"{name}: this value has the wrong type")
    if body.get("receive_rule", "month_days") not in RECEIVE_RULES:
        raise BadRequest(f"receive_rule: one of {', '.join(RECEIVE_RULES)}")
    return body


def _why(body: Json) -> dict[str, bool]:
    return {"transfer": body.get("transfer") is True}


def _holder(company: "Company", key: str) -> Any:
    holder = company.holder(key)
    if holder is None:
        raise NotPossible(f"没有 id 为 {key} 的人或群；GET /_sandbox/corp/state 列出全部")
    return holder


def _member(company: "Company", userid: str) -> Member:
    member = company.members.get(userid)
    if member is None:
        raise NotPossible(f"没有 userid 为 {userid} 的店员")
    return member


def _contact(company: "Company", key: str) -> Contact:
    contact = company.contacts.get(key)
    if contact is None:
        raise NotPossible(f"没有 id 为 {key} 的客户")
    return contact


def _chat(company: "Company", key: str) -> Chat:
    chat = company.chats.all.get(key)
    if chat is None:
        raise NotPossible(f"没有 id 为 {key} 的客户群")
    return chat


def _task(company: "Company", member: Member, msgid: object) -> Task:
    waiting = [task for task in company.tasks.all.values() if task.open_for(member.userid)]
    if msgid is not None:
        task = company.tasks.all.get(str(msgid))
    else:
        task = waiting[-1] if waiting else None
    if task is None:
        raise NotPossible(f"{member.name}没有等待确认的群发任务")
    return task
