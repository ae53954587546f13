"""What comes back is worth what was charged: to the cent, in both currencies, however it is cut into refunds."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from canonical.life import OrderLife, SettlingLine
from canonical.money import Money, MoneyPair, quantum
from canonical.order import DiscountAllocation, Duty, Order, OrderLine, TaxLine
from canonical.returns import Refund, RefundTransaction
from canonical.rules import example
from canonical.rules.lifecycle.policy import ReasonRule
from canonical.rules.lifecycle.returns import money
from canonical.rules.lifecycle.returns.account import Account
from canonical.rules.lifecycle.returns.freezing import settled_for
from canonical.steps import Operation
from tests.unit.lifecycle_returns.sold import line, two_lines, usd
from tests.unit.lifecycle_returns.world import NOW, RESTOCK, World

CURRENCIES = (("JPY", "JPY"), ("USD", "USD"), ("KWD", "KWD"), ("USD", "JPY"), ("KWD", "EUR"), ("JPY", "KWD"))


def pair(shop: str, seen: str, cents: int, rate: int = 3) -> MoneyPair:
    """An amount of so many minor units, in both currencies."""
    one = Money(amount=cents * quantum(seen), currency=seen)
    if shop == seen:
        return MoneyPair.same(one)
    return MoneyPair(shop=Money(amount=(cents // rate) * quantum(shop), currency=shop), presentment=one)


@st.composite
def sold(draw: st.DrawFn) -> tuple[Order, list[int]]:
    """An order of one line and its pieces cut into parts."""
    shop, seen = draw(st.sampled_from(CURRENCIES))
    cents = st.integers(0, 99_999)
    parts = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    quantity = sum(parts)
    price = draw(st.integers(3, 99_999))
    discount = draw(st.integers(0, price))
    taxes = tuple(
        TaxLine(title=f"T{n}", rate=Decimal("0.1"), amount=pair(shop, seen, draw(cents)))
        for n in range(draw(st.integers(0, 2)))
    )
    made = OrderLine(
        id="11",
        title="Tee",
        quantity=quantity,
        current_quantity=quantity,
        unit_price=pair(shop, seen, price),
        allocations=(DiscountAllocation(amount=pair(shop, seen, discount), application=0),),
        taxes=taxes,
        duties=(Duty(amount=pair(shop, seen, draw(cents))),),
    )
    return _paid_for(made, shop, seen, taxes_included=draw(st.booleans())), parts


def _paid_for(made: OrderLine, shop: str, seen: str, *, taxes_included: bool) -> Order:
    """The order of that line, a third of it paid by gift card."""
    base = example.order()
    zero = MoneyPair.zero(shop, seen)
    totals = base.totals.model_copy(update=dict.fromkeys(("total", "tips", "cash_rounding", "shipping"), zero))
    order = base.model_copy(
        update={
            "lines": (made,),
            "currency": shop,
            "presentment_currency": seen,
            "taxes_included": taxes_included,
            "shipping": (),
            "totals": totals,
            "transactions": (),
        }
    )
    owed = Money(amount=money.owed_in_all(order), currency=seen)
    paid = money.gross(order, _whole(order))
    first = Money(amount=(owed.amount / 3).quantize(quantum(seen)), currency=seen)
    cut = MoneyPair.same(first) if shop == seen else MoneyPair(shop=paid.shop - paid.shop, presentment=first)
    payments = (
        example.payment("1.00", "gift_card", id="30").model_copy(update={"amount": cut}),
        example.payment("1.00", "card", id="31").model_copy(update={"amount": paid - cut}),
    )
    return order.model_copy(update={"transactions": payments})


def _whole(order: Order) -> list[SettlingLine]:
    pieces = order.lines[0].quantity
    return [one for one in (money.goods_of(order, "11", 0, pieces), money.duties_of(order, "11", 0, pieces)) if one]


@given(sold())
def test_the_parts_of_a_line_add_up_to_the_line_in_both_currencies(case: tuple[Order, list[int]]) -> None:
    order, parts = case
    before, found = 0, []
    for pieces in parts:
        found += [money.goods_of(order, "11", before, pieces), money.duties_of(order, "11", before, pieces)]
        before += pieces
    assert money.gross(order, [one for one in found if one]) == money.gross(order, _whole(order))


@given(sold())
def test_refunds_of_all_parts_pay_back_each_payment_and_never_more(case: tuple[Order, list[int]]) -> None:
    order, parts = case
    world = World(order=example.order())
    life: OrderLife = world.life.model_copy(update={"refunds": ()})
    facts = world.facts()
    before, rows = 0, list[Refund]()
    for number, pieces in enumerate(parts, 1):
        account = Account.of(order, life)
        goods, duty = money.goods_of(order, "11", before, pieces), money.duties_of(order, "11", before, pieces)
        made = settled_for(
            replace(facts, order=order, life=life), account, number, [goods, *([duty] if duty else [])], ReasonRule()
        )
        assert made.money.presentment.amount <= account.paid()
        assert made.total.shop == made.money.shop, "what is credited is what is paid"
        before += pieces
        back = tuple(
            RefundTransaction(id=f"{number}{one.parent_id}", gateway="x", amount=one.amount, parent_id=one.parent_id)
            for one in made.tenders
        )
        rows.append(
            Refund(id=str(number), shop="north", order_id="1", created_at=NOW, transactions=back, total=made.money)
        )
        life = life.model_copy(update={"refunds": tuple(rows)})
    paid = money.summed(order, (one.amount for one in order.transactions))
    assert money.summed(order, (one.total for one in rows if one.total)) == paid
    assert Account.of(order, life).paid() == 0


def test_a_third_of_three_pieces_is_the_cents_that_are_left() -> None:
    order = two_lines()
    shares = [str(money.goods_of(order, "11", before, 1).net.shop) for before in range(3)]
    assert shares == ["9.98 USD", "9.99 USD", "9.98 USD"]


def test_a_tax_inside_the_price_is_taken_out_of_what_is_credited() -> None:
    order = two_lines().model_copy(update={"taxes_included": True})
    found = money.goods_of(order, "12", 0, 1)
    assert (str(found.net.shop), str(found.tax.shop)) == ("45.50 USD", "4.50 USD")
    assert str(money.priced(order, found).shop) == "50.00 USD"


def test_money_goes_back_on_the_card_before_the_gift_card() -> None:
    world = World()
    account = Account.of(world.order, world.life)
    assert [(one.gateway, str(one.amount.shop)) for one in account.tenders(Decimal("120.00"))] == [
        ("card", "117.10 USD"),
        ("gift_card", "2.90 USD"),
    ]


def test_change_given_in_cash_is_not_paid_back() -> None:
    order = example.order(
        lines=(line("11", 1, "20.00", "1.80"),),
        transactions=(
            example.payment("50.00", "cash", id="30"),
            example.payment("26.20", "cash", id="31", kind=example.TransactionKind.CHANGE),
        ),
    )
    assert Account.of(order, World().life).paid() == Decimal("23.80")


def test_what_is_not_paid_yet_is_set_off_and_not_paid_back() -> None:
    order = two_lines().model_copy(update={"transactions": ()})
    world = World(order=order)
    id_ = world.ask({"12": 1})
    world.inspected(id_, ("12", 1, RESTOCK))
    world.run()
    (posting,) = world.of(Operation.CREDIT)
    assert str(posting.total) == "54.50 USD"
    assert world.refunds[0].total == usd("0.00")
