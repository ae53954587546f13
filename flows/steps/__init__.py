"""Small reusable Prefect tasks over ports. The work itself is in `flows.handling`."""
