"""Webhooks: REST-shaped bodies of what changed, signed, delivered, retried, and tampered with on demand."""
