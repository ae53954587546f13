"""The checks of an order, one function each, by subject. `canonical.rules.order_checks` runs them."""
