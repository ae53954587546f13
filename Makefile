# Crossdock. `make` lists what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
ERP ?= tryton
KILLS ?= 60
SEED ?= 7
ORDERS ?= 500
ONLY ?=
AGAIN ?=
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test up check bench chaos lint types contracts format lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'

$(READY): requirements.lock pyproject.toml
	@test -x "$(VENV)/bin/python" || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## start everything, place orders in the Shopify stand-in, show each booked once in the ERP (ERP=lambda)
	@$(RUN) -m deployments.cli demo --erp $(ERP)

up: $(READY)  ## keep everything running on fixed ports until Ctrl-C (ERP=lambda)
	@$(RUN) -m deployments.cli up --erp $(ERP)

# Whole stacks do not share the two cores of a small machine with the rest. AGAIN=1 (CI) runs what failed once more, alone,
# and says so: what fails twice has failed.
HEAVY := tests/engine tests/crash tests/flows/counterpart
ONCE_MORE = { test -n "$(AGAIN)" && echo "Some tests failed; they run once more, alone." \
	&& $(RUN) -m pytest --last-failed --last-failed-no-failures none; }

test: $(READY)  ## every test that needs nothing but this machine
	$(RUN) -m pytest -n $(JOBS) --dist loadgroup $(HEAVY:%=--ignore=%) || $(ONCE_MORE)
	$(RUN) -m pytest -n $(JOBS) --dist loadgroup $(HEAVY) || $(ONCE_MORE)

check: lint types contracts  ## lint, types, import contracts

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(READY)
	$(VENV)/bin/mypy

contracts: $(READY)
	$(VENV)/bin/lint-imports

bench: $(READY)  ## measure (ONLY=intake for one); each ends with a line `bench <name>: key=value ...`
	$(RUN) -m tests.benchmarks $(ONLY)

chaos: $(READY)  ## kill processes at random while orders live from cart to return (KILLS=60 SEED=7 ORDERS=500)
	$(RUN) -m tests.chaos --kills $(KILLS) --seed $(SEED) --orders $(ORDERS)

format: $(READY)  ## let ruff format and sort
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: $(READY)  ## resolve pyproject.toml anew into requirements.lock (hashes, no registry addresses)
	$(VENV)/bin/pip install --quiet 'uv>=0.9,<1'
	$(VENV)/bin/uv pip compile pyproject.toml --group dev --group sandbox --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet --output-file requirements.lock

clean:  ## remove the environment, caches and stacks of this folder
	rm -rf $(VENV) .crossdock .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
