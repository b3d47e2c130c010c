"""The Flask application: the phone page, the control side, and every real path of the platform."""

from pathlib import Path

from flask import Flask, Request, Response, redirect, render_template, request
from werkzeug.wrappers import Response as PlainResponse

from .api import answer_call
from .control import control_side
from .platform import Platform

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
MOST_BYTES = 32 * 1024 * 1024


class _LargeFormRequest(Request):
    max_form_memory_size = MOST_BYTES


def create_app(platform: Platform) -> Flask:
    """The sandbox as a WSGI application around one platform."""
    here = Path(__file__).parent
    app = Flask(
        __name__,
        template_folder=str(here / "templates"),
        static_folder=str(here / "static"),
        static_url_path="/phone/static",
    )
    app.request_class = _LargeFormRequest
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    # A fault rule ends a connection by an exception, which must come out of the application to be seen.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.register_blueprint(control_side(platform))

    @app.get("/")
    def front_door() -> PlainResponse:
        return redirect("/phone/")

    @app.get("/phone/")
    def phone_page() -> str:
        return render_template("phone.html")

    @app.route("/<path:_path>", methods=METHODS)
    def real_path(_path: str) -> Response:
        return answer_call(platform, request)

    return app
