# make demo   the demonstration town in one command        make test   everything that is checked
# make run    serve what is in the database                make bench  the speed table

SHELL := /bin/bash
.DEFAULT_GOAL := demo
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
BIN := $(VENV)/bin
ARGS ?=
DB ?=

# DB=system or DB=wheel insists on one PostgreSQL, with a database of its own.
ifneq ($(DB),)
export SHUZHI_POSTGRES := $(DB)
export SHUZHI_HOME := $(CURDIR)/.data/$(DB)
endif

.PHONY: setup demo run stop test test-core check browser bench vendor lock clean

setup: $(STAMP)

$(STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo '需要 Python 3.11 或更高版本 / Python 3.11 or newer is needed (make PYTHON=python3.12 …)'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo '缺少 Python 的 venv 模块 / the venv module is missing: apt-get install python3-venv'; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

demo: $(STAMP)
	$(BIN)/shuzhi demo $(ARGS)

run: $(STAMP)
	$(BIN)/shuzhi serve $(ARGS)

stop: $(STAMP)
	$(BIN)/shuzhi stop

# In two runs: the demonstration forks its workers, which a process that holds a browser must not do.
test: browser check
	$(BIN)/pytest -m 'not browser' $(ARGS)
	$(BIN)/pytest -m browser $(ARGS)

test-core: check
	$(BIN)/pytest -m 'not browser' $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

# The browser tests drive Debian's chromium; root installs it, anybody else is told the command.
browser:
	@if [ ! -x /usr/bin/chromium ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; \
	  else \
	    echo '浏览器测试需要 Chromium，请先运行 / the browser tests need Chromium, first run:'; \
	    echo '  sudo apt-get install -y chromium fonts-noto-cjk'; \
	    echo '（或运行 make test-core，不含浏览器测试 / or make test-core, without a browser）'; \
	    exit 1; \
	  fi; \
	fi

bench: $(STAMP)
	$(BIN)/shuzhi bench $(ARGS)

vendor:
	tools/vendor/vendor

# Both locks, after a change of pyproject.toml; universal, so that one lock serves every Python.
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --quiet
lock: $(STAMP)
	$(LOCK) -o requirements/base.txt
	$(LOCK) --extra dev -o requirements/dev.txt
	sed -n '/^uv==/,/^[^u ]/p' requirements/dev.txt | grep -E '^uv==|--hash' > requirements/uv.txt

clean:
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
