"""The people around a shop: shoppers, and the workers of every warehouse. They share no code with our connectors.

A shopper orders, cancels, edits and asks for returns in the Shopify stand-in; a worker sees to what lies in the
warehouse's own system, in its folders or on a store's board. What they do is decided by a seed.
"""
