# One target sets everything up; the others need it. `make demo`, `make test`, `make lab`.
#
#   UV_TORCH_BACKEND=cpu make demo     the small CPU build of torch instead of the default one
#   PYTHON=python3.12 make demo        another interpreter (3.11 or newer)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= out/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint notebooks lab package lock front clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

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

lint: setup ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: setup ## make the course's notebooks from notebooks/source, outputs included
	$(BIN)/python -m workbench.course.building

lab: setup ## open JupyterLab on the notebooks
	$(BIN)/workbench lab

package: setup ## build wheel and source distribution; install them elsewhere and run the demo there
	$(BIN)/python -m pytest release --timeout=1800

lock: setup ## pin the newest versions that fit together
	@PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip compile --quiet --universal --python-version 3.11 \
		--all-extras --upgrade --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --output-file requirements.lock

front: ## check, test and build the explorer's front end (needs node 20 or newer)
	cd workbench/widgets/front && npm install --no-package-lock --no-audit --no-fund && \
		npm run check && npm test && npm run build

clean: ## remove the environment and what the verbs wrote
	rm -rf $(VENV) out build dist .mypy_cache .pytest_cache .ruff_cache
