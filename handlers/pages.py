"""Answers are read on a phone: at most 600 characters at once, the rest with 更多."""

from __future__ import annotations

PAGE = 600  # characters of one answer
GOES_ON = "\n（还有，回复“更多”接着看）"
GOES_ON_BELOW = "\n（接下一条）"
REPLY_LIMIT = 2048  # bytes of UTF-8 in a passive text reply (official manual, Passive_user_reply_message)
_JOINS = "\u200d\ufe0f\ufe0e\u20e3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


def first_page(text: str, room: int = PAGE) -> tuple[str, str]:
    """What is shown now, cut at a line's end where there is one, and what follows it; empty if all fits."""
    if len(text) <= room and len(text.encode()) <= REPLY_LIMIT:
        return text, ""
    fits = text[: room - len(GOES_ON)]
    fits = fits.encode()[: REPLY_LIMIT - len(GOES_ON.encode())].decode(errors="ignore")
    line_end = fits.rfind("\n")
    # A short heading above one long line is no good place, nor is the middle of an emoji.
    end = line_end if line_end > len(fits) // 2 else _between_signs(text, len(fits))
    return text[:end] + GOES_ON, text[end:].removeprefix("\n")


def split(text: str) -> list[str]:
    """A text in pieces of which each fits into one message, for who has no 更多: customers."""
    pieces = []
    while len(text.encode()) > REPLY_LIMIT:
        fits = text.encode()[: REPLY_LIMIT - len(GOES_ON_BELOW.encode())].decode(errors="ignore")
        line_end = fits.rfind("\n")
        end = line_end if line_end > len(fits) // 2 else _between_signs(text, len(fits))
        pieces.append(text[:end] + GOES_ON_BELOW)
        text = text[end:].removeprefix("\n")
    return [*pieces, text]


def _between_signs(text: str, end: int) -> int:
    while end > 1 and (text[end] in _JOINS or text[end - 1] in _JOINS):
        end -= 1
    return end
