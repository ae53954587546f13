"""What an order is due for: pure rules over facts. Nothing is stored but facts; a plan is made anew each time."""
