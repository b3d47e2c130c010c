"""Care: the calendar of occasions, plans and reminders, red packets."""
