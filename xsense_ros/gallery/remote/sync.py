# SPDX-License-Identifier: Apache-2.0
"""The thread that brings a robot's replica and its fleet together, whenever there is a network."""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xsense_ros.errors import XsenseError
from xsense_ros.gallery.remote.address import Address
from xsense_ros.gallery.remote.change import Head
from xsense_ros.gallery.remote.faults import OfflineError
from xsense_ros.gallery.remote.journal import Journal
from xsense_ros.gallery.remote.server import Server
from xsense_ros.gallery.remote.status import State, SyncStatus

# Changes in memory at a time; with its small picture one takes up to 65 kB, and vectors.
_SENT_AT_A_TIME = 32
_READ_AT_A_TIME = 128
# Pause after a failure [s]: doubled from the period of the URL up to this.
_LONGEST_PAUSE = 30.0
# While another process has its round [s].
_SHORT_PAUSE = 0.1


@dataclass
class _Counts:
    conflicts: int = 0
    last_conflict: str = ''
    refused: int = 0
    last_refused: str = ''


class Synchroniser:
    """Sends the outbox and reads the logs of the others, again and again. Thread-safe.

    Of several processes that have one replica open, one synchronises it: they agree by a lock on
    the file beside it, which the system lifts when that process ends.

    Args:
        journal: of the replica.
        address: from the URL.
        connect: opens the server.
    """

    def __init__(self, journal: Journal, address: Address, connect: Callable[[], Server]) -> None:
        self._journal = journal
        self._address = address
        self._connect = connect
        self._server: Server | None = None
        self._state: State = 'connecting'
        self._problem = ''
        self._done_at: float | None = None
        self._counts = _Counts()
        self._round = self._goal = 0
        self._wake = threading.Condition()
        self._wanted = False
        self._asked = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='xsense-fleet', daemon=True)

    def meet(self) -> None:
        """Connect for the first time.

        Raises:
            RefusedError: the server does not want us. That there is no network is no error.
        """
        try:
            self._server = self._connect()
        except OfflineError as error:
            self._note('offline', str(error))

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    @property
    def online(self) -> bool:
        """Whether the last round went well."""
        return self._state == 'online'

    def wake(self) -> None:
        """There is something to send; returns at once."""
        with self._wake:
            self._wanted = True
            self._wake.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until what there is now is sent, and what the fleet has now is read.

        Returns:
            Whether that was so within the time.
        """
        deadline = time.monotonic() + seconds
        with self._wake:
            # Two, for the one in work may have looked at the server before we came.
            least = self._goal = self._round + 2
            self._asked = 2
            self._wake.notify_all()
            while self._round < least:
                left = deadline - time.monotonic()
                if left <= 0.0 or self._stopping:
                    return False
                self._wake.wait(left)
            return True

    def stop(self) -> None:
        """Send what is left, if there is a network now, and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def status(self) -> SyncStatus:
        """How things stand."""
        robots = self._journal.views_of_robots()
        own = robots.pop('', 0) + robots.pop(self._address.robot, 0)
        done_at = self._done_at
        return SyncStatus(
            state=self._state,
            server=self._address.shown,
            pending=self._journal.pending(),
            seconds=None if done_at is None else time.monotonic() - done_at,
            problem=self._problem,
            robots={self._address.robot: own} | robots,
            **vars(self._counts),
        )

    @contextlib.contextmanager
    def server(self) -> Iterator[Server]:
        """A connection for a question in between.

        Raises:
            OfflineError, RefusedError: there is none.
        """
        server = self._connect()
        try:
            yield server
        finally:
            server.close()

    def _run(self) -> None:
        pause = 0.0
        while self._sleep(pause):
            pause = self._try(pause)
        if self._state == 'online':
            with contextlib.suppress(Exception), self._only_process() as ours:
                if ours:
                    self._work()
        self._hang_up()

    def _try(self, pause: float) -> float:
        """One round, whatever comes of it; how long to pause after it."""
        try:
            with self._only_process() as ours:
                if ours:
                    self._work()
                self._note('online' if ours else 'left to another process', '')
                if not ours:
                    return min(_SHORT_PAUSE, self._address.period)
        except Exception as error:
            self._hang_up()
            state: State = 'offline' if isinstance(error, OfflineError) else 'refused'
            self._note(state, _words(error))
            return min(_LONGEST_PAUSE, max(2 * pause, self._address.period))
        return self._address.period

    def _sleep(self, pause: float) -> bool:
        """Wait for the next round; False where the thread shall end."""
        deadline = time.monotonic() + pause
        with self._wake:
            while not self._stopping and (left := deadline - time.monotonic()) > 0.0:
                # Without a network what is enrolled waits, unless somebody asks for a round.
                asked = self._asked and self._round < self._goal
                if asked or (self._wanted and self._state == 'online'):
                    break
                self._wake.wait(left)
            self._asked = max(0, self._asked - 1)
            self._wanted = False
            return not self._stopping

    def _work(self) -> None:
        """One round: all that is to be read, and all that is to be sent."""
        if self._server is None:
            self._server = self._connect()
        server = self._server
        heads = server.heads()
        self._recognise(heads)
        # First what others did: while the own changes are in the outbox, it shows what they met.
        for head in heads.values():
            if head.log != self._journal.log and self._address.sees(head.robot):
                self._pull(server, head)
        while self._push(server):
            pass
        self._done_at = time.monotonic()

    def _recognise(self, heads: dict[str, Head]) -> None:
        """Whether the own log on the server is as we left it: the check of optimistic writing."""
        journal = self._journal
        own = heads.get(journal.log)
        if own is None and journal.pushed:
            journal.republish()
        elif own is not None and own.seq not in (journal.pushed, journal.intended):
            journal.fork(own.robot)
        elif journal.is_copy:
            if own is not None and own.seq == journal.intended:
                journal.sent(own.seq)  # it was, but for the note of it
            journal.fork(self._address.robot)

    def _push(self, server: Server) -> bool:
        """Send some changes; whether there were any."""
        journal = self._journal
        changes = journal.next_changes(_SENT_AT_A_TIME)
        if not changes:
            return False
        last = changes[-1].key
        journal.intend(last.seq)
        server.write(changes, journal.sample)
        server.publish(Head(last.log, self._address.robot, last.seq))
        # Whoever reads up to here from now on will meet the row that says that they are gone.
        server.erase([change.target for change in changes if change.target is not None])
        journal.sent(last.seq)
        return True

    def _pull(self, server: Server, head: Head) -> None:
        """Read a log up to its head."""
        after = self._journal.cursor(head.log)
        while after < head.seq:
            page = server.read(head.log, after, head.seq, _READ_AT_A_TIME)
            outcome = self._journal.merge(head.log, head.robot, page.upto, page.changes)
            after = page.upto
            counts = self._counts
            for words in outcome.conflicts:
                counts.conflicts, counts.last_conflict = counts.conflicts + 1, words
            for words in (*page.refused, *outcome.refused):
                counts.refused, counts.last_refused = counts.refused + 1, words

    def _note(self, state: State, problem: str) -> None:
        with self._wake:
            self._state, self._problem = state, problem
            self._round += state == 'online'
            self._wake.notify_all()

    def _hang_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    @contextlib.contextmanager
    def _only_process(self) -> Iterator[bool]:
        path = Path(f'{self._address.cache}.lock')
        with path.open('a') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _words(error: Exception) -> str:
    if isinstance(error, XsenseError):
        return str(error)
    return f'{type(error).__name__}: {error}. Cure: report this as a bug of xsense_ros'
