"""Run a Lambda ERP database as a process of its own under uvicorn, reachable on the loopback interface only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import uvicorn

from deployments.sandbox.lambda_erp.application import load


class AnnouncingServer(uvicorn.Server):
    """Writes its port once it answers; whole or not at all, since somebody is waiting for the file."""

    def __init__(self, config: uvicorn.Config, port_file: Path | None) -> None:
        super().__init__(config)
        self._port_file = port_file

    async def startup(self, sockets: Any = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets=sockets)
        if self._port_file is not None and self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            scratch = self._port_file.with_name(f"{self._port_file.name}.{os.getpid()}")
            scratch.write_text(str(port))
            os.replace(scratch, self._port_file)


def serve(database: Path, *, port: int, port_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `port_file` gets the port as soon as calls are answered, 0 takes a free one."""
    if not database.exists():
        raise FileNotFoundError(f"{database.name} does not exist; make it with `seed --database`")
    config = uvicorn.Config(load(database), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    AnnouncingServer(config, port_file).run()
