# Everything a developer or CI does. A fresh machine needs python3 (3.11+), make and a package index, nothing else.

VENV ?= .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
# The extras under test, and what the tests need.
TESTING := all,test,test-servers
# Hypothesis, mypy, ruff and pytest keep what they cache in this folder; a home folder is never needed.
export PYTHONNOUSERSITE := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: demo test lint types bench golden picture oracle man completions install uninstall dist constraints clean help

demo: $(VENV)/installed ## set up and run an example task
	$(BIN)/flyte run examples/hello/hello.py main --x 20

test: $(VENV)/installed-test ## set up and run all tests
	$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(VENV)/installed-dev ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev ## check types
	$(BIN)/mypy

bench: $(VENV)/installed-test ## measure, as ratios
	$(BIN)/python -m benchmarks $(ARGS)

golden: $(VENV)/installed-test ## write the golden files anew; read the difference before you commit it
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -m golden $(ARGS)

picture: $(VENV)/installed-test ## draw the terminal in the README anew, from a real run
	$(BIN)/python -m tests.support.picture

oracle: ## ask flytekit 1.16 for its names anew; read the difference before you commit it
	@$(FIND_PYTHON) \
	trial=$$(mktemp -d) && trap 'rm -rf "$$trial"' EXIT \
	&& "$$python" -m venv "$$trial/venv" \
	&& "$$trial/venv/bin/python" -m pip --disable-pip-version-check --quiet install 'flytekit==1.16.31' \
	&& "$$trial/venv/bin/python" tests/oracle/flytekit_answers.py tests/golden/flytekit_v1

man: $(VENV)/installed ## write the manual pages anew, from what describes the commands
	$(BIN)/python -m flytectl_py.cli.man_pages man

completions: $(VENV)/installed ## write the scripts for bash, zsh and fish anew
	$(BIN)/python -m flytectl_py.cli.completion_scripts completions

# Where `make install` puts what: an environment of its own, and links, pages and scripts where they are looked for.
PREFIX ?= /usr/local
HOUSE := lib/flytectl-py
TO = $(DESTDIR)$(PREFIX)
COMMANDS := flyte a0

install: ## install commands, manual pages and completions below PREFIX (/usr/local); EXTRAS=s3,… adds libraries
	@for name in $(COMMANDS); do \
	  if [ -e "$(TO)/bin/$$name" ] && [ "$$(readlink "$(TO)/bin/$$name")" != "../$(HOUSE)/bin/$$name" ]; then \
	    echo "error: $(TO)/bin/$$name is there already, and is not of make install" >&2; exit 4; \
	  fi; \
	done
	@$(FIND_PYTHON) \
	"$$python" -m venv --clear "$(TO)/$(HOUSE)"
	"$(TO)/$(HOUSE)/bin/python" -m pip --disable-pip-version-check --quiet install --no-compile -c constraints.txt \
	  '.$(if $(EXTRAS),[$(EXTRAS)])'
	# A packager's DESTDIR is not where it will lie: what holds its own path is told the other one.
	$(if $(DESTDIR),grep -lIr --exclude-dir=lib "$(DESTDIR)" "$(TO)/$(HOUSE)" | xargs sed -i.old 's|$(DESTDIR)||g')
	find "$(TO)/$(HOUSE)" -name '*.old' -delete
	"$(TO)/$(HOUSE)/bin/python" -m compileall -q $(if $(DESTDIR),-s "$(DESTDIR)" -p /) "$(TO)/$(HOUSE)/lib" || true
	mkdir -p "$(TO)/bin" "$(TO)/share/man/man1" "$(TO)/share/bash-completion/completions" \
	  "$(TO)/share/zsh/site-functions" "$(TO)/share/fish/vendor_completions.d"
	for name in $(COMMANDS); do ln -sf "../$(HOUSE)/bin/$$name" "$(TO)/bin/$$name"; done
	cp man/*.1 "$(TO)/share/man/man1/"
	cp completions/flyte.bash "$(TO)/share/bash-completion/completions/flyte"
	cp completions/_flyte "$(TO)/share/zsh/site-functions/_flyte"
	cp completions/flyte.fish "$(TO)/share/fish/vendor_completions.d/flyte.fish"

uninstall: ## remove what make install put below PREFIX
	for name in $(COMMANDS); do \
	  if [ "$$(readlink "$(TO)/bin/$$name")" = "../$(HOUSE)/bin/$$name" ]; then rm -f "$(TO)/bin/$$name"; fi; \
	done
	rm -f $(patsubst man/%,"$(TO)/share/man/man1/%",$(wildcard man/*.1)) \
	  "$(TO)/share/bash-completion/completions/flyte" "$(TO)/share/zsh/site-functions/_flyte" \
	  "$(TO)/share/fish/vendor_completions.d/flyte.fish"
	if [ -f "$(TO)/$(HOUSE)/pyvenv.cfg" ]; then rm -rf "$(TO)/$(HOUSE)"; fi

dist: $(VENV)/installed-dev ## build wheel and sdist, and try the wheel in an environment of its own
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	trial=$$(mktemp -d) && trap 'rm -rf "$$trial"' EXIT \
	&& $(BIN)/python -m venv "$$trial/venv" \
	&& "$$trial/venv/bin/python" -m pip --disable-pip-version-check --quiet install -c constraints.txt dist/*.whl \
	&& (cd "$$trial" && venv/bin/flyte --version && ls venv/share/man/man1/flyte.1 >/dev/null)
	@ls -l dist

constraints: ## write constraints.txt anew: what a clean environment gets today
	@$(FIND_PYTHON) \
	trial=$$(mktemp -d) && trap 'rm -rf "$$trial"' EXIT \
	&& "$$python" -m venv "$$trial/venv" \
	&& "$$trial/venv/bin/python" -m pip --disable-pip-version-check install '.[$(TESTING),dev]' \
	&& { echo '# Every version that CI installs, for Python 3.11 to 3.13. Written by `make constraints`.'; \
	     "$$trial/venv/bin/python" -m pip freeze --exclude flytectl-py; } > "$$trial/constraints.txt" \
	&& cp "$$trial/constraints.txt" constraints.txt

clean: ## remove all that was made here
	rm -rf $(VENV) .peer dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# The newest Python that really runs: a name on the PATH can be a shim of a version manager with nothing behind it, or
# lack venv. PYTHON=… overrides.
define FIND_PYTHON
	python=; for candidate in $(if $(PYTHON),'$(PYTHON)',python3.13 python3.12 python3.11 python3); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'error: no Python 3.11 or newer with its venv module among: $(or $(PYTHON),python3.13 python3.12 python3.11 python3)' >&2; \
	  echo 'hint: install one (Debian: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3' >&2; \
	  exit 3; \
	fi;
endef

# An environment that no longer runs (its Python went away, the folder moved) is made anew.
define ENVIRONMENT
	@if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  $(FIND_PYTHON) \
	  echo "making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
endef

# Each of these holds all of the one before it, so that CI installs once.
$(VENV)/installed: pyproject.toml constraints.txt
	$(ENVIRONMENT)
	$(INSTALL) -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt
	$(ENVIRONMENT)
	$(INSTALL) -e '.[$(TESTING)]'
	@touch $(VENV)/installed $@

$(VENV)/installed-dev: pyproject.toml constraints.txt
	$(ENVIRONMENT)
	$(INSTALL) -e '.[$(TESTING),dev]'
	@touch $(VENV)/installed $(VENV)/installed-test $@
