"""The shared language: models, rules, states and ports. Pure: the same input gives the same answer."""
