"""The few kinds of failure the product speaks of, each with words a person can act on."""

from __future__ import annotations


class ShukeError(Exception):
    """Base of every failure we raise on purpose; ``str(error)`` says what happened and what to do next."""


class SettingsError(ShukeError):
    """A setting is unknown, of the wrong type or unsafe; names the setting and the repair."""


class Refusal(ShukeError):
    """What somebody asked for cannot be done; ``str(error)`` is the Chinese sentence they read, nothing was changed."""


class PlatformFailure(ShukeError):
    """A platform call that did not succeed, in our words.

    ``code`` is the platform's errcode, or None where there was no readable answer; ``decision`` one of the constants in
    ``bot.platforms.decisions``; ``retry_after`` seconds until another try makes sense, or None. The message never
    contains a secret, a token or an openid.
    """

    def __init__(self, message: str, *, code: int | None, decision: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.decision = decision
        self.retry_after = retry_after
