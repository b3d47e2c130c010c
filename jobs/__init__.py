"""Door 2: the clock struck, or queued work is due; and the loops of worker and scheduler."""
