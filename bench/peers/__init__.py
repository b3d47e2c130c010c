"""The ways others would build it, run with the interpreter of ``bench/.venv``; nothing here imports the product."""
