# Everything runs from .venv, which is made and kept up to date from requirements.lock.
# Needs make and a Python 3.11 or later with venv: `make test PYTHON=python3.13` names another one.

PYTHON ?= python3
WORKERS ?= 2
# What does not wait for each other runs at once: `make test` checks types while the engine is compiled.
MAKEFLAGS += --jobs=$(WORKERS)

VENV := .venv
BIN := $(VENV)/bin
# Source roots, of whose packages and modules all types are checked.
ROOTS := spec impl proofs tests docs/site

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo setup check test format compiled equality campaign lint coverage bench docs site recordings field broken lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: setup ## show what marginspec does
	$(BIN)/marginspec demo

setup: $(VENV)/.installed ## make or update .venv

# Two stamps: a new lock installs packages, a change of pyproject.toml only the project itself.
# The lock names all there is to install; a pip before 23.3 that resolves anew takes the newest release of what another
# package names with an extra, and then refuses it for want of a hash. So nothing is resolved, and all of it is checked.
$(VENV)/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is missing or older than Python 3.11: name another one with PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip check
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

check: lint ## check style, types and import walls, then test rules and wire formats: a minute, for every commit
	$(BIN)/pytest -n $(WORKERS) --quiet tests/spec tests/spec_audit tests/journal

test: lint compiled ## check style, types and import walls, then run all tests
	$(BIN)/pytest -n $(WORKERS)

format: setup ## write all code as the style checks want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

compiled: setup ## compile the optimized engine, if its text has changed
	$(BIN)/python -m marginspec_engine

equality: compiled ## compare both engines on a million events
	$(BIN)/python tests/equality.py --jobs $(WORKERS)

campaign: compiled ## check ten million random events by the optimized engine for every invariant (two hours of a core)
	$(BIN)/python tests/campaign.py --jobs $(WORKERS)

lint: setup ## check style, types and import walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(ROOTS)
	$(BIN)/lint-imports

# The least share of branches that the tests must reach, in percent.
COVERED := spec:100 impl/marginspec_journal:98 impl/marginspec_tools:85

coverage: compiled ## run all tests; each part must have the share of its branches covered that COVERED names
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=
	@for part in $(COVERED); do \
		echo "$${part%:*}: at least $${part#*:}%"; \
		$(BIN)/coverage report --include="$${part%:*}/*" --fail-under="$${part#*:}" || exit 1; \
	done

bench: setup ## measure speed
	$(BIN)/marginspec bench

docs: setup ## write the generated documents and schemas anew
	$(BIN)/python -m marginspec_tools.prove.traceability --write
	$(BIN)/python -m marginspec_journal.schemas docs/schemas
	$(BIN)/python -m marginspec_tools.calculate.schema docs/schemas
	$(BIN)/python -m marginspec_conformance.protocol.schema docs/conformance
	$(BIN)/python -m marginspec_conformance.faults.table docs/conformance

site: setup ## build the rulebook's site into build/site, offline: open index.html
	$(BIN)/sphinx-build --fail-on-warning --keep-going --nitpicky --fresh-env --write-all --quiet \
		-b html -d build/site-doctrees -c docs/site docs build/site

recordings: setup ## write what tests compare with anew: golden receipts, witnesses, explanations, transcripts, vectors; then read what changed
	$(BIN)/python -m worlds.golden
	$(BIN)/python -m worlds.witnesses
	$(BIN)/python tests/tools/explain/record.py
	$(BIN)/python -m conformance.protocol.transcripts
	$(BIN)/python -m worlds.suite

field: setup ## ask public libraries the questions anew, each in an environment of its own, and write the page
	PYTHONPATH=tests $(BIN)/python -m engines.field.recording $(HOME)/.cache/marginspec/field
	PYTHONPATH=tests $(BIN)/python -m engines.field

broken: setup ## have `run` and `fuzz` find each broken engine, and print the table (some minutes)
	$(BIN)/python tests/engines/table.py --save

lock: setup ## pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --no-config --all-extras --group dev --upgrade \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock
	@! grep -nE '://|^-' requirements.lock || { echo "requirements.lock names an index" >&2; exit 1; }

clean: ## remove .venv and all that tools left behind
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find spec impl proofs tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
