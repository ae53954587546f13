"""One process of the stack: started, waited for, stopped by its id; nothing survives the stack."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

POLL = 0.05
TAIL_LINES = 25


class PartFailedError(RuntimeError):
    """A part did not start or died; the message carries the end of its log."""


class Part:
    """A process that leads its own group, so that its children end with it. Its output goes to a log file."""

    def __init__(self, name: str, command: Sequence[str], *, home: Path, environment: Mapping[str, str]) -> None:
        self.name, self.command, self.environment = name, list(command), dict(environment)
        self.log = home / "logs" / f"{name}.log"
        self.port_file = home / "ports" / name
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its id. Raises `PartFailedError` before it was started."""
        if self._process is None:
            raise PartFailedError(f"{self.name} was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, ready: Callable[[], Awaitable[bool]] | None = None, *, within: float = 120.0) -> None:
        """Start and wait until it wrote its port (`{port_file}` in the command), or until `ready` says so.

        Raises `PartFailedError` when it ends first or takes longer than `within` seconds.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.port_file.parent.mkdir(parents=True, exist_ok=True)
        self.port_file.unlink(missing_ok=True)
        command = [part.format(port_file=self.port_file, port=self.port) for part in self.command]
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdout=output,
                stderr=output,
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        waits_for_port = any("{port_file}" in part for part in self.command)
        await self._wait(ready if ready is not None else (self._port_told if waits_for_port else None), within)

    async def _wait(self, ready: Callable[[], Awaitable[bool]] | None, within: float) -> None:
        deadline = time.monotonic() + within
        while ready is not None and not await ready():
            if not self.alive:
                raise PartFailedError(f"{self.name} ended while starting:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise PartFailedError(f"{self.name} was not ready after {within:.0f} s:\n{self.tail()}")
            await asyncio.sleep(POLL)

    async def _port_told(self) -> bool:
        text = self.port_file.read_text().strip() if self.port_file.exists() else ""
        if text:
            self.port = int(text)
        return bool(text)

    async def stop(self, grace: float = 30.0) -> None:
        """SIGTERM, then SIGKILL to the whole group when it does not end in time."""
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace)
        self._kill_group()
        await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL to the group: no hook runs, no buffer is flushed."""
        if self._process is not None:
            self._kill_group()
            await self._process.wait()

    def _kill_group(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def tail(self) -> str:
        """The end of its log."""
        return log_tail(self.log)


def log_tail(log: Path) -> str:
    """The end of a log file."""
    if not log.exists():
        return "(no output)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


def module(name: str, *arguments: str) -> list[str]:
    """`python -m NAME ARGUMENTS` with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


async def run(command: Sequence[str], *, environment: Mapping[str, str], log: Path, within: float = 240.0) -> None:
    """Run to the end. Raises `PartFailedError` with the end of the log when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=output,
            stderr=output,
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            code = await asyncio.wait_for(process.wait(), within)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
    if code:
        raise PartFailedError(f"{' '.join(command[:6])} ended with {code}:\n{log_tail(log)}")
