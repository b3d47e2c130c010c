"""Customer groups: who is in them, what greets them, and what their host is to post when."""
