"""Mapped values: how our systems name the same thing. In memory and pure; seeds are CSV text, one file a kind."""
