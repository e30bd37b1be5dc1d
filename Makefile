# Backlit's front door. `make` alone lists what there is; each target first sets up what it needs, once (.ci/setup).
# It asks for Python ≥ 3.11 and nothing else, and is kept to what GNU make 3.81 (macOS) understands.

BIN := .venv/bin
DEMO := build/demo
ARGS ?=
export PYTHON

# Modules of which the suite must run every line and take every branch; each may be a file or a folder.
PROVED := equations functions notation network optimizers files
empty :=
comma := ,
space := $(empty) $(empty)
PROVED_FILES := $(subst $(space),$(comma),$(foreach name,$(PROVED),*/backlit/$(name).py */backlit/$(name)/*.py))
NATIVE_FILES = $(shell find native \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test sanitize lint format bench clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'PYTHON=… chooses the Python; make test ARGS="-k notation" runs a part of the suite.'

demo: ## train a network on real handwritten digits, save it and use it
	@sh .ci/setup plain
	@mkdir -p $(DEMO)
	$(BIN)/backlit train digits --layers 30 --epochs 60 --held-out 0.2 --out $(DEMO)/digits.safetensors
	$(BIN)/backlit predict $(DEMO)/digits.safetensors digits --held-out --limit 4 --draw
	@echo
	@echo 'The network is in $(DEMO)/digits.safetensors. Try next:'
	@echo '  $(BIN)/backlit evaluate $(DEMO)/digits.safetensors digits --held-out'
	@echo '  $(BIN)/backlit inspect $(DEMO)/digits.safetensors'
	@echo '  $(BIN)/backlit train iris --out $(DEMO)/iris.safetensors'
	@echo '  $(BIN)/backlit --help'

test: ## run the whole suite, and check that the mathematics is covered wholly
	@sh .ci/setup dev
	@mkdir -p build/coverage
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m pytest -n auto --cov --cov-report=
	@$(BIN)/python -m coverage report --skip-covered --show-missing --fail-under=100 --include='$(PROVED_FILES)'
else
	$(BIN)/python -m pytest $(ARGS)
endif

sanitize: ## run the native engine's tests under the sanitizers for memory, undefined behaviour and data races
	@sh .ci/native $(if $(strip $(ARGS)),$(ARGS),address thread)

lint: ## check style and types, changing nothing
	@sh .ci/setup dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(if $(NATIVE_FILES),$(BIN)/clang-format --dry-run -Werror $(NATIVE_FILES))

format: ## put the style right
	@sh .ci/setup dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(NATIVE_FILES),$(BIN)/clang-format -i $(NATIVE_FILES))

bench: ## measure the speed beside its peers, and write docs/benchmarks.md
	@sh .ci/setup dev
	$(BIN)/python benchmarks/run.py $(ARGS)

clean: ## remove what was built and cached; .venv stays
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv as well
	rm -rf .venv
