"""Activities customers join by a word."""
