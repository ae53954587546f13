"""A system that only tells: it sends signed events, and there is nothing to ask it. Kind `events` in the landscape."""
