"""A quality rule: its code, its words, and the expectation that tests it. Naming rules imports nothing heavy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """A critical rule quarantines the row, or stops the batch when it is about the batch. A warning never blocks."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation in business words. `expect` gets Great Expectations' module of expectations and makes it.

    `detail` names a column whose text says more about the row (never customer data).
    """

    code: str
    words: str
    expect: Callable[[Any], Any]
    severity: Severity = Severity.CRITICAL
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A gate's name, the columns its rows have with their Python type, and its rules."""

    name: str
    columns: Mapping[str, type]
    rules: tuple[Rule, ...]


def given(column: str, code: str, words: str) -> Rule:
    """The column has a value. Every other expectation passes over empty ones, so this one goes with each of them."""
    return Rule(code, words, lambda x: x.ExpectColumnValuesToNotBeNull(column=column))


def between(
    column: str,
    code: str,
    words: str,
    least: int | None = None,
    most: int | None = None,
    *,
    severity: Severity = Severity.CRITICAL,
    detail: str | None = None,
) -> Rule:
    """The value is in the range, ends included."""
    return Rule(
        code,
        words,
        lambda x: x.ExpectColumnValuesToBeBetween(column=column, min_value=least, max_value=most),
        severity,
        detail,
    )


def unique(column: str, code: str, words: str, severity: Severity = Severity.CRITICAL) -> Rule:
    """No two rows of the batch share the value; all copies fail."""
    return Rule(code, words, lambda x: x.ExpectColumnValuesToBeUnique(column=column), severity)


def matching(column: str, code: str, words: str, regex: str) -> Rule:
    """The text matches the regular expression."""
    return Rule(code, words, lambda x: x.ExpectColumnValuesToMatchRegex(column=column, regex=regex))


def equal(column: str, other: str, code: str, words: str) -> Rule:
    """Two columns of the row agree. A row where one of them is empty is left to `given`."""
    return Rule(
        code,
        words,
        lambda x: x.ExpectColumnPairValuesToBeEqual(
            column_A=column, column_B=other, ignore_row_if="either_value_is_missing"
        ),
    )


def volume(most: int) -> Rule:
    """The batch is not larger than a batch ever is: something upstream runs wild."""
    return Rule(
        "batch_too_large",
        f"more than {most} documents in one batch",
        lambda x: x.ExpectTableRowCountToBeBetween(min_value=1, max_value=most),
    )
