"""Door 1: a customer or a staff member said or did something."""
