"""Customers: who they are, tags, classes, segments and consent."""
