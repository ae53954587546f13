"""The whole house on one machine: stand-in, ERP, Prefect, worker and gateway, each a process of its own.

Used by `make demo`, `make up`, the crash tests and the benchmarks, so that all of them run the same thing.
"""
