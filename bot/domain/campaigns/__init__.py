"""Campaigns: a segment, a script for each group, a plan, and what became of it."""
