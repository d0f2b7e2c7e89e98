# Two commands on a fresh machine: `make demo` and `make test`.  Both work inside .venv and touch no other Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests on all cores, up to four.  Each process takes a stretch of the files and, when done, half of what another has left:
# few modules are cut in two, and only their fixtures are computed twice.
SPREAD := -n logical --maxprocesses=4 --dist worksteal
SOURCES := pyproject.toml CMakeLists.txt README.md $(wildcard cpp/*) $(shell find src -type f ! -name '*.pyc')

.PHONY: demo test test-all lint types bench scaling calibrate clean

demo: $(VENV)/.installed
	$(BIN)/lozenge demo

test: $(VENV)/.tested
	$(BIN)/python -m pytest $(SPREAD) -m "not slow" tests benchmarks
	$(BIN)/python -m pytest --doctest-modules --pyargs lozenge

test-all: $(VENV)/.tested
	$(BIN)/python -m pytest $(SPREAD) tests benchmarks
	$(BIN)/python -m pytest --doctest-modules --pyargs lozenge

lint: $(VENV)/.linting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.linting $(VENV)/.installed
	$(BIN)/mypy

# All problems take up to two hours, and a run that is stopped goes on where it was: make bench PROBLEM="lasso-wide cv-tall"
bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks.run $(PROBLEM)

# Time against rows, columns and threads, into docs/benchmarks.
scaling: $(VENV)/.installed
	$(BIN)/python -m benchmarks.scaling

# Rates of the cost model on this machine, beside those in the source.
calibrate: $(VENV)/.installed
	$(BIN)/python -m benchmarks.calibrate

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
