"""Upgrades a database with steps of another folder, and dies on the way: ``upgrade_step.py URL MIGRATIONS PLACE``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import places

from bot.cli import database

if __name__ == "__main__":
    url, migrations, place = sys.argv[1:]
    os.setsid()
    if place:
        places.die_at(place)
    with database.opened(url) as store:
        database.upgrade(store, Path(migrations))
