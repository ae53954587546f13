"""Real processes for tests: start one, wait until it says its port, stop it by its id, or kill it the hard way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAUSE = 0.05


class ProcessFailedError(AssertionError):
    """The process ended or did not get ready; the message carries the end of its output."""


class RunningProcess:
    """A process that told its port. It leads a process group of its own, so its children die with it."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self._popen = popen
        self.log = log
        self.port = port

    @property
    def pid(self) -> int:
        """Its id, which is also the id of its group."""
        return self._popen.pid

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self, grace: float = 30.0) -> int:
        """Ask it to end (SIGTERM) and return its exit code; kill it when it takes longer than `grace` seconds."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
        try:
            return self._popen.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessFailedError(f"process {self.pid} ignored SIGTERM for {grace} s\n{tail(self.log)}") from None

    def kill(self) -> None:
        """Kill it and its children at once (SIGKILL), in the middle of whatever they do."""
        _kill_group(self._popen)

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections are accepted, nothing is answered. `resume` thaws it."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on; nothing happens to one that runs or has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGCONT)


@contextmanager
def running(
    module: str,
    *arguments: str,
    workspace: Path,
    port: int = 0,
    ready_within: float = 60.0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningProcess]:
    """`start` for the length of a `with` block; whatever happens in it, no process is left behind."""
    process = start(
        module, *arguments, workspace=workspace, port=port, ready_within=ready_within, environment=environment
    )
    try:
        yield process
    finally:
        process.resume()  # a frozen process cannot end by itself
        process.stop()
        process.kill()  # children that outlived it


def start(
    module: str,
    *arguments: str,
    workspace: Path,
    port: int = 0,
    ready_within: float = 60.0,
    environment: Mapping[str, str] | None = None,
) -> RunningProcess:
    """Run `python -m MODULE ARGUMENTS --port P --port-file F` and return it once it has written its port.

    The caller stops it. Port 0 takes a free one; pass the port of a killed process to come back under its address.
    Output goes to a log file in `workspace`.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    name = f"{module.rsplit('.', 1)[-1]}-{time.monotonic_ns()}"
    port_file, log = workspace / f"{name}.port", workspace / f"{name}.log"
    command = [sys.executable, "-m", module, *arguments, "--port", str(port), "--port-file", str(port_file)]
    with log.open("wb") as output:
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        return RunningProcess(popen, log, _wait_for_port(popen, port_file, log, ready_within))
    except BaseException:
        _kill_group(popen)
        raise


def run(module: str, *arguments: str, within: float = 240.0) -> str:
    """Run `python -m MODULE ARGUMENTS` to its end and return its output; a failure shows it."""
    command: Sequence[str] = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=within, check=False)
    if done.returncode:
        raise ProcessFailedError(f"{module} {arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def tail(log: Path, lines: int = 30) -> str:
    """The end of a log, for a failure message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _wait_for_port(popen: subprocess.Popen[bytes], port_file: Path, log: Path, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if port_file.exists() and (text := port_file.read_text().strip()):
            return int(text)
        if popen.poll() is not None:
            raise ProcessFailedError(f"{popen.args} ended with {popen.returncode} before it was ready\n{tail(log)}")
        time.sleep(PAUSE)
    raise ProcessFailedError(f"{popen.args} was not ready within {seconds} s\n{tail(log)}")


def _kill_group(popen: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole group; a group that is gone already is what was wanted."""
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
