"""Business rules: pure functions over the canonical model. One function a rule, each with its example."""
