"""The table of commands. Each is a path, imported when called: `crossdock --help` imports none of them."""

import sys

import cyclopts

from deployments.profile import use_our_profile

app = cyclopts.App(
    name="crossdock",
    help="Crossdock: every order, stock figure, shipment and refund arrives on the other side exactly once.",
    version_flags=["--version"],
)
orders = cyclopts.App(name="orders", help="Orders: bring them in by name.")
stock = cyclopts.App(name="stock", help="Stock: publish items, see what waits, compare with the shops.")
products = cyclopts.App(name="products", help="Products: bring them to the shops, see what would change.")
holds = cyclopts.App(name="holds", help="Documents that wait: list them, release them.")
audit = cyclopts.App(name="audit", help="The hash-chained audit.")
engine = cyclopts.App(name="engine", help="Prefect: pool, deployments, automations.")
shops = cyclopts.App(name="shops", help="Shops: check the connection, subscribe to webhooks.")
mappings = cyclopts.App(name="mappings", help="How our systems name the same thing: look, change, take back.")
approvals = cyclopts.App(name="approvals", help="What waits for a decision: list it, approve it, reject it.")
atp = cyclopts.App(name="atp", help="Available-to-sell: how a figure came about.")
route = cyclopts.App(name="route", help="Order routing: where an order leaves from, and why.")
store = cyclopts.App(name="store", help="Stores: what is on the board, and what became of it.")
lives = cyclopts.App(name="lives", help="Orders on their way: where each stands, what is stuck or overdue.")
tokens = cyclopts.App(name="tokens", help="API tokens and their roles.")
sandbox = cyclopts.App(name="sandbox", help="The stand-ins: place orders, switch faults, let orders live.")

app.command(
    "deployments.cli.trace:trace", name="trace", help="Everything that happened to a document, from any of its ids."
)
app.command("deployments.cli.inbox:inbox", name="inbox", help="What waits in the inbox, and which lanes are parked.")
app.command("deployments.cli.inbox:replay", name="replay", help="Handle stored messages again.")
app.command("deployments.cli.landscape:landscape", name="landscape", help="Check and show the landscape.")
app.command("deployments.cli.demo:demo", name="demo", help="Start everything, place orders, show each booked once.")
app.command("deployments.cli.up:up", name="up", help="Keep everything running until Ctrl-C.")
orders.command("deployments.cli.orders:ingest", name="ingest", help="Bring named orders in.")
stock.command("deployments.cli.stock:publish", name="publish", help="Read named items and publish what differs.")
stock.command("deployments.cli.stock:believe", name="believe", help="Let positions pass that a gate stopped.")
stock.command("deployments.cli.stock:status", name="status", help="What is due, withheld or refused.")
stock.command("deployments.cli.stock:reconcile", name="reconcile", help="Compare the shops with what they should show.")
products.command("deployments.cli.products:sync", name="sync", help="Bring products in; --dry-run only shows.")
products.command("deployments.cli.products:status", name="status", help="What the shops show, and what waits.")
holds.command("deployments.cli.holds:show_open", name="list", help="Documents that wait, with reasons.")
lives.command("deployments.cli.lives:show_lives", name="list", help="Orders on their way, the quietest first.")
lives.command("deployments.cli.lives:show_life", name="show", help="The whole life of one order.")
lives.command("deployments.cli.lives:look", name="look", help="Look at orders again now.")
lives.command("deployments.cli.lives:compare", name="compare", help="Compare what the systems say of orders.")
lives.command("deployments.cli.lives:overdue", name="overdue", help="What other systems owe us an answer for.")
holds.command("deployments.cli.holds:release", name="release", help="Let a held order go on.")
audit.command("deployments.cli.audit:verify", name="verify", help="Check the chain from first to last line.")
engine.command("deployments.cli.engine:apply", name="apply", help="Apply pool, deployments and automations.")
engine.command("deployments.cli.engine:worker", name="worker", help="Serve the warm pool.")
shops.command("deployments.cli.shops:check", name="check", help="One authenticated call to a shop.")
shops.command("deployments.cli.shops:subscribe", name="subscribe", help="Have its webhooks delivered to us.")
mappings.command("deployments.cli.mappings:show_rows", name="list", help="The mappings of a kind.")
mappings.command("deployments.cli.mappings:show_change", name="show", help="A change set, and what it touches.")
mappings.command("deployments.cli.mappings:history", name="history", help="Versions and change sets.")
mappings.command("deployments.cli.mappings:coverage", name="coverage", help="What is used but not mapped.")
mappings.command("deployments.cli.mappings_change:put", name="set", help="Map one value, or unmap it.")
mappings.command("deployments.cli.mappings_change:propose", name="propose", help="Put the lines of CSV files.")
mappings.command("deployments.cli.mappings_change:import_files", name="import", help="Replace kinds by CSV files.")
mappings.command("deployments.cli.mappings_change:export", name="export", help="Write CSV files.")
mappings.command("deployments.cli.mappings_change:approve", name="approve", help="Put a waiting change in force.")
mappings.command("deployments.cli.mappings_change:reject", name="reject", help="Reject a waiting change.")
mappings.command("deployments.cli.mappings_change:rollback", name="rollback", help="Go back to a version.")
app.command(mappings)
approvals.command("deployments.cli.approvals:show_all", name="list", help="What waits for a decision.")
approvals.command("deployments.cli.approvals:show_one", name="show", help="What exactly would be done.")
approvals.command("deployments.cli.approvals:approve", name="approve", help="Approve, with your API token.")
approvals.command("deployments.cli.approvals:reject", name="reject", help="Reject, with your API token.")
approvals.command("deployments.cli.approvals:code", name="code", help="A one-time code for the form in the Prefect UI.")
app.command(approvals)
atp.command("deployments.cli.atp:explain_figure", name="explain", help="A SKU's figure at each place, line by line.")
route.command("deployments.cli.route:explain_order", name="explain", help="Where an order would leave from, and why.")
store.command("deployments.cli.store:show_board", name="list", help="What a store has to do.")
store.command("deployments.cli.store:pick", name="pick", help="Everything is found.")
store.command("deployments.cli.store:short", name="short", help="Something is not there.")
store.command("deployments.cli.store:ready", name="ready", help="A pickup waits at the counter.")
store.command("deployments.cli.store:collected", name="collected", help="The shopper has it.")
store.command("deployments.cli.store:expired", name="expired", help="Nobody came for it.")
store.command("deployments.cli.store:pack", name="pack", help="A parcel is packed.")
store.command("deployments.cli.store:send", name="send", help="The carrier took the parcel.")
store.command("deployments.cli.store:reject", name="reject", help="The store does not do it.")
tokens.command("deployments.cli.tokens:add", name="add", help="Make a token.")
sandbox.command("deployments.cli.sandbox:order", name="order", help="Place orders.")
sandbox.command("deployments.cli.sandbox:faults", name="faults", help="Switch delivery faults.")
sandbox.command("deployments.cli.sandbox:live", name="live", help="Let orders live: shoppers, warehouses, stores.")
app.command("deployments.cli.doctor:doctor", name="doctor", help="Is the data of all systems fit to go live?")
for group in (orders, stock, products, holds, audit, engine, shops, tokens, sandbox, atp, route, store, lives):
    app.command(group)


def main(arguments: list[str] | None = None) -> None:
    """Run one command. A known error is told in one line and ends with 2; anything else keeps its traceback."""
    from canonical.errors import CrossdockError

    use_our_profile()

    try:
        result = app(arguments, result_action="return_value")
    except CrossdockError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    raise SystemExit(result if isinstance(result, int) else 0)


if __name__ == "__main__":
    main()
