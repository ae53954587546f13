"""Run a Tryton database as a process of its own, under gunicorn, reachable on the loopback interface only.

SQLite has one writer and Tryton reads its sequences before it writes, so a file is served by one worker with one
thread; with more, orders would fail on numbers taken twice. PostgreSQL is served by several workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from deployments.sandbox.tryton.target import Target

GRACE_SECONDS = 20


class TrytonServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn with its settings in code; the worker, not the master, loads Tryton."""

    def __init__(self, target: Target, *, port: int, port_file: Path | None, workers: int) -> None:
        self._target = target
        self._port = port
        self._port_file = port_file
        self._workers = 1 if target.is_sqlite else workers
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn once, before anything is bound."""
        for name, value in {
            "bind": f"127.0.0.1:{self._port}",
            "worker_class": "gthread",  # unlike "sync" it keeps connections open between calls
            "workers": self._workers,
            "threads": 1 if self._target.is_sqlite else 4,
            "timeout": 120,
            "keepalive": 30,  # the default of two seconds closes connections under the feet of patient clients
            "graceful_timeout": GRACE_SECONDS,
            "loglevel": "warning",
            "proc_name": f"tryton-{self._target.name}",
            "post_worker_init": self._announce,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """Called in each worker: import Tryton and load the database's modules, some four seconds of CPU."""
        self._target.configure()
        os.environ["TRYTOND_DATABASE_NAMES"] = self._target.name
        from trytond.application import app

        return app  # type: ignore[no-any-return]  # Tryton ships no types

    def _announce(self, worker: Any) -> None:
        """Write the port once a worker can answer; whole or not at all, since somebody is waiting for the file."""
        if self._port_file is not None:
            port = worker.sockets[0].getsockname()[1]
            scratch = self._port_file.with_name(f"{self._port_file.name}.{os.getpid()}")
            scratch.write_text(str(port))
            os.replace(scratch, self._port_file)


def serve(target: Target, *, port: int, port_file: Path | None = None, workers: int = 2) -> None:
    """Serve until SIGTERM or SIGINT; `port_file` gets the port as soon as calls are answered, 0 takes a free one."""
    if target.is_sqlite and not target.file.exists():
        raise FileNotFoundError(f"{target.file.name} does not exist; make it with `build --out`")
    TrytonServer(target, port=port, port_file=port_file, workers=workers).run()
