"""Orders: what was agreed, paid and handed over, and the ledger behind it."""
