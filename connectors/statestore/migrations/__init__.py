"""Alembic migrations of the state store; `connectors.statestore.schema` runs them."""
