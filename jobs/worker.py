"""The worker process: its main thread listens for bells through RQ, its hands do the work.

RQ at its defaults loses and doubles work, runs any function by name and stops when Redis does; none of that matters
here, because a job is a bell, and a worker without Redis goes on by looking into the database.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from types import FrameType
from typing import Any

import redis
from rq import Queue
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker, WorkerStatus

from bot.store.bell import BELLS, QUEUE, connect_redis, unheard
from jobs import bells
from jobs.hands import Hands
from jobs.parts import Parts

log = logging.getLogger(__name__)

STOP_SECONDS = 9.0
REDIS_PAUSE = 2.0
# RQ waits at most this long (less 15 s) for a bell before it looks around, and that plus 10 s for a Redis that hangs.
RQ_TTL = 30


class ForeignJob(Exception):
    """Something in the queue is not one of our bells; it is not run."""


_FUNCTIONS = {BELLS["drain"]: bells.drain, BELLS["inbox"]: bells.inbox, BELLS["clock"]: bells.clock}


class BellJob(Job):
    """A job that can only be one of our bells: write access to Redis must not mean running any function by name."""

    def restore(self, raw_data: Any) -> Any:
        restored = super().restore(raw_data)
        # Each of these would name a function to import, an address to call, or a job to run again.
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
        self.retries_left = self.repeats_left = None
        self._dependency_ids = []
        return restored

    def perform(self) -> None:
        function = _FUNCTIONS.get(self.func_name or "")
        if function is None or self.instance or self.kwargs or not all(isinstance(one, str) for one in self.args):
            raise ForeignJob(f"job {self.id} is none of ours")
        # Before looking: what comes to be from here on rings anew.
        self.connection.delete(unheard(self.func_name or "", self.args[0] if self.args else ""))
        function(*self.args[:1])


class Ear(SimpleWorker):
    """RQ's worker without what it does to the process around it."""

    def _install_signal_handlers(self) -> None:
        """The process has its own."""

    def procline(self, message: str) -> None:
        """The process keeps its name in the process list."""

    def subscribe(self) -> None:
        """No orders through Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""


def run_worker(parts: Parts) -> None:
    """Works until SIGTERM or SIGINT; then finishes the calls in flight, gives the rest back, and returns within 10 s.

    To be called in the main thread of a process of its own, with everything imported.
    """
    hands = Hands(parts)
    listener = _Listener(parts, hands)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, listener.stop)
    bells.attend(hands.ask)
    hands.start()
    try:
        listener.listen()
        hands.join(STOP_SECONDS)
    except StopRequested:
        # Raised by the signal handler wherever the main thread happened to be.
        hands.join(STOP_SECONDS)
    finally:
        bells.attend(None)


class _Listener:
    def __init__(self, parts: Parts, hands: Hands) -> None:
        self._url = parts.settings.redis_url
        self._hands = hands
        self._ear: Ear | None = None
        self._pause = threading.Event()

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self._hands.stop()
        threading.Thread(target=self._leave_in_time, name="leave", daemon=True).start()
        ear = self._ear
        if ear is not None and ear.get_state() == WorkerStatus.BUSY:
            # The job only waits for the hands, which stop.
            ear._stop_requested = True
            return
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise StopRequested

    def _leave_in_time(self) -> None:
        """A Redis or a platform that hangs must not keep the process; rows in its hands lapse and are found."""
        self._hands.join(STOP_SECONDS)
        threading.Event().wait(0.5)
        os._exit(0)

    def listen(self) -> None:
        while not self._hands.stopping and self._hands.is_alive():
            if self._url:
                self._listen_once()
            self._pause.wait(REDIS_PAUSE)

    def _listen_once(self) -> None:
        """Listens until Redis fails; a bell that is missed meanwhile costs seconds."""
        try:
            connection = connect_redis(self._url)
            queue = Queue(QUEUE, connection=connection, job_class=BellJob, serializer=JSONSerializer)
            name = f"shuke-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            self._ear = Ear(
                [queue],
                name=name,
                connection=connection,
                job_class=BellJob,
                serializer=JSONSerializer,
                worker_ttl=RQ_TTL,
                log_job_description=False,
            )
            self._ear.max_connection_wait_time = REDIS_PAUSE
            self._ear.work(logging_level="ERROR")
        except (redis.RedisError, OSError, ValueError) as error:
            log.warning("worker.redis_away error=%s", type(error).__name__)
        finally:
            self._ear = None
