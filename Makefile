# Everything a user or a developer does, each from a bare machine: python3 (3.11 or newer) with pip, and make.
# The first target of a kind makes .venv and installs what it needs; later ones start at once.

PYTHON ?= python3
WORKERS ?= 2
REPEATS ?= 10
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	--config-settings editable_mode=compat --editable

ifeq ($(origin NASBENCH_GA_DATA),undefined)
SHARED := $(shell cd ../shared 2>/dev/null && pwd)
ifneq ($(SHARED),)
export NASBENCH_GA_DATA := $(SHARED)/tables:$(SHARED)/samples:$(SHARED)/images
endif
endif

# An environment whose install was cut short, or whose interpreter is gone, is made anew.
BROKEN := $(shell test ! -e $(VENV)/.installing && $(PY) -c '' 2>/dev/null || echo broken)

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: run study regress test lint notebooks bench clean help broken

run: $(VENV)/.base ## NASWT on NAS-Bench-101 (ARGS="--space nats-tss --fitness accuracy" runs something else)
	@if [ -n "$(findstring --space,$(ARGS))$(findstring --fitness,$(ARGS))$(findstring --table,$(ARGS))" ]; then set --; \
	else set -- --space nb101 --fitness naswt --repeats 4 --evaluations 200 --genetic.population 20; fi; \
	set -x; exec $(PY) -m nasbench_ga.run "$$@" $(ARGS)

regress: $(VENV)/.base ## what every search finds, compared exactly with results/golden (ARGS="--update" writes it anew)
	$(PY) -m nasbench_ga.regress $(ARGS)

study: $(VENV)/.base ## the published study, run again and judged: results/dervisi/ (REPEATS=100 goes on from the first 10)
	$(PY) -m experiments.dervisi --repeats $(REPEATS) $(ARGS)

test: $(VENV)/.dev ## every test, the slow ones too
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy and the import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

notebooks: $(VENV)/.dev ## run every notebook from top to bottom, each cell in at most a minute
	OMP_NUM_THREADS=1 $(PY) -m pytest --nbmake --nbmake-timeout=60 -n $(WORKERS) notebooks/ $(ARGS)

bench: $(VENV)/.dev ## measure speed; writes results/bench/
	mkdir -p results/bench
	$(PY) -m pytest bench/ --benchmark-only --benchmark-json=results/bench/latest.json $(ARGS)
	$(PY) bench/summary.py results/bench/latest.json results/bench/summary.md

clean: ## remove the environment and every cache
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .benchmarks .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PY): $(BROKEN)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "nasbench_ga needs Python 3.11 or newer, and $(PYTHON) is %d.%d; name a newer one: make PYTHON=python3.11" % sys.version_info[:2])'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt $(PY)
	@touch $(VENV)/.installing
	$(INSTALL) '.[networks,surrogates]'
	@rm $(VENV)/.installing && touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(PY)
	@touch $(VENV)/.installing
	$(INSTALL) '.[dev]'
	@rm $(VENV)/.installing && touch $(VENV)/.base $@
