"""A Shopify shop to run against: the published Admin schema, executed on a store of its own, hostile on demand."""
