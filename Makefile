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
BENCH_READY := .bench/.synced
WEB_READY := web/dist/.built

# uv reads its own settings only; a machine that has told pip where packages come from means uv as well.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

# Trust whom the machine trusts, as pip does: a registry behind a proxy may carry a certificate of the house.
export UV_SYSTEM_CERTS ?= 1

# What `sam build` calls: our Python for compiling, our uv for installing. The version is asked for at each build.
SAM_BUILD = BUILD_VERSION="$$($(VENV)/python -m local.version)" PATH="$(CURDIR)/$(VENV):$$PATH" UV="$(CURDIR)/$(UV)" PYTHON="$(CURDIR)/$(VENV)/python" $(SAM) build
PLATFORM_arm64 := aarch64-manylinux_2_34
PLATFORM_x86_64 := x86_64-manylinux_2_34

.PHONY: clients help setup run test check format lint types validate reference web build deploy lock bench-retrieval clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: $(READY) $(CLOUD_READY) web/node_modules/.synced ## Install everything into .venv, .cloud and web

run: $(READY) $(CLOUD_READY) $(WEB_READY) ## Start the local cloud (PORT, STATE_DIR)
	@exec $(VENV)/python -m local.run

test: $(READY) $(CLOUD_READY) $(WEB_READY) clients ## Run all tests (PYTEST_ARGS)
	$(VENV)/python -m pytest $(PYTEST_ARGS)

check: lint types validate test ## The whole gate

format: $(READY) ## Format the code
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

lint: $(READY) ## Check format and style, and that the API descriptions are those of the code
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/python -m reference --check

reference: $(READY) ## Describe the APIs anew in docs/openapi.json and docs/asyncapi.json
	$(VENV)/python -m reference

web: $(WEB_READY) ## Build the widget and the pages into web/dist

types: $(READY) web/node_modules/.synced ## Check the types
	$(VENV)/mypy layers/parlance/parlance cli functions local reference tests $(wildcard bench/*.py)
	@cd web && npm run --silent types

validate: $(CLOUD_READY) ## Check the template
	$(SAM) validate --lint --region us-east-1

build: $(READY) $(CLOUD_READY) ## Build the stack for Lambda (ARCHITECTURE=arm64 or x86_64)
	LAMBDA_PLATFORM=$(PLATFORM_$(ARCHITECTURE)) $(SAM_BUILD)

# What is not named keeps the value that it has in the stack.
deploy: $(READY) $(CLOUD_READY) $(WEB_READY) ## Build for Lambda and deploy (STAGE=dev, staging or prod; ARCHITECTURE, KEY_VERSION, FRONT_DOOR=cloudfront, PARAMETERS)
	LAMBDA_PLATFORM=$(PLATFORM_$(ARCHITECTURE)) $(SAM_BUILD) --config-env $(STAGE)
	$(SAM) deploy --config-env $(STAGE) --parameter-overrides Stage=$(STAGE) Architecture=$(ARCHITECTURE) \
	    $(if $(FRONT_DOOR),FrontDoor=$(FRONT_DOOR)) $(if $(KEY_VERSION),KeyVersion=$(KEY_VERSION)) $(PARAMETERS)
	$(VENV)/parlance --stack parlance-$(STAGE) pages publish

LOCK := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --python-version 3.13 --universal

lock: $(READY) ## Lock the versions of all dependencies anew
	$(LOCK) requirements/bootstrap.in --output-file requirements/bootstrap.txt
	$(LOCK) layers/dependencies/requirements.in --output-file layers/dependencies/requirements.txt
	$(LOCK) requirements/dev.in --output-file requirements/dev.txt
	$(LOCK) requirements/cloud.in --output-file requirements/cloud.txt
	$(LOCK) tests/clients/python/requirements.in --output-file tests/clients/python/requirements.txt
	$(LOCK) requirements/bench.in --output-file requirements/bench.txt
	$(LOCK) --no-deps requirements/bench-model.in --output-file requirements/bench-model.txt

clients: .clients/.synced tests/clients/node/node_modules ## Install the clients that tests/clients drives

bench-retrieval: $(READY) $(CLOUD_READY) $(BENCH_READY) ## Measure search on a BEIR COLLECTION=folder (EMBEDDINGS=1: by meaning too)
	PYTHONPATH=layers/parlance:. .bench/bin/python -m bench.retrieval $(if $(EMBEDDINGS),--embeddings) $(COLLECTION)

clean: ## Remove what was built and installed; the state of the local cloud stays
	rm -rf .venv .cloud .bench .clients .aws-sam web/node_modules web/dist tests/clients/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

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

# Apart from ours, because other people write what it holds: the clients as they ship them.
.clients/.synced: $(READY) tests/clients/python/requirements.txt
	@$(VENV)/python -m venv --clear --without-pip .clients
	@$(UV) pip sync --quiet --python .clients/bin/python --require-hashes tests/clients/python/requirements.txt
	@touch $@

tests/clients/node/node_modules: tests/clients/node/package-lock.json
	@cd tests/clients/node && npm ci --silent
	@touch $@

# Apart from ours, because only benches need it.
$(BENCH_READY): .venv/.bootstrapped requirements/bench.txt requirements/bench-model.txt
	@echo "parlance: installing what benches need"
	@$(VENV)/python -m venv --clear --without-pip .bench
	@$(UV) pip sync --quiet --python .bench/bin/python --require-hashes requirements/bench.txt requirements/bench-model.txt
	@touch $@

web/node_modules/.synced: web/package-lock.json web/.npmrc
	@command -v npm >/dev/null || { echo "parlance: Node with npm is needed for the pages and was not found on the PATH" >&2; exit 1; }
	@echo "parlance: installing what the pages are built with"
	@cd web && npm ci --silent
	@touch $@

$(WEB_READY): web/node_modules/.synced $(shell find web/src web/pages web/static -type f 2>/dev/null) web/build.mjs web/tsconfig.json \
    docs/openapi.json docs/asyncapi.json
	@echo "parlance: building the pages"
	@cd web && npm run --silent build
	@touch $@
