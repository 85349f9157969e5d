# Needs only python3 (3.11 or newer). Everything it installs goes into .venv.
PYTHON ?= python3
MINUTES ?= 10
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint types floors suite soak bench docs lock format clean

help: ## Say what there is to make
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16

demo: $(VENV)/.installed ## Sync a simulated Sentry and ask every tool about it (no account needed)
	$(BIN)/sentry-sync demo

test: lint types floors suite ## Every check there is: format, lint, types, floors, tests

lint: $(VENV)/.installed-dev ## Format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev ## mypy --strict
	$(BIN)/mypy --strict

floors: $(VENV)/.installed-dev ## Which room may import which
	$(BIN)/lint-imports

suite: $(VENV)/.installed-dev ## The tests, in random order, on two cores
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

soak: $(VENV)/.installed-dev ## The convergence test with fresh seeds, for MINUTES (10)
	$(BIN)/python -m tests.convergence.soak $(MINUTES)

bench: $(VENV)/.installed ## Measure us beside the least that is possible
	$(BIN)/python -m benchmarks.first_sync
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.truth
	$(BIN)/python -m benchmarks.past
	$(BIN)/python -m benchmarks.day
	$(BIN)/python -m benchmarks.privacy

docs: $(VENV)/.installed-dev ## Write the generated pages anew
	$(BIN)/python -m docs.generate

lock: ## Resolve what the image is made of anew, with hashes
	$(PYTHON) -m venv .tools/lock
	.tools/lock/bin/python -m pip install --quiet 'uv>=0.9,<1'
	for part in pyproject.toml:requirements deploy/image/build.in:build; do \
		.tools/lock/bin/uv pip compile $${part%%:*} --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-annotate --custom-compile-command "make lock" \
			--output-file deploy/image/$${part##*:}.txt || exit 1; \
	done

format: $(VENV)/.installed-dev ## Format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the environment and what tools left behind
	rm -rf $(VENV) .tools dist build tests/conformance/node_modules tests/serve/dashboard/browser/node_modules \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# A stamp per kind of install: nothing is installed again until pyproject.toml changes.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "sentry-sync needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	# pip 25.1 is the first that knows dependency groups.
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
