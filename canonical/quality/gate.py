"""A gate over one stage: splits a batch into accepted rows and quarantined rows, with the failed rules in words.

It fails closed: a column that is missing or a rule that could not run quarantines the whole batch. The suite runs twice
at most: first for yes or no (half the price), and only when that is no, again to find the rows.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from canonical.quality.rule import Rule, Severity, Stage

Row = Mapping[str, Any]
_FIND_ROWS = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "exclude_unexpected_values": True,  # values may be customer data
}
_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that failed: its code and its words."""

    code: str
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate made of a batch. Indices are positions in the batch.

    `batch_errors` stop the stage: then nothing is accepted, and every row is quarantined with their words.
    """

    accepted: tuple[int, ...]
    quarantined: dict[int, tuple[Failure, ...]] = field(default_factory=dict)
    warnings: dict[int, tuple[Failure, ...]] = field(default_factory=dict)
    batch_errors: tuple[Failure, ...] = ()
    batch_warnings: tuple[Failure, ...] = ()
    rules: int = 0

    @property
    def stopped(self) -> bool:
        """Whether the batch as a whole was refused."""
        return bool(self.batch_errors)

    @property
    def summary(self) -> dict[str, Any]:
        """The counts, and how often each rule failed, for an artifact."""
        failed: dict[str, int] = {}
        for failures in (*self.quarantined.values(), *self.warnings.values(), self.batch_warnings):
            for failure in failures:
                failed[failure.code] = failed.get(failure.code, 0) + 1
        return {
            "rows": len(self.accepted) + len(self.quarantined),
            "accepted": len(self.accepted),
            "quarantined": len(self.quarantined),
            "warned": len(self.warnings),
            "stopped": self.stopped,
            "rules": self.rules,
            "failed": failed,
        }


class Gate:
    """One stage's suite, built once a process. Safe to share by threads: a lock makes checks wait for each other.

    Without it results are silently wrong: a dataframe asset has one batch id, so one thread's frame replaces another's.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._rules = {rule.code: rule for rule in stage.rules}
        self._lock = threading.Lock()
        self._batches, self._suite = _build(stage)

    def check(self, rows: Sequence[Row]) -> GateResult:
        """Split the batch. An empty batch is accepted as it is: there is nothing to check."""
        rules = len(self.stage.rules)
        if not rows:
            return GateResult(accepted=(), rules=rules)
        missing = [c for c in self.stage.columns if all(c not in row for row in rows)]
        if missing:
            return _refused(rows, [Failure("column_missing", f"no row has {', '.join(missing)}")], rules)
        malformed = {i: faults for i, row in enumerate(rows) if (faults := self._malformed(row))}
        sound = [i for i in range(len(rows)) if i not in malformed]
        if not sound:
            return GateResult(accepted=(), quarantined=malformed, rules=rules)
        results = self._run([rows[i] for i in sound])
        return self._split(rows, sound, malformed, results)

    def _malformed(self, row: Row) -> tuple[Failure, ...]:
        """What no expectation could judge: a field that is not there or is of another type than declared."""
        faults = []
        for column, kind in self.stage.columns.items():
            value = row.get(column)
            if column not in row:
                faults.append(Failure("field_missing", f"the field {column} is missing"))
            elif value is not None and type(value) is not kind:
                faults.append(
                    Failure("wrong_type", f"the field {column} is {type(value).__name__}, not {kind.__name__}")
                )
        return tuple(faults)

    def _run(self, rows: Sequence[Row]) -> list[Any]:
        """The results of the failed rules; empty when all passed."""
        import pandas as pd

        columns = {column: [row[column] for row in rows] for column in self.stage.columns}
        frame = pd.DataFrame(columns, dtype=object)  # object keeps integers exact beside empty values
        with self._lock:
            if self._validate(frame, "BOOLEAN_ONLY").success:
                return []
            return [result for result in self._validate(frame, _FIND_ROWS).results if not result.success]

    def _validate(self, frame: Any, result_format: Any) -> Any:
        batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
        return batch.validate(self._suite, result_format=result_format)

    def _split(
        self,
        rows: Sequence[Row],
        sound: Sequence[int],
        malformed: dict[int, tuple[Failure, ...]],
        results: Sequence[Any],
    ) -> GateResult:
        quarantined = {i: list(faults) for i, faults in malformed.items()}
        warnings: dict[int, list[Failure]] = {}
        errors: list[Failure] = []
        batch_warnings: list[Failure] = []
        for result in results:
            rule = self._rules[result.expectation_config.meta["rule"]]
            critical = rule.severity is Severity.CRITICAL
            bad = _bad_rows(result)
            if bad is None:
                (errors if critical else batch_warnings).append(_batch_failure(rule, result))
                continue
            for position in bad:
                index = sound[position]
                (quarantined if critical else warnings).setdefault(index, []).append(_failure(rule, rows[index]))
        if errors:
            return _refused(rows, errors, len(self.stage.rules))
        return GateResult(
            accepted=tuple(i for i in range(len(rows)) if i not in quarantined),
            quarantined={i: tuple(quarantined[i]) for i in sorted(quarantined)},
            warnings={i: tuple(warnings[i]) for i in sorted(warnings)},
            batch_warnings=tuple(batch_warnings),
            rules=len(self.stage.rules),
        )


def _refused(rows: Sequence[Row], errors: Sequence[Failure], rules: int) -> GateResult:
    """The batch as a whole is not taken."""
    told = tuple(errors)
    return GateResult(accepted=(), quarantined=dict.fromkeys(range(len(rows)), told), batch_errors=told, rules=rules)


def _bad_rows(result: Any) -> list[int] | None:
    """Positions of the rows a rule failed on; None when it could not run or is about the batch as a whole."""
    if _could_not_run(result):
        return None
    found = result.result.get("unexpected_index_list")
    return None if found is None else [int(position) for position in found]


def _could_not_run(result: Any) -> bool:
    """Great Expectations reports an exception in two shapes: flat, or keyed by the id of the metric that raised."""
    info = result.exception_info or {}
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return bool(info)


def _failure(rule: Rule, row: Row) -> Failure:
    more = row.get(rule.detail) if rule.detail else None
    return Failure(rule.code, f"{rule.words} ({more})" if more else rule.words)


def _batch_failure(rule: Rule, result: Any) -> Failure:
    if _could_not_run(result):
        return Failure("rule_could_not_run", f"the rule {rule.code} could not run: {rule.words}")
    return Failure(rule.code, rule.words)


def _build(stage: Stage) -> tuple[Any, Any]:
    """The batch definition and the suite. The suite is not stored in the context, so nothing grows."""
    import great_expectations as gx

    expectations = []
    for rule in stage.rules:
        expectation = rule.expect(gx.expectations)
        expectation.meta = {"rule": rule.code, "words": rule.words}
        expectation.severity = rule.severity.value
        expectations.append(expectation)
    with _building:
        source = _context().data_sources.add_pandas(stage.name)
        batches = source.add_dataframe_asset(stage.name).add_batch_definition_whole_dataframe("batch")
    return batches, gx.ExpectationSuite(name=stage.name, expectations=expectations)


@lru_cache(maxsize=1)
def _context() -> Any:
    """The process's context: in memory, no network, no progress bars."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context
