"""Reading what a control call brings, and answering it."""

import json
from typing import Any

from flask import Response, request

from .clock import read_moment

Json = dict[str, Any]


class BadRequest(ValueError):
    """The body of a control call is not what it should be."""


def answered(shown: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(shown, ensure_ascii=False), status=status, content_type="application/json; charset=utf-8"
    )


def body_of() -> Json:
    """The call's JSON object, empty where there is no body."""
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


def text_of(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(f"{name}: a text is needed")
    return value


def whole_of(body: Json, name: str, default: int, most: int = 2**53) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadRequest(f"{name}: a whole number of 0…{most} is needed")
    return value


def one_of(name: str, value: Any, permitted: tuple[Any, ...]) -> None:
    if value not in permitted:
        raise BadRequest(f"{name}: one of {', '.join(map(str, permitted))}")


def scene_of(body: Json) -> str | int:
    scene = body.get("scene")
    if not isinstance(scene, str | int) or isinstance(scene, bool) or scene == "":
        raise BadRequest("scene: the scene of a parametric QR code is needed")
    return scene


def event_of(body: Json) -> Json:
    event = body.get("event")
    if not isinstance(event, dict) or not event:
        raise BadRequest("event: an object with the event's own fields is needed")
    return event


def place(body: Json) -> tuple[float, float, str]:
    try:
        return float(body["lat"]), float(body["lon"]), str(body.get("label") or "")
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest("lat and lon: two numbers are needed") from error


def moment_of(body: Json, now: float) -> float:
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


def after() -> int:
    after = request.args.get("after", "0")
    if not after.isdecimal():
        raise BadRequest("after: the id of the last entry already known")
    return int(after)
