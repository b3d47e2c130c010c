"""Receive: a raw request through unseal, deduplicate, route and seal, ignorant of what it is about."""
