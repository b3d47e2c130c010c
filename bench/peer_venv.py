"""The peers' virtual environment, made on first use from ``requirements.lock`` and again when that changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / ".venv"
LOCK = HERE / "requirements.lock"
PEERS = HERE / "peers"


def prepared() -> Path:
    """The folder of the environment's programs. Raises CalledProcessError where installing fails."""
    stamp = FOLDER / f"installed-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not stamp.exists():
        print("Preparing bench/.venv (once) …", flush=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(LOCK)], check=True)
        stamp.touch()
    return FOLDER / "bin"
