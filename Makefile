# make demo · make test · make lint · make docs · make bench · make semconv
# Each sets up what it needs in .venv; nothing is installed outside this folder
# (but a browser and a database for the tests, where the machine has none: see tests/browser.sh, tests/postgresql.sh).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt
export UV_LINK_MODE ?= copy

.PHONY: demo ready test lint format bench docs semconv constraints pictures compared budgets clean
.DEFAULT_GOAL := demo

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.demo: $(BIN)/uv pyproject.toml constraints.txt
	$(UV) --editable '.[demo]'
	touch $@

$(VENV)/.dev: $(BIN)/uv pyproject.toml constraints.txt
	$(UV) --editable '.[demo]' --group lint --group test --group docs
	touch $@

# A real OTLP backend for end-to-end tests, apart from our own environment: it needs other versions of the same libraries.
PHOENIX := .venv-phoenix
PHOENIX_VERSION := 20.26.1
$(PHOENIX)/.ready-$(PHOENIX_VERSION): | $(BIN)/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PHOENIX)
	if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		$(BIN)/uv pip install --quiet --python $(PHOENIX)/bin/python arize-phoenix==$(PHOENIX_VERSION); \
	else echo "Phoenix needs Python 3.11: its tests will be skipped"; fi
	touch $@

demo: $(VENV)/.demo
	PATH="$(abspath $(BIN)):$$PATH" examples/demo.sh

# What the tests need.
ready: $(VENV)/.dev $(PHOENIX)/.ready-$(PHOENIX_VERSION)
	sh tests/browser.sh
	sh tests/postgresql.sh
	sh tests/prometheus.sh

# Three for two cores: tests wait much, for servers to come up and for faults to pass.
test: ready
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python semconv/generate.py --check
	$(BIN)/python docs/configuration.py --check
	$(BIN)/python docs/metric_tables.py --check
	$(BIN)/python docs/command_pages.py --check
	$(BIN)/python -m benchmarks.overhead.page --check
	$(SITE)

# What recording costs, next to other instrumentations, as docs/performance.md: ten minutes on a quiet machine. Some of it,
# and quicker: .venv/bin/python -m benchmarks.overhead --help
bench: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m benchmarks.overhead

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The documentation as a site, in build/site. Fails for links that lead nowhere; other sites are not asked.
SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
docs: $(VENV)/.dev
	$(BIN)/python docs/configuration.py
	$(BIN)/python docs/metric_tables.py
	$(BIN)/python docs/command_pages.py
	$(SITE)

semconv: $(VENV)/.dev
	$(BIN)/python semconv/generate.py

# The versions that CI runs with, for every Python we support. Holds names and versions alone.
constraints: $(BIN)/uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate --no-emit-index-url \
		--upgrade --prerelease if-necessary-or-explicit --extra demo --group lint --group test --group docs pyproject.toml -o constraints.txt

# What README and docs show of MLflow's pages, from the demo's traces.
pictures: $(VENV)/.dev demo
	sh tests/browser.sh
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/destination_pictures.py

# What the hot paths cost, counted, as what they may cost: tests/hot_paths/budgets.json.
budgets: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m hot_paths --write

# What others record of the same programs, and what we do, as pages in docs.
compared: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m compared.openai_table
	PYTHONPATH=tests $(BIN)/python -m compared.mlflow_api

clean:
	rm -rf $(VENV) $(PHOENIX) .prometheus .demo dist build
