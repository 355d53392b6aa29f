# speechtrt: everything starts here. `make engines` and `make test` set themselves up.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CLIENTS := build/clients
TRITON := build/triton
CRDS   := build/crds
AGENTS := build/clients-agents
EXTRAS := cpu,export,bench,serve,deploy,dev

.DEFAULT_GOAL := help
.PHONY: help setup engines test test-system test-clients test-triton test-gpu protos lint format type serve bench bench-triton bench-planner clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## virtual environment with everything pinned in constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "speechtrt needs Python 3.11 or newer; set PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

engines: setup  ## export, build and validate the reference models on every backend that builds here
	$(BIN)/speechtrt engines

test: setup lint type  ## lint, types, import contracts and the tests
	$(BIN)/python -m pytest

test-system: setup $(CRDS)/.installed  ## tests that need Debian packages: espeak-ng flite chromium sctk prometheus haproxy npm openssl, and kubectl
	$(BIN)/python -m pytest -m system

$(CRDS)/.installed: tests/deploy/crds/package.json tests/deploy/crds/package-lock.json
	@mkdir -p $(CRDS) && cp $^ $(CRDS)
	cd $(CRDS) && npm ci --no-audit --no-fund --silent && touch .installed

serve: engines  ## serve the reference models on http://127.0.0.1:8080
	$(BIN)/speechtrt serve-stream

test-clients: engines $(CLIENTS)/.installed $(AGENTS)/.installed  ## other people's clients against the server, from environments of their own
	$(BIN)/python -m pytest -m clients tests/clients

$(CLIENTS)/.installed: tests/clients/requirements.txt
	@test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

test-triton: engines $(TRITON)/.installed  ## the Triton repository in a real server, on the CPU, from an environment of its own
	$(BIN)/python -m pytest -m triton tests/triton

$(TRITON)/.installed: tests/triton/requirements.txt constraints.txt pyproject.toml
	@test -x $(TRITON)/bin/python || $(PYTHON) -m venv $(TRITON)
	@grep -v -E '^(numpy|protobuf|ml_dtypes)==' constraints.txt > $(TRITON)/constraints.txt
	$(TRITON)/bin/python -m pip install --quiet --disable-pip-version-check -c $(TRITON)/constraints.txt -r $<
	$(TRITON)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps nvidia-pytriton==0.7.0
	@touch $@

$(AGENTS)/.installed: tests/clients/requirements-agents.txt
	@test -x $(AGENTS)/bin/python || $(PYTHON) -m venv $(AGENTS)
	$(AGENTS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

protos: $(CLIENTS)/.installed  ## Python from the .proto file, after a change to it
	$(CLIENTS)/bin/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. runtime/serving/riva/wire/messages.proto

test-gpu: engines  ## everything that only a GPU can answer; build/gpu/*.xml say what
	@mkdir -p build/gpu
	@status=0; \
	$(BIN)/python -m pytest -m gpu -k 'not full' -rA --junit-xml build/gpu/report.xml || status=1; \
	$(BIN)/python -m pytest -m gpu -k full -rA --junit-xml build/gpu/tensorrt.xml || status=1; \
	exit $$status

lint: setup  ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: setup  ## rewrite in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

type: setup  ## mypy strict over package and tests
	$(BIN)/mypy

bench: engines  ## the numbers of the README, written to benchmarks/results/cpu
	$(BIN)/speechtrt bench tts --model voice --trials 6 --out benchmarks/results/cpu
	$(BIN)/speechtrt bench tts --dimensions speecht5 --out benchmarks/results/cpu
	$(BIN)/speechtrt bench asr --trials 10 --out benchmarks/results/cpu
	$(BIN)/speechtrt bench stream --peer sherpa-onnx --out benchmarks/results/cpu
	$(BIN)/speechtrt bench decoding --out benchmarks/results/cpu
	$(BIN)/speechtrt bench decoding --tune --out benchmarks/results/cpu
	$(BIN)/speechtrt bench serve --out benchmarks/results/cpu
	$(BIN)/speechtrt bench engines --out benchmarks/results/cpu
	$(BIN)/python -m speechtrt.benchmarks.evaluation.scale benchmarks/results/cpu
	$(BIN)/python -m speechtrt.benchmarks.headline README.md

bench-triton: engines $(TRITON)/.installed  ## what a Triton server adds to live streams
	$(TRITON)/bin/speechtrt bench triton --trials 5 --out benchmarks/results/cpu

bench-planner: engines  ## two servers at once against what the planner makes of one; some fourteen minutes
	$(BIN)/speechtrt bench planner --out benchmarks/results/cpu
	$(BIN)/python -m speechtrt.benchmarks.planner.quotation docs/kubernetes.md

clean:  ## remove build/ and caches, keep the virtual environment
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
