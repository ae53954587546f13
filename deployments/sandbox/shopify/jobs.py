"""Work a shop does after it has answered: a Job record now, the effect when it is due."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.registry import Call
from deployments.sandbox.shopify.state import Change, State

Work = Callable[[State, str, Record], Record]
JOB_SECONDS = 0.5


class Jobs:
    """Runs jobs when they are due. They are records, so a restarted stand-in goes on with them."""

    def __init__(self, state: State, work: Mapping[str, Work]) -> None:
        self._state = state
        self._work = work
        self._open = {(shop, job["id"]) for shop in state.shops for job in state.all(shop, "Job") if not job["done"]}
        state.on_change(self._notice)

    def _notice(self, change: Change) -> None:
        if change.record_type == "Job":
            place = (change.shop, change.record["id"])
            (self._open.discard if change.record["done"] else self._open.add)(place)

    def run_due(self) -> int:
        """Do what is due; how many jobs that were."""
        due = [
            (shop, job) for shop, job_id in self._open if (job := self._state.get(shop, job_id)) and self._is_due(job)
        ]
        for shop, job in due:
            with self._state.action():
                outcome = self._work[job["kind"]](self._state, shop, job)
                self._state.update(shop, job["id"], {"done": True, **outcome}, topics=())
        return len(due)

    def _is_due(self, job: Record) -> bool:
        return datetime.fromisoformat(job["dueAt"]) <= self._state.clock()


def start_job(call: Call, kind: str, arguments: Record, *, seconds: float = JOB_SECONDS) -> Record:
    """Keep a job for later; what the work needs goes into `arguments`."""
    due = call.now + timedelta(seconds=seconds)
    record = {
        "id": gid("Job", str(uuid4())),
        "done": False,
        "status": "STARTED",
        "errors": [],
        "kind": kind,
        "dueAt": due.isoformat(),
        **arguments,
    }
    return call.state.add(call.shop, "Job", record, topics=())


def open_jobs(call: Call, kind: str) -> list[Record]:
    """Jobs of a kind that have not run yet."""
    return [job for job in call.all("Job") if job["kind"] == kind and not job["done"]]


def job_result(call: Call, result_id: str) -> Record | None:
    """The result of an orderCancel job, by its own id."""
    job = call.find(gid("Job", gid_tail(result_id)))
    return None if job is None else result_of(job)


def result_of(job: Record) -> Record:
    """An OrderCancelJobResult as it stands now."""
    return {
        "__typename": "OrderCancelJobResult",
        "id": gid("OrderCancelJobResult", gid_tail(job["id"])),
        "done": job["done"],
        "status": job["status"],
        "errors": job["errors"],
        "order": job["order"],
    }
