# Each target does its own set-up: a virtual environment in .venv with the pinned packages and the project itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# PySpark is half a gigabyte, and of no use without Java: only the tests install it, and only where that is.
SPARK := $(if $(shell command -v java),$(VENV)/.spark)

.DEFAULT_GOAL := help
.PHONY: help demo lab app test lint docs pictures wheel bench bench-check lock words clean

help: ## List what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

demo: $(READY) ## Run the main job on the sample data and an embedded Criteo, and compare what arrived
	@$(BIN)/toolkit demo

lab: $(READY) ## Open JupyterLab on a project with the sample in project/, with the embedded Criteo up; ARGS=… go to JupyterLab
	@$(BIN)/toolkit init project --sample
	@$(BIN)/toolkit lab --project project $(ARGS)

app: $(READY) ## Open the same project as an application without code
	@$(BIN)/toolkit init project --sample
	@$(BIN)/toolkit app --project project $(ARGS)

test: $(READY) $(SPARK) lint ## Lint, check types and run the tests
	@# In the order of their names: else the files that hold few tests, which last the longest, come last.
	@# Two more than there are processors: many tests wait for processes of their own.
	@$(BIN)/python -m pytest --numprocesses $$($(BIN)/python -c "import os; print((os.cpu_count() or 1) + 2)") \
		--dist loadfile --no-loadscope-reorder

lint: $(READY) ## Lint and check types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -n 3
	@$(BIN)/vulture

docs: $(READY) ## Build the documentation as a site, in build/site
	@# Without --quiet, which would hide the warnings from --strict.
	@$(BIN)/properdocs build --strict --config-file mkdocs.yml

pictures: $(READY) ## Take the pictures of the README and of the documentation anew, into docs/pictures; needs Chromium
	@TOOLKIT_TESTS_LONG=1 TOOLKIT_TESTS_NEED=chromium TOOLKIT_SCREENSHOTS=build/pictures $(BIN)/python -m pytest -q tests/browser/test_pictures.py
	@$(BIN)/python -m tests.browser.chosen_pictures build/pictures docs/pictures

wheel: $(READY) ## Build the wheel, in dist, which runs everything without the checkout
	@$(BIN)/python -m hatchling build -t wheel -d dist

bench: $(READY) ## Measure the toolkit beside pandas, Criteo's SDK and bare Polars, and a refresh of small exports
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.refreshes

bench-check: $(READY) ## Measure again, and tell what is slower beside its peers than docs/performance.md says
	@$(BIN)/python -m benchmarks --check docs/performance.md

lock: $(READY) ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --upgrade \
		--no-emit-index-url --no-emit-find-links --no-header --quiet --output-file requirements.lock
	@$(BIN)/python -m tests.locks

words: $(READY) ## Collect the texts that people see, for translation, into toolkit/locale
	@$(BIN)/pybabel -q extract --mapping-file toolkit/locale/babel.cfg --keyword=say --keyword=some:1,2 --keyword=mark \
		--no-location --sort-output --omit-header --width=110 --output-file toolkit/locale/toolkit.pot toolkit notebooks
	@$(BIN)/pybabel -q update --domain toolkit --input-file toolkit/locale/toolkit.pot --output-dir toolkit/locale \
		--no-fuzzy-matching --ignore-obsolete --width=110

clean: ## Remove the virtual environment
	rm -rf $(VENV)

# Importing Great Expectations without compiled bytecode costs double, so pip compiles what it installs.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (once; about two minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --compile --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.spark: requirements-spark.lock $(READY)
	@echo "Installing PySpark for the tests (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --requirement $<
	@touch $@
