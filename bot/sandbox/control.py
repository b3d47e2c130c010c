"""The control side under /_sandbox/: what the phone page and tests read and do. It never answers a real path.

Everything is JSON; a mistake is HTTP 4xx with {"error": "what is wrong and how to repair it"}.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from . import acts, population, state
from .acts import NotPossible
from .callbacks import Outcome
from .clock import read_moment
from .errors import Refused
from .fans import HABITS, ROLES, Fan
from .probing import change_account, send_raw
from .settings import KINDS, MODES

if TYPE_CHECKING:
    from .platform import Platform

Json = dict[str, Any]


class BadRequest(ValueError):
    """The body of a control call is not what it should be."""


def control_side(platform: "Platform") -> Blueprint:
    """The blueprint with all control paths."""
    side = Blueprint("sandbox_control", __name__, url_prefix="/_sandbox")
    _answer_mistakes(side)
    _read_side(side, platform)
    _people_side(side, platform)
    _acts_side(side, platform)
    _world_side(side, platform)
    _wire_side(side, platform)
    return side


def _answer_mistakes(side: Blueprint) -> None:
    @side.errorhandler(BadRequest)
    @side.errorhandler(Refused)
    @side.errorhandler(ValueError)
    def refuse(error: Exception) -> Response:
        return _json({"error": error.errmsg if isinstance(error, Refused) else str(error)}, 400)

    @side.errorhandler(NotPossible)
    def not_possible(error: NotPossible) -> Response:
        return _json({"error": str(error)}, 409)

    @side.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        return _json({"error": error.description or error.name}, error.code or 400)


def _read_side(side: Blueprint, platform: "Platform") -> None:
    @side.get("/state")
    def show_state() -> Response:
        with platform.lock:
            account = {name: platform.account[name] for name in ("name", "kind", "app_id", "original_id", "mode")}
            account["callback_url"] = platform.account["callback_url"]
            shown: Json = {"account": account, "clock": platform.clock_on_page(), "menu": platform.menus.default}
            shown["channels"] = platform.channels.on_page()
            shown["people"] = [platform.person_on_page(fan) for fan in platform.fans]
        return _json(shown)

    @side.get("/people/<openid>/messages")
    def show_messages(openid: str) -> Response:
        with platform.lock:
            platform.person(openid)
            messages = platform.phones.chat(openid, _after())
        return _json({"messages": [message.on_page() for message in messages]})

    @side.get("/stream")
    def stream() -> Response:
        response = Response(platform.stream.listen(), content_type="text/event-stream; charset=utf-8")
        response.headers["Cache-Control"] = "no-cache"
        return response

    @side.get("/ledger")
    def show_ledger() -> Response:
        with platform.lock:
            entries = platform.phones.ledger(request.args.get("openid"), _after())
        return _json({"entries": [entry.in_ledger() for entry in entries]})

    @side.get("/requests")
    def show_requests() -> Response:
        with platform.lock:
            calls = platform.calls.after(_after())
        return _json({"requests": [call.on_page() for call in calls]})

    @side.get("/callbacks")
    def show_callbacks() -> Response:
        with platform.lock:
            entries = [entry for entry in platform.pushes.log if entry["id"] > _after()]
            return _json({"callbacks": entries})

    @side.get("/media/<media_id>")
    def show_medium(media_id: str) -> Response:
        with platform.lock:
            try:
                medium = platform.media.find(media_id, 0.0)
            except Refused:
                return _json({"error": "没有这个媒体文件"}, 404)
            content = platform.media.content(media_id)
        return Response(content or b"", content_type=medium.content_type())


def _people_side(side: Blueprint, platform: "Platform") -> None:
    @side.post("/people")
    def add_person() -> Response:
        body = _body()
        name, habit = _text(body, "name"), body.get("habit")
        role = body.get("role") or "customer"
        _one_of("habit", habit, (None, *HABITS))
        _one_of("role", role, ROLES)
        with platform.lock:
            fan = platform.fans.add(name, role=role, habit=habit)
            platform.person_changed(fan)
            platform.dirty = True
            return _json(platform.person_on_page(fan))

    @side.post("/people/<openid>/set")
    def set_person(openid: str) -> Response:
        """Beyond the page: habit, refuses (48002), minor (70000), blocked, client (1 iOS, 2 Android, 3 other)."""
        body = _body()
        _one_of("habit", body.get("habit"), (None, *HABITS))
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
            return _json(platform.person_on_page(fan))

    @side.post("/people/<openid>/read")
    def mark_read(openid: str) -> Response:
        with platform.lock:
            fan = platform.person(openid)
            fan.unread = 0
            platform.person_changed(fan)
            platform.dirty = True
            return _json(platform.person_on_page(fan))

    @side.post("/population")
    def add_population() -> Response:
        body = _body()
        with platform.lock:
            seed = _whole(body, "seed", platform.chance.seed)
            added = population.settle_in(platform, _whole(body, "count", 200, most=100_000), seed)
            for fan in added:
                platform.person_changed(fan)
            platform.dirty = True
            return _json({"added": len(added), "people": len(platform.fans)})

    @side.post("/follow_all")
    def follow_all() -> Response:
        body = _body()
        with platform.lock:
            return _json({"coming": population.follow_all(platform, body.get("count") and _whole(body, "count", 0))})


def _acts_side(side: Blueprint, platform: "Platform") -> None:
    def act(name: str, run: Callable[[Fan, Json], acts.Done]) -> None:
        def view(openid: str) -> Response:
            body = _body()
            with platform.lock:
                line, outcome = run(platform.person(openid), body)
                platform.dirty = True
                patience = platform.limits["say_seconds"]
            return _done(line.on_page(), outcome, patience)

        side.add_url_rule(f"/people/<openid>/{name}", f"act_{name}", view, methods=["POST"])

    act("say", lambda fan, body: acts.say(platform, fan, _text(body, "text")))
    act("follow", lambda fan, body: acts.follow(platform, fan, body.get("scene")))
    act("unfollow", lambda fan, _body: acts.unfollow(platform, fan))
    act("scan", lambda fan, body: acts.scan(platform, fan, _scene(body)))
    act("menu", lambda fan, body: acts.tap_menu(platform, fan, _text(body, "key")))
    act("choose", lambda fan, body: acts.choose(platform, fan, str(body.get("menu_id", "")), _text(body, "content")))
    act("image", lambda fan, body: acts.send_image(platform, fan, str(body.get("filename") or "photo.png")))
    act("voice", lambda fan, body: acts.send_voice(platform, fan, body.get("recognition")))
    act("location", lambda fan, body: acts.send_location(platform, fan, *_place(body)))
    act("event", lambda fan, body: acts.raw(platform, fan, _fields(body)))

    @side.post("/people/<openid>/pay")
    def pay(openid: str) -> Response:
        with platform.lock:
            line = acts.pay(platform, platform.person(openid))
            platform.dirty = True
        return _json({"message": line.on_page(), "outcome": "success", "reply": None})


def _done(line: Json, outcome: Outcome, patience: float) -> Response:
    """Wait for the shop's answer to the first attempt; retries go on in the background."""
    outcome.done.wait(patience)
    reply = None if outcome.reply is None else outcome.reply.on_page()
    return _json({"message": line, "outcome": outcome.outcome, "reply": reply})


def _world_side(side: Blueprint, platform: "Platform") -> None:
    @side.route("/clock", methods=["GET", "POST"])
    def clock() -> Response:
        if request.method == "POST":
            platform.set_clock(_moment(_body(), platform.clock.now()))
        return _json(platform.clock_on_page())

    @side.route("/limits", methods=["GET", "POST"])
    def limits() -> Response:
        with platform.lock:
            if request.method == "POST":
                platform.limits.change(_body())
                platform.dirty = True
            return _json(platform.limits.all())

    @side.route("/faults", methods=["GET", "POST", "DELETE"])
    def faults() -> Response:
        with platform.lock:
            platform.dirty = True
            if request.method == "POST":
                return _json(platform.faults.add(_body()).on_page())
            if request.method == "DELETE":
                platform.faults.remove()
            return _json({"faults": [rule.on_page() for rule in platform.faults]})

    @side.delete("/faults/<int:rule_id>")
    def remove_fault(rule_id: int) -> Response:
        with platform.lock:
            platform.dirty = True
            if not platform.faults.remove(rule_id):
                return _json({"error": f"没有编号为 {rule_id} 的规则"}, 404)
            return _json({"faults": [rule.on_page() for rule in platform.faults]})

    @side.post("/templates")
    def add_template() -> Response:
        """A template of the tester's own: title, and content with slots such as {{thing1.DATA}}."""
        body = _body()
        with platform.lock:
            template = platform.templates.add(_text(body, "title"), _text(body, "content"))
            platform.dirty = True
        return _json({"template_id": template.template_id, "title": template.title, "content": template.content})

    @side.post("/reset")
    def reset() -> Response:
        platform.reset()
        return _json({"people": len(platform.fans)})

    @side.route("/dump", methods=["GET", "PUT"])
    def dump() -> Response:
        with platform.lock:
            if request.method == "PUT":
                platform.replace_by(_body())
            return _json(state.dump(platform, whole=True))


def _wire_side(side: Blueprint, platform: "Platform") -> None:
    @side.route("/account", methods=["GET", "POST"])
    def account() -> Response:
        """POST changes the account and, when it concerns the server address, verifies that with a GET."""
        if request.method == "POST":
            body = _body()
            _one_of("mode", body.get("mode", "safe"), MODES)
            _one_of("kind", body.get("kind", "service"), KINDS)
            return _json(change_account(platform, body))
        with platform.lock:
            return _json({"account": _public(platform.account)})

    @side.post("/callbacks/raw")
    def raw_callback() -> Response:
        return _json({"attempts": send_raw(platform, _body())})


def _public(account: Json) -> Json:
    return {name: value for name, value in account.items() if name not in ("secret", "token", "aes_key")}


def _json(shown: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(shown, ensure_ascii=False), status=status, content_type="application/json; charset=utf-8"
    )


def _body() -> Json:
    raw = request.get_data()
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(body, dict):
        raise BadRequest("the body must be one JSON object")
    return body


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(f"{name}: a text is needed")
    return value


def _whole(body: Json, name: str, default: int, most: int = 2**53) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadRequest(f"{name}: a whole number of 0…{most} is needed")
    return value


def _one_of(name: str, value: Any, permitted: tuple[Any, ...]) -> None:
    if value not in permitted:
        raise BadRequest(f"{name}: one of {', '.join(map(str, permitted))}")


def _scene(body: Json) -> str | int:
    scene = body.get("scene")
    if not isinstance(scene, str | int) or isinstance(scene, bool) or scene == "":
        raise BadRequest("scene: the scene of a parametric QR code is needed")
    return scene


def _fields(body: Json) -> Json:
    event = body.get("event")
    if not isinstance(event, dict) or not event:
        raise BadRequest("event: an object with the event's own fields is needed")
    return event


def _place(body: Json) -> tuple[float, float, str]:
    try:
        return float(body["lat"]), float(body["lon"]), str(body.get("label") or "")
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest("lat and lon: two numbers are needed") from error


def _moment(body: Json, now: float) -> float:
    if "advance" in body:
        seconds = body["advance"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise BadRequest("advance: a number of seconds is needed")
        return now + seconds
    wanted = body.get("now", body.get("iso"))
    if isinstance(wanted, str):
        return read_moment(wanted)
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise BadRequest("now (epoch seconds or ISO time), iso, or advance (seconds) is needed")
    return float(wanted)


def _after() -> int:
    after = request.args.get("after", "0")
    if not after.isdecimal():
        raise BadRequest("after: the id of the last entry already known")
    return int(after)
