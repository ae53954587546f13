"""Runs the migrations over the connection that `connectors.statestore.schema` hands in. There is no alembic.ini."""

from alembic import context

from connectors.statestore.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
