"""企业微信: a company of our own beside the Official Account, in the same process and on the same port.

Members of the staff write to its app and get messages and cards of it; contacts are the customers outside, of whom the
shop learns by change events and by calls, never by what they say; customer groups, codes to scan, corp tags, group-send
tasks that a member must confirm, and a group robot. `Company` holds it all, `platform.corp` is the one of a platform.
"""

from . import app_messages, contacts, media, tasks, tokens  # the interfaces register themselves

__all__ = ["app_messages", "contacts", "media", "tasks", "tokens"]
