# The front desk. Every target prepares .venv from requirements.lock when that is needed; a fresh Debian machine needs
# python3 (3.11 or later) with venv, make and git.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# What was installed, by the lock file's content: another lock is another stamp.
STAMP := .venv/installed-$(firstword $(shell sha256sum requirements.lock))
PYTEST := .venv/bin/python -m pytest -n 2

# Whatever the caller's shell has set for another project must not reach ours; without compiled modules every part would
# compile ours anew at each start, which takes as long as all the rest of it.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV SHUKE_CONFIG SHUKE_CLOCK_FILE

.PHONY: help run test check bench drills lock settings
.DEFAULT_GOAL := help

help:
	@echo "make run     everything in this terminal; without a configured account it rehearses on its own platform"
	@echo "make test    the tests"
	@echo "make check   lint, types, layout"
	@echo "make bench   measurements, into bench/RESULTS.md"
	@echo "make drills  the long drills, full counts"
	@echo "make lock    renew requirements.lock from pyproject.toml"
	@echo "make settings  renew config.example.toml and docs/settings.md from the settings table"

run: $(STAMP)
	@.venv/bin/shuke run

test: $(STAMP)
	$(PYTEST)

check: $(STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -q tests/test_layout.py
	@! grep -nE '://|^--(extra-)?index-url|^--find-links| @ ' requirements.lock \
		|| { echo "requirements.lock names an address: run make lock" >&2; exit 1; }

bench: $(STAMP)
	.venv/bin/python -m bench

drills: $(STAMP)
	SHUKE_DRILLS=full .venv/bin/python -m pytest tests/drills tests/delivery/test_kills.py tests/delivery/test_delivery_model.py \
		tests/conversations/test_three_staff.py tests/conversations/test_counter_lines.py \
		tests/conversations/test_long_lists.py tests/conversations/test_repeating_broadcasts.py \
		tests/conversations/test_live_lists.py tests/rules/test_tag_conflicts.py

settings: $(STAMP)
	.venv/bin/python -m bot.cli.configuration

lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile --universal -p 3.11 pyproject.toml --extra dev --generate-hashes \
		--no-emit-index-url --no-annotate --no-header -o requirements.lock
	rm -rf build/lock

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo "Python's venv is needed: apt-get install python3-venv" >&2; exit 1; }
	@echo "Preparing .venv (once, a minute or two) …"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f .venv/installed-*
	@touch $@
