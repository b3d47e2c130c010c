"""Scripts (话术): the shelf of wording we ship, and what may be written in one."""
