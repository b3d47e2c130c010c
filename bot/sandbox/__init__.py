"""演练平台: an Official Account and a WeCom company of our own, speaking the real wire format, for laptops and tests.

`serve(argv)` runs it as a process of its own; `Platform(Settings(...))` with `create_app(platform)` runs it inside a
test. It imports nothing else of ours, so that what it says about the wire is a second opinion and not an echo.
"""

from .app import create_app
from .platform import Platform
from .server import serve
from .settings import DEMO_AES_KEY, DEMO_APP_ID, DEMO_ORIGINAL_ID, DEMO_SECRET, DEMO_TOKEN, Settings

__all__ = [
    "DEMO_AES_KEY",
    "DEMO_APP_ID",
    "DEMO_ORIGINAL_ID",
    "DEMO_SECRET",
    "DEMO_TOKEN",
    "Platform",
    "Settings",
    "create_app",
    "serve",
]
