"""``shuke run`` as a process: started in a folder, read from its start-up lines, stopped as by Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0  # seconds for everything to stop


@dataclass
class House:
    """A running shop: the address of its phone page and the owner's bind code, as its start-up lines tell them."""

    process: subprocess.Popen[str]
    phone_page: str
    code: str

    @classmethod
    def opens(cls, folder: Path) -> House:
        script = Path(sys.executable).with_name("shuke")
        program = [str(script)] if script.is_file() else [sys.executable, str(ROOT / "app.py")]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SHUKE_")}
        process = subprocess.Popen(
            [*program, "run"],
            cwd=folder,
            env={**environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said = _greeting(process)
        page = re.search(r"http://[\d.]+:\d+/phone/", said)
        code = re.search(r"绑定 ([0-9A-Z]{4,})", said)
        assert page is not None, said
        assert code is not None, said
        return cls(process, page[0], code[1])

    def parts(self) -> set[int]:
        """The process numbers of everything it has started, down to the last grandchild."""
        found: set[int] = set()
        unseen = [self.process.pid]
        while unseen:
            for task in Path(f"/proc/{unseen.pop()}/task").iterdir():
                children = {int(pid) for pid in (task / "children").read_text().split()}
                unseen += children - found
                found |= children
        return found

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C, which a terminal sends to all: the exit code, and what was said since the greeting."""
        os.killpg(self.process.pid, signal.SIGINT)
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()


def _greeting(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines)
    pytest.fail(f"it ended before it greeted:\n{''.join(lines)}")


def still_there(pids: set[int]) -> list[int]:
    return sorted(pid for pid in pids if Path(f"/proc/{pid}").exists())
