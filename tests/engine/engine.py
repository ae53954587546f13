"""A real Prefect server for tests, with its workers, deployments and runs, spoken to over its API."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from deployments.engine import engine_environment, prefect, server_command
from deployments.stack.plan import free_port
from deployments.stack.process import module
from tests.processes import ROOT, tail

PAUSE = 0.1
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
SAMPLES = "tests/engine/sample_flows.py"
WARM, PROCESS = "crossdock-warm", "process"
Found = TypeVar("Found")


@dataclass(frozen=True)
class State:
    """A flow run's state as the API tells it."""

    type: str
    name: str
    message: str


class Process:
    """A server or worker; it leads its own group, so that its children end with it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def ask_to_stop(self) -> None:
        self.send(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def exit_code(self, within: float = 30.0) -> int:
        """Its exit code; fails the test when it does not end in time."""
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there after {within:g} s:\n{tail(self.log)}") from None

    def kill(self) -> None:
        """SIGKILL to it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def close(self) -> None:
        """End it by whatever it takes."""
        if self.alive:
            self.ask_to_stop()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(15.0)
        self.kill()


@dataclass
class Engine:
    """One Prefect server under our profile. Deployments and pools are made through its API."""

    home: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.environment = engine_environment(self.home, f"http://127.0.0.1:{self.port}/api")
        self.api = httpx.Client(base_url=self.environment["PREFECT_API_URL"], timeout=30.0, trust_env=False)
        self._server: Process | None = None

    def start(self) -> None:
        """Start the server, or start it again on its port with its data."""
        self._server = Process(server_command(self.port, "--no-ui"), self.environment, self.home / "server.log")
        wait_until(self._answers, within=90.0, what="Prefect's API answers", log=self.home / "server.log")

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server takes connections and answers none of them."""
        assert self._server is not None
        self._server.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return self.api.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API; like Prefect's own client again after a 503, its answer when two writers meet in SQLite."""
        for _ in range(10):
            answer = self.api.request(method, path, json=body)
            if answer.status_code != 503:
                break
            time.sleep(PAUSE)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def pool(self, name: str, kind: str = WARM) -> str:
        """Make a work pool; returns its name."""
        from prefect.workers.process import ProcessWorker

        from deployments.worker import WarmWorker

        template = (WarmWorker if kind == WARM else ProcessWorker).get_default_base_job_template()
        self.call("POST", "/work_pools/", {"name": name, "type": kind, "base_job_template": template})
        return name

    @contextmanager
    def worker(
        self, pool: str, *, kind: str = WARM, limit: int = 4, options: Sequence[str] = (), more: Mapping[str, str] = {}
    ) -> Iterator[Process]:
        """A worker that polls; it is gone after the block."""
        log = self.home / f"worker-{pool}.log"
        arguments = ("--pool", pool, "--limit", str(limit))
        if kind == WARM:
            command = module("deployments.worker", *arguments, "--preload", *options)
        else:
            command = prefect("worker", "start", *arguments, "--type", kind, *options)
        process = Process(command, {**self.environment, **more}, log)
        try:
            wait_until(lambda: self._polled(pool, process), within=60.0, what=f"worker of {pool} polls", log=log)
            yield process
        finally:
            process.close()

    def _polled(self, pool: str, process: Process) -> bool:
        assert process.alive, tail(process.log)
        return bool(self.call("POST", f"/work_pools/{pool}/workers/filter", {}))

    def deploy(self, flow: str, pool: str, *, name: str | None = None, **more: Any) -> str:
        """A deployment of a sample flow; returns its id."""
        flow_id = self.call("POST", "/flows/", {"name": f"sample-{flow.replace('_', '-')}"})["id"]
        body = {"name": name or pool, "flow_id": flow_id, "entrypoint": f"{SAMPLES}:{flow}", "work_pool_name": pool}
        made: dict[str, str] = self.call("POST", "/deployments/", {**body, **more})
        return made["id"]

    def run(self, deployment: str, **parameters: Any) -> str:
        """Start a run; returns its id."""
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        made: dict[str, str] = self.call("POST", f"/deployments/{deployment}/create_flow_run", body)
        return made["id"]

    def read(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/flow_runs/{run}")
        return found

    def state(self, run: str) -> State:
        state = self.read(run)["state"]
        return State(state["type"], state["name"], state["message"] or "")

    def history(self, run: str) -> list[str]:
        """The names of all states it has been in, in order."""
        states = self.call("GET", f"/flow_run_states/?flow_run_id={run}")
        return [s["name"] for s in sorted(states, key=lambda s: s["timestamp"])]

    def wait(self, run: str, *types: str, within: float = 30.0) -> State:
        """Until the run is in a state of one of the types (none given: until it has ended)."""
        wanted = types or FINAL
        wait_until(
            lambda: self.state(run).type in wanted, within=within, what=lambda: f"{wanted}, it is {self.state(run)}"
        )
        return self.state(run)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment, oldest first."""
        body = {"deployments": {"id": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_ASC"}
        found: list[dict[str, Any]] = self.call("POST", "/flow_runs/filter", body)
        return found

    def task_runs(self, run: str) -> list[dict[str, Any]]:
        body = {"flow_runs": {"id": {"any_": [run]}}}
        found: list[dict[str, Any]] = self.call("POST", "/task_runs/filter", body)
        return found

    def cancel(self, run: str) -> None:
        """As the UI and `prefect flow-run cancel` do it."""
        self.call("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})

    def automate(self, automation: dict[str, Any]) -> str:
        """Make an automation; returns its id."""
        made: dict[str, str] = self.call("POST", "/automations/", automation)
        return made["id"]


def wait_until(
    ready: Callable[[], Found], *, within: float, what: str | Callable[[], str], log: Path | None = None
) -> Found:
    """The first true answer; fails the test when there is none in time."""
    deadline = time.monotonic() + within
    while not (answer := ready()):
        if time.monotonic() > deadline:
            wanted = what if isinstance(what, str) else what()
            raise AssertionError(f"after {within:g} s still waiting: {wanted}\n{tail(log) if log else ''}")
        time.sleep(PAUSE)
    return answer
