"""What the gateway counts, in a registry of its own, so that two apps in one process never share a figure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from canonical.records import InboxSummary, Lane, OverdueSummary, StageSummary
from canonical.states import MessageState

COMMIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
WAITING: Final = (MessageState.READY, MessageState.CLAIMED)


class Metrics:
    """Counters of the hot path and gauges of the store. Labels come from our own configuration, never from a request
    that was not verified, so that nobody outside can grow them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._make_counters()
        self._make_gauges()

    def _make_counters(self) -> None:
        registry, place = self.registry, ("channel", "scope", "topic")
        received = Counter("crossdock_deliveries_received", "Verified deliveries.", place, registry=registry)
        duplicate = Counter("crossdock_deliveries_duplicate", "Deliveries kept before.", place, registry=registry)
        refused = Counter(
            "crossdock_deliveries_refused", "Requests not kept, by reason.", ("channel", "reason"), registry=registry
        )
        woken = Counter(
            "crossdock_wake_events", "Wake-up events sent or failed.", ("kind", "outcome"), registry=registry
        )
        # `labels()` takes a lock and builds a key; children are few, so each is looked up once.
        self._received: Callable[[str, str, str], Counter] = cache(received.labels)
        self._duplicate: Callable[[str, str, str], Counter] = cache(duplicate.labels)
        self._refused, self._woken = refused, woken

    def _make_gauges(self) -> None:
        registry = self.registry
        self._commit = Histogram(
            "crossdock_commit_seconds",
            "From handing a delivery to the store until its commit.",
            buckets=COMMIT_BUCKETS,
            registry=registry,
        )
        self._queue = Gauge("crossdock_commit_queue", "Deliveries waiting for their commit now.", registry=registry)
        self._waiting_now = 0
        self._queue.set_function(lambda: self._waiting_now)
        self._store_up = Gauge("crossdock_store_up", "Whether the store answered (1) or not (0).", registry=registry)
        self._messages = Gauge(
            "crossdock_inbox_messages", "Messages in the inbox.", ("scope", "kind", "state"), registry=registry
        )
        self._oldest = Gauge(
            "crossdock_inbox_oldest_seconds", "Age of the oldest waiting message.", ("scope", "kind"), registry=registry
        )
        self._stock_late = Gauge(
            "crossdock_stock_oldest_due_seconds",
            "Age of the oldest stock change that the shop does not show yet.",
            ("scope",),
            registry=registry,
        )
        self._make_gauges_of_lives()
        self._lane = Gauge(
            "crossdock_lane_parked", "Whether a system's lane is parked (1).", ("scope", "system"), registry=registry
        )

    def _make_gauges_of_lives(self) -> None:
        """Orders after they are booked: how many are where, and how long nobody has said anything of them."""
        stage, late = ("scope", "stage"), ("scope", "system")
        registry = self.registry
        self._lives = Gauge("crossdock_lives", "Orders on their way, by stage.", stage, registry=registry)
        self._quiet = Gauge(
            "crossdock_lives_quiet_seconds",
            "How long the order of a stage that waits longest has had no news.",
            stage,
            registry=registry,
        )
        self._overdue = Gauge(
            "crossdock_answers_overdue", "Requests that a system has not answered in time.", late, registry=registry
        )
        self._overdue_for = Gauge(
            "crossdock_answers_overdue_seconds",
            "How long the answer that is latest has been overdue.",
            late,
            registry=registry,
        )

    def received(self, channel: str, scope: str, topic: str) -> None:
        self._received(channel, scope, topic).inc()

    def duplicate(self, channel: str, scope: str, topic: str) -> None:
        self._duplicate(channel, scope, topic).inc()

    def refused(self, channel: str, reason: str) -> None:
        self._refused.labels(channel, reason).inc()

    def committed(self, seconds: float) -> None:
        self._commit.observe(seconds)

    def woken(self, kind: str, outcome: str) -> None:
        self._woken.labels(kind, outcome).inc()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts as waiting for a commit while inside."""
        self._waiting_now += 1
        try:
            yield
        finally:
            self._waiting_now -= 1

    def store_is_down(self) -> None:
        """Figures of the store are dropped, so that nobody reads old ones as new."""
        self._store_up.set(0)
        of_lives = (self._lives, self._quiet, self._overdue, self._overdue_for)
        for gauge in (self._messages, self._oldest, self._lane, self._stock_late, *of_lives):
            gauge.clear()

    def store_says(self, inbox: Sequence[InboxSummary], lanes: Sequence[Lane], now: datetime) -> None:
        """What the store holds now (UTC)."""
        self.store_is_down()
        self._store_up.set(1)
        for row in inbox:
            self._messages.labels(row.scope, row.kind, row.state.value).set(row.count)
        for scope, kind in {(row.scope, row.kind) for row in inbox}:
            times = [
                row.oldest
                for row in inbox
                if (row.scope, row.kind) == (scope, kind) and row.state in WAITING and row.oldest
            ]
            self._oldest.labels(scope, kind).set((now - min(times)).total_seconds() if times else 0.0)
        for lane in lanes:
            parked = lane.parked_until is not None and lane.parked_until > now
            self._lane.labels(lane.scope, lane.system).set(1 if parked else 0)

    def stock_says(self, oldest: Mapping[str, datetime | None], now: datetime) -> None:
        """The oldest change by shop that is not shown yet; None when nothing is due."""
        for shop, moment in oldest.items():
            self._stock_late.labels(shop).set((now - moment).total_seconds() if moment else 0.0)

    def lives_say(self, stages: Sequence[StageSummary], overdue: Sequence[OverdueSummary], now: datetime) -> None:
        """Where orders are on their way, and what other systems owe us."""
        for stage in stages:
            self._lives.labels(stage.scope, stage.stage).set(stage.count)
            self._quiet.labels(stage.scope, stage.stage).set(max(0.0, (now - stage.quiet_since).total_seconds()))
        for late in overdue:
            self._overdue.labels(late.scope, late.system).set(late.count)
            self._overdue_for.labels(late.scope, late.system).set((now - late.oldest).total_seconds())

    def text(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self.registry)
