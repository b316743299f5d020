# Parlance: `make run` for the local cloud, `make check` for everything a change must pass.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PORT ?= 8000
STATE_DIR ?= .local
STAGE ?= dev
ARCHITECTURE ?= arm64
PYTEST_ARGS ?=

export PORT STATE_DIR
export SAM_CLI_TELEMETRY := 0

VENV := .venv/bin
SAM := .cloud/bin/sam
UV := $(VENV)/uv
READY := .venv/.synced
CLOUD_READY := .cloud/.synced

# uv reads its own settings only; a machine that has told pip where packages come from means uv as well.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

# Trust whom the machine trusts, as pip does: a registry behind a proxy may carry a certificate of the house.
export UV_SYSTEM_CERTS ?= 1

# What `sam build` calls: our Python for compiling, our uv for installing.
SAM_BUILD := PATH="$(CURDIR)/$(VENV):$$PATH" UV="$(CURDIR)/$(UV)" PYTHON="$(CURDIR)/$(VENV)/python" $(SAM) build
PLATFORM_arm64 := aarch64-manylinux_2_34
PLATFORM_x86_64 := x86_64-manylinux_2_34

.PHONY: clients help setup run test check format lint types validate build deploy lock clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(READY) $(CLOUD_READY) ## Install everything into .venv and .cloud

run: $(READY) $(CLOUD_READY) ## Start the local cloud (PORT, STATE_DIR)
	@exec $(VENV)/python -m local.run

test: $(READY) $(CLOUD_READY) ## Run all tests (PYTEST_ARGS)
	$(VENV)/python -m pytest $(PYTEST_ARGS)

check: lint types validate test ## The whole gate

format: $(READY) ## Format the code
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

lint: $(READY) ## Check format and style
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .

types: $(READY) ## Check the types
	$(VENV)/mypy layers/parlance/parlance cli functions local tests $(wildcard bench/*.py)

validate: $(CLOUD_READY) ## Check the template
	$(SAM) validate --lint --region us-east-1

build: $(READY) $(CLOUD_READY) ## Build the stack for this machine
	$(SAM_BUILD)

deploy: $(READY) $(CLOUD_READY) ## Build for Lambda and deploy (STAGE=dev, staging or prod; ARCHITECTURE)
	LAMBDA_PLATFORM=$(PLATFORM_$(ARCHITECTURE)) $(SAM_BUILD) --config-env $(STAGE)
	$(SAM) deploy --config-env $(STAGE) --parameter-overrides Stage=$(STAGE) Architecture=$(ARCHITECTURE)

LOCK := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --python-version 3.13 --universal

lock: $(READY) ## Lock the versions of all dependencies anew
	$(LOCK) requirements/bootstrap.in --output-file requirements/bootstrap.txt
	$(LOCK) layers/dependencies/requirements.in --output-file layers/dependencies/requirements.txt
	$(LOCK) requirements/dev.in --output-file requirements/dev.txt
	$(LOCK) requirements/cloud.in --output-file requirements/cloud.txt
	$(LOCK) tests/clients/python/requirements.in --output-file tests/clients/python/requirements.txt

clients: .clients/.synced tests/clients/node/node_modules ## Install the clients that tests/clients drives

.clients/.synced: $(READY) tests/clients/python/requirements.txt
	@$(VENV)/python -m venv --clear --without-pip .clients
	@$(UV) pip sync --quiet --python .clients/bin/python --require-hashes tests/clients/python/requirements.txt
	@touch $@

tests/clients/node/node_modules: tests/clients/node/package-lock.json
	@cd tests/clients/node && npm ci --silent
	@touch $@

clean: ## Remove what was built and installed; the state of the local cloud stays
	rm -rf .venv .cloud .clients tests/clients/node/node_modules .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

# ---------------------------------------------------------------- environments

# The first Python 3.13 on the PATH, tried by running it: a version manager's shim may exist and still fail.
FIND_PYTHON = for name in python3.13 python3 python; do \
    command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null \
    && exec $$name -c 'import sys; print(sys.executable)'; done; \
    echo "parlance: Python 3.13 is needed and was not found on the PATH" >&2; exit 1

.venv/.bootstrapped: requirements/bootstrap.txt
	@python=$$($(FIND_PYTHON)) && "$$python" -m venv --clear .venv
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(READY): .venv/.bootstrapped requirements/dev.txt pyproject.toml
	@echo "parlance: installing the development tools"
	@$(UV) pip sync --quiet --python $(VENV)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(VENV)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Apart from ours, because the emulator pins the SDK.
$(CLOUD_READY): .venv/.bootstrapped requirements/cloud.txt
	@echo "parlance: installing the emulator and the SAM CLI"
	@$(VENV)/python -m venv --clear --without-pip .cloud
	@$(UV) pip sync --quiet --python .cloud/bin/python --require-hashes requirements/cloud.txt
	@touch $@
