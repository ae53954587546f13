"""What a cancellation or an edit undoes, by stage of the order: a table, drawn by `python -m` of this module.

Operations come in the order given: the warehouse lets go before the sale ends. The rules in this package do it; a test
walks every cell of the table through them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from canonical.steps import SIDE_OF, Operation


class Stage(StrEnum):
    """How far the order is when somebody changes his mind."""

    BEFORE_POSTING = "before posting"
    POSTED = "after posting"  # nothing is asked of a warehouse yet: the goods are to come
    ALLOCATED = "after allocation"
    PICKING = "while picking"  # the warehouse still lets go
    PACKED = "packed"  # it does not any more
    PARTLY_SHIPPED = "after partial shipment"
    SHIPPED = "after full shipment"


class Action(StrEnum):
    """What happens to it."""

    CANCEL_IN_SHOP = "cancelled in the shop"
    CANCEL_IN_ERP = "cancelled in the ERP"
    TAKE_OUT = "an edit takes a piece out"
    PUT_IN = "an edit adds a piece"


@dataclass(frozen=True, slots=True)
class Cell:
    """What is sent, in order; the cases that stay; and in words what becomes of it.

    `leaves`: what follows when the goods leave all the same.
    """

    words: str
    sent: tuple[Operation, ...] = ()
    waits: tuple[str, ...] = ()
    leaves: tuple[Operation, ...] = ()
    leaves_waits: tuple[str, ...] = ()


_O, _S, _A = Operation, Stage, Action
_ROUTED: Final = (
    "The piece joins the sale, is routed and asked for by a request of its own; the warehouse has the first one "
    "unchanged."
)
_ADDED_LATE: Final = (_O.REQUEST, _O.AMEND_SALE, _O.NOTE_INVOICE)
_GOES_ON: Final = (_O.FULFILL, _O.SHIPMENT, _O.INVOICE, _O.NOTE_INVOICE, _O.NOTE_INVOICE, _O.PAYMENT)

TABLE: Final[Mapping[Stage, Mapping[Action, Cell]]] = {
    _S.BEFORE_POSTING: {
        _A.CANCEL_IN_SHOP: Cell("It is not booked and nothing is asked of anybody: the reservation ends."),
        _A.CANCEL_IN_ERP: Cell("There is no sale that could be cancelled: nothing happens."),
        _A.TAKE_OUT: Cell("The order is booked and asked for without the piece."),
        _A.PUT_IN: Cell("The order is booked with the piece, which is routed like the others."),
    },
    _S.POSTED: {
        _A.CANCEL_IN_SHOP: Cell("The sale is cancelled in the ERP; no warehouse ever hears of it.", (_O.CANCEL_SALE,)),
        _A.CANCEL_IN_ERP: Cell("The order is cancelled in the shop, restocked and refunded.", (_O.CANCEL_ORDER,)),
        _A.TAKE_OUT: Cell("The request will be made without the piece, and the sale is amended.", (_O.AMEND_SALE,)),
        _A.PUT_IN: Cell(_ROUTED, (_O.REQUEST, _O.AMEND_SALE)),
    },
    _S.ALLOCATED: {
        _A.CANCEL_IN_SHOP: Cell(
            "The warehouse lets go, then the sale is cancelled.", (_O.CANCEL_REQUEST, _O.CANCEL_SALE)
        ),
        _A.CANCEL_IN_ERP: Cell(
            "The warehouse lets go, then the order is cancelled in the shop.", (_O.CANCEL_REQUEST, _O.CANCEL_ORDER)
        ),
        _A.TAKE_OUT: Cell("The request is amended, then the sale.", (_O.AMEND, _O.AMEND_SALE)),
        _A.PUT_IN: Cell(_ROUTED, (_O.REQUEST, _O.AMEND_SALE)),
    },
    _S.PICKING: {
        _A.CANCEL_IN_SHOP: Cell(
            "What was picked goes back on the shelf, then the sale is cancelled.", (_O.CANCEL_REQUEST, _O.CANCEL_SALE)
        ),
        _A.CANCEL_IN_ERP: Cell(
            "What was picked goes back, then the order is cancelled in the shop.", (_O.CANCEL_REQUEST, _O.CANCEL_ORDER)
        ),
        _A.TAKE_OUT: Cell(
            "The request is amended, if the warehouse still takes it; then the sale.", (_O.AMEND, _O.AMEND_SALE)
        ),
        _A.PUT_IN: Cell(_ROUTED, (_O.REQUEST, _O.AMEND_SALE)),
    },
    _S.PACKED: {
        _A.CANCEL_IN_SHOP: Cell(
            "The warehouse refuses. What leaves is booked out of stock, not invoiced, and waits for a return.",
            (_O.CANCEL_REQUEST,),
            ("cancel_refused",),
            (_O.SHIPMENT,),
            ("shipped_after_cancel", "rest_open_in_erp"),
        ),
        _A.CANCEL_IN_ERP: Cell(
            "The warehouse refuses. What leaves waits for finance: the ERP has no sale for it.",
            (_O.CANCEL_REQUEST,),
            ("cancel_refused",),
            (_O.SHIPMENT,),
            ("shipped_after_cancel", "cancelled_in_erp_but_shipped"),
        ),
        _A.TAKE_OUT: Cell(
            "The warehouse refuses. What leaves is shipped and invoiced as sent; the piece comes back as a return.",
            (_O.AMEND,),
            ("taken_out_but_ships",),
            _GOES_ON,
        ),
        _A.PUT_IN: Cell(_ROUTED, (_O.REQUEST, _O.AMEND_SALE)),
    },
    _S.PARTLY_SHIPPED: {
        _A.CANCEL_IN_SHOP: Cell(
            "The warehouse lets go of the rest, then it is taken out of the sale. What left stays sold.",
            (_O.CANCEL_REQUEST, _O.AMEND_SALE),
        ),
        _A.CANCEL_IN_ERP: Cell(
            "The warehouse lets go of the rest. The shop cannot cancel what left: finance refunds the rest.",
            (_O.CANCEL_REQUEST,),
            ("cancelled_in_erp_but_shipped",),
        ),
        _A.TAKE_OUT: Cell(
            "The warehouse lets go of the piece, then the sale is amended: the order is invoiced in full by that.",
            (_O.CANCEL_REQUEST, _O.AMEND_SALE, _O.NOTE_INVOICE),
        ),
        _A.PUT_IN: Cell(f"{_ROUTED} The order is partly invoiced now.", _ADDED_LATE),
    },
    _S.SHIPPED: {
        _A.CANCEL_IN_SHOP: Cell(
            "It left and is invoiced: a return takes it back. The sale stays; nothing of it is open."
        ),
        _A.CANCEL_IN_ERP: Cell("It left: finance decides.", (), ("cancelled_in_erp_but_shipped",)),
        _A.TAKE_OUT: Cell("It left: the piece is refunded, and credited by the rules of returns."),
        _A.PUT_IN: Cell(f"{_ROUTED} The order is partly invoiced now.", _ADDED_LATE),
    },
}
"""Every stage by every action."""


def page() -> str:
    """The table as a page."""
    rows = [
        "# What a cancellation or an edit undoes",
        "",
        "Drawn from the table in `canonical/rules/lifecycle/cancelling.py`. Operations are sent in the order given.",
        "",
        "| stage | what happens | sent | waits as | in words |",
        "|---|---|---|---|---|",
    ]
    for stage, actions in TABLE.items():
        for action, cell in actions.items():
            leaves = f"; if it leaves: {_steps(cell.leaves)}" if cell.leaves else ""
            waits = ", ".join(f"`{code}`" for code in (*cell.waits, *cell.leaves_waits)) or "-"
            rows.append(f"| {stage} | {action} | {_steps(cell.sent)}{leaves} | {waits} | {cell.words} |")
    return "\n".join(rows) + "\n"


def _steps(operations: tuple[Operation, ...]) -> str:
    named = dict.fromkeys(f"{SIDE_OF[one].value}: `{one.value}`" for one in operations)
    return ", ".join(named) or "nothing"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
