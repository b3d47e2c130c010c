"""Speak: one room per wire protocol, both directions, translating the platform's words into ours."""
