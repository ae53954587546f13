"""`python -m deployments.cli`."""

from deployments.cli.main import main

if __name__ == "__main__":
    main()
