"""One folder a system, each implementing the ports of `canonical.ports`."""
