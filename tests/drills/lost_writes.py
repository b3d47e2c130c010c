"""Plays the power cut after a kill: takes back writes that no flush followed, as a disk would have lost them.

Some survive and some do not, some only in part: `Disk.cut` draws which. The notes are those of ``lost_writes.c``.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from random import Random

HEAD = struct.Struct("<6Q")
SECTOR = 512
COMPILER = shutil.which("cc")


class Kind(IntEnum):
    """As in ``lost_writes.c``."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    RENAME = 5
    UNLINK = 6


@dataclass(frozen=True, slots=True)
class Note:
    """One change. ``before``: what stood there; ``after``: what was written, or a file's new name."""

    moment: int
    kind: int
    path: str
    offset: int
    before: bytes
    after: bytes


class Disk:
    """A folder whose unflushed writes can be lost; ``environ`` goes to the processes that write there."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._folder = folder
        self._notes = folder.with_name(f"{folder.name}-notes")
        self._notes.mkdir(exist_ok=True)
        self.environ = {
            "LD_PRELOAD": str(library),
            "LOST_FOLDER": f"{folder}",
            "LOST_LOG": str(self._notes / "log"),
        }

    def cut(self, chance: Random) -> int:
        """Cuts the power; nobody may have a file of the folder open. Returns how many changes were lost."""
        notes = sorted(self._read(), key=lambda note: note.moment)
        loose = [note for note in notes if note.kind != Kind.SYNC and not _is_flushed(note, notes)]
        for note in reversed(loose):
            _take_back(note)
        share = chance.choice((0.0, 0.5, 0.9))
        kept = [note for note in loose if chance.random() < share]
        for note in kept:
            _make_again(note, chance)
        for shared in self._folder.glob("*-shm"):
            shared.unlink()
        return len(loose) - len(kept)

    def _read(self) -> list[Note]:
        notes = []
        for log in self._notes.iterdir():
            content = log.read_bytes()
            at = 0
            while at + HEAD.size <= len(content):
                moment, kind, path, offset, before, after = HEAD.unpack_from(content, at)
                at += HEAD.size
                if at + path + before + after > len(content):
                    break  # killed while it noted, so before the change itself
                name = content[at : at + path].decode()
                old = content[at + path : at + path + before]
                new = content[at + path + before : at + path + before + after]
                notes.append(Note(moment, kind, name, offset, old, new))
                at += path + before + after
            log.unlink()
        return notes


def build(folder: Path) -> Path:
    """Compiles the library to preload."""
    assert COMPILER is not None
    library = folder / "lost_writes.so"
    source = Path(__file__).with_suffix(".c")
    words = [
        COMPILER,
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        str(library),
        str(source),
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(words, check=True)
    return library


def _is_flushed(note: Note, notes: list[Note]) -> bool:
    """A name is safe once its folder was flushed, content once the file was, under whichever name."""
    names = {note.path}
    if note.kind in (Kind.CREATE, Kind.RENAME, Kind.UNLINK):
        names = {str(Path(note.path).parent)}
    for later in notes:
        if later.moment <= note.moment:
            continue
        if later.kind == Kind.SYNC and later.path in names:
            return True
        if later.kind == Kind.RENAME and later.path in names:
            names.add(later.after.decode())
    return False


def _take_back(note: Note) -> None:
    path = Path(note.path)
    match note.kind:
        case Kind.RENAME if Path(note.after.decode()).exists():
            Path(note.after.decode()).rename(path)
        case Kind.CREATE:
            path.unlink(missing_ok=True)
        case Kind.UNLINK:
            path.write_bytes(note.before)
        case Kind.WRITE if path.exists():
            with path.open("r+b") as file:
                file.seek(note.offset)
                file.write(note.before)
                if len(note.before) < len(note.after):
                    # It had grown by this write.
                    file.truncate()
        case Kind.TRUNCATE if path.exists():
            with path.open("r+b") as file:
                file.seek(note.offset)
                file.write(note.before)


def _make_again(note: Note, chance: Random) -> None:
    path = Path(note.path)
    match note.kind:
        case Kind.CREATE:
            path.touch()
        case Kind.RENAME if path.exists():
            path.rename(note.after.decode())
        case Kind.UNLINK:
            path.unlink(missing_ok=True)
        case Kind.WRITE if path.exists():
            sectors = -(-len(note.after) // SECTOR)
            some = note.after if chance.random() < 0.7 else note.after[: SECTOR * chance.randrange(sectors + 1)]
            with path.open("r+b") as file:
                file.seek(note.offset)
                file.write(some)
        case Kind.TRUNCATE if path.exists():
            os.truncate(path, note.offset)
