"""Send: messages waiting to go out, the limits they obey, and what became of each."""
