"""How it all runs: gateway, command line, worker, stand-ins."""
