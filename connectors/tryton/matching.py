"""Match what a sale owes with what was paid for it, where Tryton does not by itself.

Tryton matches a payment with the line it is for. A payment that covers several invoices, or came before them, stays
beside them on the customer's account; once all of a sale's open lines there come to nothing, they are reconciled.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton.client import TrytonClient

WIZARD = "wizard.account.move.reconcile_lines"
LINE = "account.move.line"


class Matching:
    """Reconciles the receivables of sales."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client

    async def match(self, sales: Collection[int]) -> None:
        """Reconcile what adds up to nothing, sale by sale and account by account. What does not stays open."""
        if not sales:
            return
        moves = await self._moves(sorted(set(sales)))
        open_ = await self._open([move for found in moves.values() for move in found])
        for found in moves.values():
            accounts: dict[Any, list[Mapping[str, Any]]] = {}
            for line in (line for move in found for line in open_.get(move, ())):
                accounts.setdefault((line["account"], line["party"]), []).append(line)
            for lines in accounts.values():
                if len(lines) > 1 and not sum((line["debit"] - line["credit"] for line in lines), Decimal(0)):
                    await self._reconcile([line["id"] for line in lines])

    async def _moves(self, sales: Sequence[int]) -> dict[int, list[int]]:
        """The moves of the invoices and of the payments of each sale."""
        fields = ["invoices.move", "invoices.state", "payments.clearing_move"]
        found: dict[int, list[int]] = {}
        for row in await self._client.read("model.sale.sale.read", list(sales), fields):
            invoices = [record["move"] for record in row["invoices."] or () if record["state"] == "posted"]
            payments = [record["clearing_move"] for record in row["payments."] or ()]
            found[row["id"]] = [move for move in (*invoices, *payments) if move] if any(invoices) else []
        return found

    async def _open(self, moves: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
        if not moves:
            return {}
        receivable = ("account.type.receivable", "=", True)
        domain = [("move", "in", list(moves)), ("reconciliation", "=", None), receivable]
        fields = ["move", "account", "party", "debit", "credit"]
        found: dict[int, list[Mapping[str, Any]]] = {}
        for row in await self._client.read(f"model.{LINE}.search_read", domain, 0, None, None, fields):
            found.setdefault(row["move"], []).append(row)
        return found

    async def _reconcile(self, lines: Sequence[int]) -> None:
        where = {"active_model": LINE, "active_id": lines[0], "active_ids": list(lines)}
        session, start, _ = await self._client.call(f"{WIZARD}.create")
        await self._client.call(f"{WIZARD}.execute", session, {}, start, context=where)
        await self._client.call(f"{WIZARD}.delete", session)
