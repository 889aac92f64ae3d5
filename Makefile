# Two commands set everything up on a machine that has Python 3.11 or newer and make:
#   make demo   redact a public-domain photo and show the result
#   make test   run every check, as continuous integration does
# Both make .venv first, once; nothing outside of it is changed but the user's cache of model files.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough; say `make demo PYTHON=...` for another one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; done; echo no-python)
VENV := .venv
PY := $(VENV)/bin/python
WHEEL_VENV := build/wheel-venv
LOWEST_VENV := build/lowest-venv
# The Python that the wheel is tried on; say `make wheel-test WHEEL_PYTHON=...` for another one.
WHEEL_PYTHON ?= $(shell tools/newest_python.sh)
# Twice two cores: many tests wait for a server, a disk or a clock.
JOBS ?= 4
# A wheel that holds the same bytes as the checkout (tools/wheel_files.py) can only fail in how it is installed and
# started, which the tests say that start commands and use the package as users do, and with other versions of libraries:
# it is tried on the newest Python here, for which there are newer ones, and so are the tests of what changes most, video.
OF_THE_PACKAGE := tests/cli tests/scenarios tests/test_*.py tests/adapters/test_video_*.py tests/adapters/live \
	tests/engine/live tests/verify/test_streams.py --ignore=tests/test_documentation.py
# Tests start hundreds of processes, which would compile the package each.
unexport PYTHONDONTWRITEBYTECODE
# A process of tests that is killed is not replaced: the others then end, and tell which test it was at, instead of waiting.
PYTEST := -m pytest --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder --max-worker-restart=0 --quiet

.PHONY: help demo test format lint types imports reference pytest thorough wheel-test lowest-test fix clean

help:
	@echo 'make demo        redact a public-domain photo; results go to demo-out/'
	@echo 'make test        run all checks: format, lint, types, imports, CLI reference, tests and documented examples'
	@echo 'make thorough    try each property with a thousand examples, which takes long'
	@echo 'make wheel-test  build the wheel, compare it with the checkout, and run part of the tests against it, on the newest Python here'
	@echo 'make lowest-test run all tests with the lowest versions of libraries that pyproject.toml names'
	@echo 'make fix         format the code and write docs/cli-reference.md again'
	@echo 'make clean       remove .venv, caches and results'

demo: $(VENV)/.demo
	@$(PY) -m tools.demo

# Side by side: most of them use one core, and the tests wait now and then.
test: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs=2 format lint types imports reference pytest
	@echo 'all checks passed'

format: $(VENV)/.dev
	$(PY) -m ruff format --check --quiet .

lint: $(VENV)/.dev
	$(PY) -m ruff check --quiet .

types: $(VENV)/.dev
	$(PY) -m mypy

imports: $(VENV)/.dev
	$(VENV)/bin/lint-imports --no-logo

reference: $(VENV)/.dev
	$(PY) -m tools.cli_reference --check

pytest: $(VENV)/.dev
	@rm -f .coverage .coverage.*
	$(PY) -m coverage run $(PYTEST)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

thorough: $(VENV)/.dev
	HYPOTHESIS_PROFILE=thorough $(PY) $(PYTEST) -m hypothesis tests

wheel-test: $(VENV)/.dev
	@rm -rf dist $(WHEEL_VENV)
	$(PY) -m build --outdir dist
	$(PY) -m tools.wheel_files dist/*.whl
	$(or $(WHEEL_PYTHON),$(PY)) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(WHEEL_VENV)/bin/python -m pip install --quiet dist/*.whl --group test
	$(WHEEL_VENV)/bin/python -c 'import sys, unseen; sys.exit("site-packages" not in unseen.__file__)'
	$(WHEEL_VENV)/bin/python $(PYTEST) $(OF_THE_PACKAGE)

# Whenever a lower bound changes, and before a release: too long for each change.
lowest-test: $(VENV)/.dev
	@rm -rf $(LOWEST_VENV)
	$(PY) -m venv $(LOWEST_VENV)
	$(LOWEST_VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PY) -m tools.lowest_versions > $(LOWEST_VENV)/constraints.txt
	$(LOWEST_VENV)/bin/python -m pip install --quiet --constraint $(LOWEST_VENV)/constraints.txt \
		--editable '.[dicom,govern,keyring,postgres,remote]' --group test
	$(LOWEST_VENV)/bin/python $(PYTEST)

fix: $(VENV)/.dev
	$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format --quiet .
	$(PY) -m tools.cli_reference

clean:
	rm -rf $(VENV) build dist demo-out .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Dependency groups need pip 25.1; a fresh environment may hold an older one.
$(VENV)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'Python 3.11 or newer is needed; name it as in: make demo PYTHON=/path/to/python3.12'; exit 1; }
	@echo 'making $(VENV) with $(PYTHON) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.demo: $(VENV)/.pip pyproject.toml
	@echo 'installing the package and what the demo needs; the first time this takes a minute or two ...'
	@$(PY) -m pip install --quiet --editable . --group demo
	@touch $@

$(VENV)/.dev: $(VENV)/.pip pyproject.toml
	@echo 'installing the package and what the checks need; the first time this takes a minute or two ...'
	@$(PY) -m pip install --quiet --editable . --group dev
	@touch $(VENV)/.demo $@
