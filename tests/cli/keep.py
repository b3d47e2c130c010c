"""Runs the supervisor over parts named on the command line, as ``shuke run`` does: ``keep.py '[{"name": …}, …]'``."""

import json
import sys

from bot.cli.screen import Screen
from bot.cli.supervisor import Part, Supervisor

grace, parts = json.loads(sys.argv[1])
with Supervisor(Screen(sys.stdout.fileno()), grace=grace) as supervisor:
    for part in parts:
        supervisor.start(Part(**part))
    supervisor.watch()
