# Two commands on a fresh machine: `make demo` and `make test`.  Both work inside .venv and touch no other Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt README.md $(wildcard cpp/*) $(shell find src -name '*.py' -o -name 'py.typed')

.PHONY: demo test test-all lint types clean

demo: $(VENV)/.installed
	$(BIN)/lozenge demo

test: $(VENV)/.tested
	$(BIN)/python -m pytest -m "not slow" tests
	$(BIN)/python -m pytest --doctest-modules --pyargs lozenge

test-all: $(VENV)/.tested
	$(BIN)/python -m pytest tests
	$(BIN)/python -m pytest --doctest-modules --pyargs lozenge

lint: $(VENV)/.linting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.linting $(VENV)/.installed
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lozenge needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install --quiet .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/.linting: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group lint
	touch $@

clean:
	rm -rf $(VENV) build dist
