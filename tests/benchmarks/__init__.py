"""What it costs and how fast it is, measured on this machine. `python -m tests.benchmarks [NAME ...]`; no name: all."""
