"""Merchants: staff, rights, what they are in the middle of, and what they changed."""
