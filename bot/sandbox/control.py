"""The control side under /_sandbox/: what the phone page and tests read and do. It never answers a real path.

Everything is JSON; a mistake is HTTP 4xx with {"error": "what is wrong and how to repair it"}.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from . import acts, population, state
from .acts import NotPossible
from .asking import (
    BadRequest,
    after,
    answered,
    body_of,
    event_of,
    moment_of,
    one_of,
    place,
    scene_of,
    text_of,
    whole_of,
)
from .callbacks import Outcome
from .corp.control import company_side
from .errors import Refused
from .fans import HABITS, ROLES, Fan
from .probing import change_account, send_raw
from .settings import KINDS, MODES

if TYPE_CHECKING:
    from .platform import Platform

Json = dict[str, Any]


def control_side(platform: "Platform") -> Blueprint:
    """The blueprint with all control paths."""
    side = Blueprint("sandbox_control", __name__, url_prefix="/_sandbox")
    _answer_mistakes(side)
    _read_side(side, platform)
    _people_side(side, platform)
    _acts_side(side, platform)
    _world_side(side, platform)
    _wire_side(side, platform)
    side.register_blueprint(company_side(platform))
    return side


def _answer_mistakes(side: Blueprint) -> None:
    @side.errorhandler(BadRequest)
    @side.errorhandler(Refused)
    @side.errorhandler(ValueError)
    def refuse(error: Exception) -> Response:
        return answered({"error": error.errmsg if isinstance(error, Refused) else str(error)}, 400)

    @side.errorhandler(NotPossible)
    def not_possible(error: NotPossible) -> Response:
        return answered({"error": str(error)}, 409)

    @side.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        return answered({"error": error.description or error.name}, error.code or 400)


def _read_side(side: Blueprint, platform: "Platform") -> None:
    @side.get("/state")
    def show_state() -> Response:
        with platform.lock:
            account = {name: platform.account[name] for name in ("name", "kind", "app_id", "original_id", "mode")}
            account["callback_url"] = platform.account["callback_url"]
            shown: Json = {"account": account, "clock": platform.clock_on_page(), "menu": platform.menus.default}
            shown["channels"] = platform.channels.on_page()
            shown["people"] = [platform.person_on_page(fan) for fan in platform.fans]
        return answered(shown)

    @side.get("/people/<openid>/messages")
    def show_messages(openid: str) -> Response:
        with platform.lock:
            platform.person(openid)
            messages = platform.phones.chat(openid, after())
        return answered({"messages": [message.on_page() for message in messages]})

    @side.get("/stream")
    def stream() -> Response:
        response = Response(platform.stream.listen(), content_type="text/event-stream; charset=utf-8")
        response.headers["Cache-Control"] = "no-cache"
        return response

    @side.get("/ledger")
    def show_ledger() -> Response:
        with platform.lock:
            entries = platform.phones.ledger(request.args.get("openid"), after())
        return answered({"entries": [entry.in_ledger() for entry in entries]})

    @side.get("/requests")
    def show_requests() -> Response:
        with platform.lock:
            calls = platform.calls.after(after())
        return answered({"requests": [call.on_page() for call in calls]})

    @side.get("/callbacks")
    def show_callbacks() -> Response:
        with platform.lock:
            entries = [entry for entry in platform.pushes.log if entry["id"] > after()]
            return answered({"callbacks": entries})

    @side.get("/media/<media_id>")
    def show_medium(media_id: str) -> Response:
        with platform.lock:
            try:
                medium = platform.media.find(media_id, 0.0)
            except Refused:
                return answered({"error": "没有这个媒体文件"}, 404)
            content = platform.media.content(media_id)
        return Response(content or b"", content_type=medium.content_type())


def _people_side(side: Blueprint, platform: "Platform") -> None:
    @side.post("/people")
    def add_person() -> Response:
        body = body_of()
        name, habit = text_of(body, "name"), body.get("habit")
        role = body.get("role") or "customer"
        one_of("habit", habit, (None, *HABITS))
        one_of("role", role, ROLES)
        with platform.lock:
            fan = platform.fans.add(name, role=role, habit=habit)
            platform.person_changed(fan)
            platform.dirty = True
            return answered(platform.person_on_page(fan))

    @side.post("/people/<openid>/set")
    def set_person(openid: str) -> Response:
        """Beyond the page: habit, refuses (48002), minor (70000), blocked, client (1 iOS, 2 Android, 3 other)."""
        body = body_of()
        one_of("habit", body.get("habit"), (None, *HABITS))
        with platform.lock:
            fan = platform.person(openid)
            for name in ("refuses", "minor", "blocked"):
                if name in body:
                    setattr(fan, name, body[name] is True)
            if "habit" in body:
                fan.habit = body["habit"]
            if body.get("client") in (1, 2, 3):
                fan.client = body["client"]
            platform.person_changed(fan)
            platform.dirty = True
            return answered(platform.person_on_page(fan))

    @side.post("/people/<openid>/read")
    def mark_read(openid: str) -> Response:
        with platform.lock:
            fan = platform.person(openid)
            fan.unread = 0
            platform.person_changed(fan)
            platform.dirty = True
            return answered(platform.person_on_page(fan))

    @side.post("/population")
    def add_population() -> Response:
        body = body_of()
        with platform.lock:
            seed = whole_of(body, "seed", platform.chance.seed)
            added = population.settle_in(platform, whole_of(body, "count", 200, most=100_000), seed)
            for fan in added:
                platform.person_changed(fan)
            platform.dirty = True
            return answered({"added": len(added), "people": len(platform.fans)})

    @side.post("/follow_all")
    def follow_all() -> Response:
        body = body_of()
        with platform.lock:
            return answered(
                {"coming": population.follow_all(platform, body.get("count") and whole_of(body, "count", 0))}
            )


def _acts_side(side: Blueprint, platform: "Platform") -> None:
    def act(name: str, run: Callable[[Fan, Json], acts.Done]) -> None:
        def view(openid: str) -> Response:
            body = body_of()
            with platform.lock:
                line, outcome = run(platform.person(openid), body)
                platform.dirty = True
                patience = platform.limits["say_seconds"]
            return _done(line.on_page(), outcome, patience)

        side.add_url_rule(f"/people/<openid>/{name}", f"act_{name}", view, methods=["POST"])

    act("say", lambda fan, body: acts.say(platform, fan, text_of(body, "text")))
    act("follow", lambda fan, body: acts.follow(platform, fan, body.get("scene")))
    act("unfollow", lambda fan, _body: acts.unfollow(platform, fan))
    act("scan", lambda fan, body: acts.scan(platform, fan, scene_of(body)))
    act("menu", lambda fan, body: acts.tap_menu(platform, fan, text_of(body, "key")))
    act("choose", lambda fan, body: acts.choose(platform, fan, str(body.get("menu_id", "")), text_of(body, "content")))
    act("image", lambda fan, body: acts.send_image(platform, fan, str(body.get("filename") or "photo.png")))
    act("voice", lambda fan, body: acts.send_voice(platform, fan, body.get("recognition")))
    act("location", lambda fan, body: acts.send_location(platform, fan, *place(body)))
    act("event", lambda fan, body: acts.raw(platform, fan, event_of(body)))

    @side.post("/people/<openid>/pay")
    def pay(openid: str) -> Response:
        with platform.lock:
            line = acts.pay(platform, platform.person(openid))
            platform.dirty = True
        return answered({"message": line.on_page(), "outcome": "success", "reply": None})


def _done(line: Json, outcome: Outcome, patience: float) -> Response:
    """Wait for the shop's answer to the first attempt; retries go on in the background."""
    outcome.done.wait(patience)
    reply = None if outcome.reply is None else outcome.reply.on_page()
    return answered({"message": line, "outcome": outcome.outcome, "reply": reply})


def _world_side(side: Blueprint, platform: "Platform") -> None:
    @side.route("/clock", methods=["GET", "POST"])
    def clock() -> Response:
        if request.method == "POST":
            platform.set_clock(moment_of(body_of(), platform.clock.now()))
        return answered(platform.clock_on_page())

    @side.route("/limits", methods=["GET", "POST"])
    def limits() -> Response:
        with platform.lock:
            if request.method == "POST":
                platform.limits.change(body_of())
                platform.dirty = True
            return answered(platform.limits.all())

    @side.route("/faults", methods=["GET", "POST", "DELETE"])
    def faults() -> Response:
        with platform.lock:
            platform.dirty = True
            if request.method == "POST":
                return answered(platform.faults.add(body_of()).on_page())
            if request.method == "DELETE":
                platform.faults.remove()
            return answered({"faults": [rule.on_page() for rule in platform.faults]})

    @side.delete("/faults/<int:rule_id>")
    def remove_fault(rule_id: int) -> Response:
        with platform.lock:
            platform.dirty = True
            if not platform.faults.remove(rule_id):
                return answered({"error": f"没有编号为 {rule_id} 的规则"}, 404)
            return answered({"faults": [rule.on_page() for rule in platform.faults]})

    @side.post("/templates")
    def add_template() -> Response:
        """A template of the tester's own: title, and content with slots such as {{thing1.DATA}}."""
        body = body_of()
        with platform.lock:
            template = platform.templates.add(text_of(body, "title"), text_of(body, "content"))
            platform.dirty = True
        return answered({"template_id": template.template_id, "title": template.title, "content": template.content})

    @side.post("/reset")
    def reset() -> Response:
        platform.reset()
        return answered({"people": len(platform.fans)})

    @side.route("/dump", methods=["GET", "PUT"])
    def dump() -> Response:
        with platform.lock:
            if request.method == "PUT":
                platform.replace_by(body_of())
            return answered(state.dump(platform, whole=True))


def _wire_side(side: Blueprint, platform: "Platform") -> None:
    @side.route("/account", methods=["GET", "POST"])
    def account() -> Response:
        """POST changes the account and, when it concerns the server address, verifies that with a GET."""
        if request.method == "POST":
            body = body_of()
            one_of("mode", body.get("mode", "safe"), MODES)
            one_of("kind", body.get("kind", "service"), KINDS)
            return answered(change_account(platform, body))
        with platform.lock:
            return answered({"account": _public(platform.account)})

    @side.post("/callbacks/raw")
    def raw_callback() -> Response:
        return answered({"attempts": send_raw(platform, body_of())})


def _public(account: Json) -> Json:
    return {name: value for name, value in account.items() if name not in ("secret", "token", "aes_key")}
