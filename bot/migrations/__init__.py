"""Frozen, numbered steps of the schema; each still runs when the models have moved on."""
