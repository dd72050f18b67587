# One target sets everything up; the others need it. `make demo`, `make test`, `make lab`.
#
#   UV_TORCH_BACKEND=cpu make demo     the small CPU build of torch instead of the default one
#   PYTHON=python3.12 make demo        another interpreter (3.11 or newer)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= out/demo
FRONT := workbench/widgets/front
NPM_INSTALL := npm install --no-package-lock --no-audit --no-fund

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser notebooks lint lab package lock front docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## make .venv and fill it from the lock file (nothing to do when nothing changed)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is older: PYTHON=python3.12 make ..."; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet uv
	@PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip install --quiet --python $(BIN)/python \
		--constraint requirements.lock --editable '.[dev]'
	@touch $@

demo: setup ## excavate the demo categories; the report lands in out/demo/report.html
	$(BIN)/workbench demo --out $(OUT) --overwrite

test: setup ## run the tests, and every notebook of the course
	$(BIN)/python -m pytest
	WORKBENCH_CHECKS=strict $(BIN)/python -m pytest --nbmake --nbmake-timeout=600 notebooks/*.ipynb

test-browser: setup ## the explorer in Chromium and JupyterLab (needs node 20 and Chromium: .ci/tools)
	cd $(FRONT) && $(NPM_INSTALL) && npm run check && npm test && npm run test:browser && \
		npm run build -- --check
	$(BIN)/python -m pytest -m browser tests/browser

lint: setup ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: setup ## make the course's notebooks from notebooks/source, outputs included
	$(BIN)/python -m workbench.course.building

lab: setup ## open JupyterLab on the notebooks
	$(BIN)/workbench lab

package: setup ## build wheel and source distribution; install them elsewhere and run the demo there
	$(BIN)/python -m pytest -m package tests/package --timeout=1800

lock: setup ## pin the newest versions that fit together
	@PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip compile --quiet --universal --python-version 3.11 \
		--all-extras --upgrade --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --output-file requirements.lock

docs: setup ## build the documentation site into out/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

front: ## check, test and build the explorer's front end (needs node 20 or newer)
	cd $(FRONT) && $(NPM_INSTALL) && npm run check && npm test && npm run build

clean: ## remove the environment and what the verbs wrote
	rm -rf $(VENV) out build dist .mypy_cache .pytest_cache .ruff_cache
