"""The platforms: what their callbacks say, in our words, and the calls to them."""

import importlib.util
import sys


def _prepare_wechatpy() -> None:
    """Opens the library's package without running its front page.

    That imports clients for every product of the platform, and requests with them: 130 ms of every start and 8 MB of
    every process, for a cipher and the message types.
    """
    spec = None if "wechatpy" in sys.modules else importlib.util.find_spec("wechatpy")
    if spec is not None:
        sys.modules["wechatpy"] = importlib.util.module_from_spec(spec)


_prepare_wechatpy()
