"""Complaints: what a customer wants a person to look at, kept under a number."""
