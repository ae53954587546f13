"""Coverage: what is used and not mapped, how many documents wait for it, and which of them the longest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from canonical.mapping.kinds import MappingKind
from canonical.mapping.usage import REASON_KINDS, needs
from canonical.order import Order
from canonical.ports import Mappings
from canonical.records import Case


@dataclass
class Missing:
    """One value that documents wait for. `kinds` says what to map; `value` is the channel's word for it."""

    kinds: str
    shop: str
    value: str
    oldest: str
    since: datetime
    documents: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many documents wait for it."""
        return len(self.documents)


def coverage(cases: Iterable[Case], orders: Mapping[str, Order], mappings: Mappings) -> list[Missing]:
    """What open cases wait for, most documents first. `orders` by aggregate key; other documents tell it in words.

    A value that is mapped by now is left out: its documents go on with the next run.
    """
    found: dict[tuple[str, str, str], Missing] = {}
    for case in cases:
        if case.reason_code not in REASON_KINDS:
            continue
        for kinds, value in _lacking(case, orders.get(case.aggregate_key), mappings):
            entry = found.setdefault(
                (kinds, case.scope, value), Missing(kinds, case.scope, value, case.document, case.opened_at)
            )
            entry.documents.add(case.aggregate_key)
            if case.opened_at < entry.since:
                entry.oldest, entry.since = case.document, case.opened_at
    return sorted(found.values(), key=lambda entry: (-entry.count, entry.since))


def _lacking(case: Case, order: Order | None, mappings: Mappings) -> Iterable[tuple[str, str]]:
    kinds: tuple[MappingKind, ...] = REASON_KINDS[case.reason_code]
    if order is None:
        return [(kinds[0].value, case.words)]
    lacking = (need for need in needs(order, mappings) if need.value is None and need.kind in kinds)
    return [(need.kind.value, need.label) for need in lacking]
