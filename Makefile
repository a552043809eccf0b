# One command each. A machine needs make and Python 3.11 or newer; everything else goes into .venv.
# Another Python than python3:  make demo PYTHON=python3.12

PYTHON ?= python3
EVENTS ?= 1000000
SHARE ?= 1
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: demo test engines lab bench trust lint clean help

demo: $(VENV)/.core ## simulate a product, run the launch report on it, and print where its page is
	@$(BIN)/pm-analytics demo --into reports

test: $(VENV)/.test ## run the tests (browser tests skip where there is no Chromium)
	@$(BIN)/python -m pytest -m "not slow and not engine" -n auto --dist worksteal

engines: $(VENV)/.engines ## run the same questions on PostgreSQL, ClickHouse and Spark (1 GB more; skips what is absent)
	@$(BIN)/python -m pytest tests/engines -m engine

lab: $(VENV)/.core ## open JupyterLab on the first notebook
	@$(BIN)/jupyter lab notebooks/00_start_here.ipynb

bench: $(VENV)/.bench ## measure time and memory against a floor, beside peers: make bench EVENTS=10000000
	@$(BIN)/python benchmarks/run.py $(EVENTS)

trust: $(VENV)/.test ## run the slow suite: simulations of coverage and error rates; in full it writes docs/trust.md
	@rm -rf $(VENV)/trust && mkdir -p $(VENV)/trust
	@PM_ANALYTICS_TRUST=$(SHARE) PM_ANALYTICS_TRUST_ROWS=$(CURDIR)/$(VENV)/trust \
		$(BIN)/python -m pytest -m slow -n auto --dist worksteal
	@if [ "$(SHARE)" = 1 ]; then $(BIN)/python tests/trust/page.py $(VENV)/trust; fi

lint: $(VENV)/.test ## check style, types, the floors of the house, and that notebooks are stripped
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/strip_notebooks.py --check

clean: ## remove the environment, caches and builds; reports stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/^\([a-z]*\):.*## /  make \1\t/' | expand -t 16

# The environment, in steps that are repeated only when what they depend on has changed.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not. Install it, or name another one:" >&2; \
		echo "    make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; exit 1; }
	@rm -rf $(VENV)
	@echo "Making the environment in $(VENV); this is done once, and takes a minute or two ..." >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml constraints.txt
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml constraints.txt
	@$(PIP) -e '.[test]'
	@touch $(VENV)/.core $@

$(VENV)/.engines: $(VENV)/.test
	@$(PIP) -e '.[test,engines]'
	@touch $@

$(VENV)/.bench: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing the peers to measure against; ClickHouse alone is half a gigabyte ..." >&2
	@$(PIP) -e '.[bench]'
	@touch $(VENV)/.core $@
