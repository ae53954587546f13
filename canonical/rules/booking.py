"""The sales order document of an order: what the ERP is asked to book, to the cent.

Nothing is recomputed that the channel states: prices, discounts and taxes are taken line by line, and the document's
total has to be the order's. Where prices include tax, the tax stated for the line is taken out of it.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NoReturn

from canonical.booking import BookedTax, BookingLine, BookingLineKind, SalesOrderDocument, Tender
from canonical.errors import HeldError, RejectedError
from canonical.ids import effect_key
from canonical.landscape import Company
from canonical.money import Money, quantum, total
from canonical.order import Order, OrderLine, ShippingLine, TaxLine, TransactionKind
from canonical.ports import Mappings
from canonical.rules import totals
from canonical.rules.checks.mapped import item_code, shipping_places
from canonical.rules.party import party_of
from canonical.rules.taxes import tax_code
from canonical.rules.tenders import paying_transactions, tendered

CREATE: Final = "sales-order.create"


def sales_order_document(
    order: Order, mappings: Mappings, company: Company, warehouse: str | None = None
) -> SalesOrderDocument:
    """The document for an accepted order. Pure: same order and mappings, same document and digest.

    `warehouse` is where we decided to ship from; without, it is where the channel asks most of.

    Raises `HeldError` when a mapped value is missing (the checks say so before), and `RejectedError` when the lines do
    not come to the order's total or the company books in another currency.

    >>> from canonical.rules import example
    >>> document = sales_order_document(example.order(), example.MAPPINGS, example.COMPANY)
    >>> document.key, str(document.total), [str(line.net) for line in document.lines]
    ('north:sales-order.create:5123', '23.80 USD', ['20.00 USD', '2.00 USD'])
    """
    if order.currency != company.currency:
        _reject(order, "currency", f"the order is in {order.currency}, company {company.name} in {company.currency}")
    booked = _Booking(order, mappings)
    return SalesOrderDocument(
        key=effect_key(order.shop, CREATE, order.id),
        shop=order.shop,
        company=company.name,
        source_id=order.id,
        name=order.name,
        ordered_at=order.processed_at or order.created_at,
        currency=order.currency,
        party=party_of(order),
        invoice_address=order.billing or order.shipping_address,
        shipping_address=order.shipping_address or order.billing,
        warehouse=warehouse or booked.warehouse() or company.warehouse,
        shipping_method=booked.shipping_method(),
        po_number=order.po_number,
        payment_terms_days=order.payment_terms.due_in_days if order.payment_terms else None,
        lines=_balanced(order, booked.lines(), mappings),
        tenders=booked.tenders(),
        total=totals.payable(order),
    )


def split(gross: Money, discount: Money, tax: Money, *, included_rate: Decimal | None) -> tuple[Money, Money, Money]:
    """(list net, discount net, net) of a line: the first less the second is the third, exactly.

    `gross` is before discounts. `included_rate` is the sum of the tax rates inside the price, or None where tax comes
    on top. The net is what was paid less the stated tax; only the discount is scaled by the rate, so that the list
    price keeps its meaning, and the cents still agree.

    >>> dollars = [Money.of(amount, "USD") for amount in ("119.00", "11.90", "17.10")]
    >>> [str(part) for part in split(*dollars, included_rate=Decimal("0.19"))]
    ['100.00 USD', '10.00 USD', '90.00 USD']
    >>> [str(part) for part in split(*dollars, included_rate=None)]
    ['119.00 USD', '11.90 USD', '107.10 USD']
    """
    if included_rate is None:
        return gross, discount, gross - discount
    net = gross - discount - tax
    saved = (discount.amount / (1 + included_rate)).quantize(quantum(gross.currency), ROUND_HALF_UP)
    reduced = Money(amount=saved, currency=gross.currency)
    return net + reduced, reduced, net


class _Booking:
    """Lines, tenders and warehouse of one order. Missing mappings raise `HeldError`."""

    def __init__(self, order: Order, mappings: Mappings) -> None:
        self.order, self.mappings, self.currency = order, mappings, order.currency

    def mapped(self, value: str | None, code: str, name: str) -> str:
        """The mapped value, or the hold that its absence means."""
        if value is None:
            raise HeldError(
                f"nothing is mapped for {name}",
                code=code,
                document=self.order.name,
                way_out=f"Add the mapping for {name}; the order goes on by itself",
            )
        return value

    def lines(self) -> list[BookingLine]:
        """What was sold, then duties, tips, shipping, fees and the cash rounding."""
        order = self.order
        lines = [self._item(line) for line in totals.goods(order) if line.quantity]
        lines += self._duties()
        lines += self._tips()
        lines += [self._shipping(charge) for charge in totals.charges(order) if charge.price.shop.amount]
        extras = (
            ("fee", BookingLineKind.FEE, "Additional fees", order.totals.fees),
            ("cash-rounding", BookingLineKind.CASH_ROUNDING, "Cash rounding", order.totals.cash_rounding),
        )
        lines += [
            self._plain(key, kind, title, amount.shop)
            for key, kind, title, amount in extras
            if amount and amount.shop.amount
        ]
        return lines

    def shipping_method(self) -> str | None:
        """The ERP's code of the first shipping charge; None when nothing is shipped."""
        for charge in totals.charges(self.order):
            code = self.mappings.shipping_method(self.order.shop, charge.code, charge.title)
            return self.mapped(code, "shipping_method_unmapped", charge.title)
        return None

    def warehouse(self) -> str | None:
        """The location that ships most units, the first on a tie; None when the order names none."""
        units: dict[str, int] = {}
        for place in shipping_places(self.order):
            code = self.mapped(
                self.mappings.location(self.order.shop, place.location_id, place.location_name),
                "location_unmapped",
                place.location_name or place.location_id or place.id,
            )
            units[code] = units.get(code, 0) + sum(line.quantity for line in place.lines)
        return max(units, key=lambda code: units[code]) if units else None

    def tenders(self) -> tuple[Tender, ...]:
        """One a transaction that took or holds money; change given back is a tender below zero."""
        return tuple(
            Tender(
                key=transaction.id,
                method=self.mapped(
                    self.mappings.payment_method(self.order.shop, transaction.gateway),
                    "payment_method_unmapped",
                    transaction.gateway,
                ),
                amount=tendered(self.order, transaction),
                captured=transaction.kind is not TransactionKind.AUTHORIZATION,
            )
            for transaction in paying_transactions(self.order)
        )

    def _item(self, line: OrderLine) -> BookingLine:
        gift_card = line.is_gift_card
        return self._line(
            key=line.id,
            kind=BookingLineKind.GIFT_CARD_SOLD if gift_card else BookingLineKind.ITEM,
            item=self.mapped(item_code(self.order, line, self.mappings), "item_unmapped", line.sku or line.title),
            description=line.title,
            quantity=line.quantity,
            gross=line.unit_price.shop * line.quantity,
            discount=totals.discount_of(line.allocations),
            taxes=() if gift_card else line.taxes,  # money, not goods: a liability bears no tax
        )

    def _shipping(self, charge: ShippingLine) -> BookingLine:
        return self._line(
            key=f"shipping-{charge.id}",
            kind=BookingLineKind.SHIPPING,
            item=self._account_item("shipping"),
            description=charge.title,
            quantity=1,
            gross=charge.price.shop,
            discount=totals.discount_of(charge.allocations),
            taxes=charge.taxes,
        )

    def _duties(self) -> list[BookingLine]:
        return [
            self._line(
                key=f"duty-{line.id}-{place}",
                kind=BookingLineKind.DUTY,
                item=self._account_item("duty"),
                description=f"Duty on {line.sku or line.title}",
                quantity=1,
                gross=duty.amount.shop,
                discount=Decimal(0),
                taxes=duty.taxes,
            )
            for line in self.order.lines
            for place, duty in enumerate(line.duties, 1)
        ]

    def _tips(self) -> list[BookingLine]:
        """The tip lines; where the channel lists none, one line of the tip it states."""
        tips = [(line.id, line.unit_price.shop * line.quantity) for line in self.order.lines if line.is_tip]
        tips = tips or [("tip", self.order.totals.tips.shop)]
        return [self._plain(key, BookingLineKind.TIP, "Tip", amount) for key, amount in tips if amount.amount]

    def _plain(self, key: str, kind: BookingLineKind, title: str, amount: Money) -> BookingLine:
        return self._line(
            key=key,
            kind=kind,
            item=self._account_item(kind.value),
            description=title,
            quantity=1,
            gross=amount,
            discount=Decimal(0),
            taxes=(),
        )

    def _line(
        self,
        *,
        key: str,
        kind: BookingLineKind,
        item: str,
        description: str,
        quantity: int,
        gross: Money,
        discount: Decimal,
        taxes: tuple[TaxLine, ...],
    ) -> BookingLine:
        booked = tuple(self._tax(tax) for tax in taxes if not tax.amount.shop.is_zero)
        tax = total((t.amount for t in booked), self.currency)
        saved = Money(amount=discount, currency=self.currency)
        rate = _rate(taxes) if self.order.taxes_included else None
        list_net, discount_net, net = split(gross, saved, tax, included_rate=rate)
        return BookingLine(
            key=key,
            kind=kind,
            item=item,
            description=description,
            quantity=quantity,
            list_net=list_net,
            discount=discount_net,
            net=net,
            taxes=booked,
        )

    def _tax(self, tax: TaxLine) -> BookedTax:
        code = self.mapped(tax_code(self.order, tax, self.mappings), "tax_unknown", tax.code)
        if tax.rate is None:
            _reject(self.order, "tax", f"the tax {tax.title} has no rate")
        return BookedTax(code=code, rate=tax.rate, amount=tax.amount.shop)

    def _account_item(self, purpose: str) -> str:
        return self.mapped(
            self.mappings.account_item(self.order.shop, purpose), "account_item_unmapped", f"purpose {purpose}"
        )


def _rate(taxes: tuple[TaxLine, ...]) -> Decimal:
    """The rates inside a price: of the taxes charged, or of all where the line was given away and bore none."""
    charged = [tax for tax in taxes if not tax.amount.shop.is_zero] or taxes
    return sum((tax.rate or Decimal(0) for tax in charged), Decimal(0))


def _balanced(order: Order, lines: list[BookingLine], mappings: Mappings) -> tuple[BookingLine, ...]:
    """The lines, with a rounding line where conversion between two currencies needs one; they come to the total.

    Raises `RejectedError` naming the difference when it is more than a rounding.
    """
    booked = total((line.gross for line in lines), order.currency)
    difference = totals.payable(order) - booked
    if difference.is_zero:
        return tuple(lines)
    item = mappings.account_item(order.shop, "cash_rounding")
    if abs(difference.amount) > totals.tolerance(order, totals.Side.SHOP) or item is None:
        _reject(
            order,
            "total",
            f"the lines come to {booked}, the order to {totals.payable(order)}: {difference} is missing",
        )
    rounding = BookingLine(
        key="rounding",
        kind=BookingLineKind.CASH_ROUNDING,
        item=item,
        description=f"Rounding of {order.presentment_currency} to {order.currency}",
        quantity=1,
        list_net=difference,
        discount=Money.zero(order.currency),
        net=difference,
    )
    return (*lines, rounding)


def _reject(order: Order, field: str, words: str) -> NoReturn:
    raise RejectedError(
        words,
        code="booking_impossible",
        document=order.name,
        field=field,
        way_out="Compare the order in the shop, then replay it",
    )
