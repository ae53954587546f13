"""The front door: webhooks and events in, verified, stored, answered. Nothing else happens in this process.

    POST /webhooks/shopify[/{shop}]   signed by Shopify
    POST /events/{system}             signed by the Standard Webhooks scheme
    GET  /health /ready /metrics /    for whoever watches

The order of steps is the promise: signature over the raw bytes, subscription, commit, 200. The flows are woken after
the commit, and never waited for. Prefect, pandas and Great Expectations are never imported here: a front door starts
in a second and stays small.
"""
