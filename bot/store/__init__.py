"""Keep: engine, transaction, base class and the bell; no business words."""
