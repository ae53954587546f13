"""Shopify: orders in, fields and subscriptions out, webhooks verified. Import the modules, not the package."""
