"""One FIFO lock for all writers of a SQLite file: gateway, workers, command line.

SQLite's own busy handler polls with sleeps up to 100 ms, so the process that has just committed wins again and again
(measured: 4 workers, one of them never got a turn). The kernel queues those who wait for `flock`, and drops the lock
of a process that dies.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType


class WriteLock:
    """Held around every write transaction. Blocks its thread, so it is taken in the writer thread only."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def lock_of(database: Path) -> WriteLock:
    """The lock of a database file, opened anew."""
    return WriteLock(database.with_name(database.name + ".lock"))
