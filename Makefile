# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` set up everything they need in .venv; nothing is installed outside it.
PYTHON ?= python3
RUN    := .venv/bin/python
TRAIN  := PYTHONPATH=training $(RUN) -m xsense_training.cli
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-gpu lint docs bench train-bundles reproduce-fusion results record-sample demo-picture dashboard-picture lock clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z%-]+:.*## / {printf "  make %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

INTERFACES := $(wildcard msg/* srv/* cmake/*) CMakeLists.txt package.xml setup.py

.venv/.run: requirements/build.txt scripts/bootstrap.py $(INTERFACES)
	@$(PYTHON) scripts/bootstrap.py run
	@touch $@

.venv/.test: requirements/test.txt requirements/torch.txt requirements/torch-cpu.txt requirements/cuda.txt scripts/bootstrap.py $(INTERFACES)
	@$(PYTHON) scripts/bootstrap.py test
	@touch $@ .venv/.run

demo: .venv/.run ## the nodes over real DDS, fed by the sample recording (LOOP=1 keeps running)
	@$(RUN) -m xsense_ros.cli demo $(if $(LOOP),--loop)

test: lint ## everything checked: linters, types, laws of the house, unit and real-DDS tests
	@$(RUN) -m pytest -n 2 --dist loadfile

test-gpu: $(if $(GPU_PYTHON),,.venv/.test) ## engines really run on this machine's GPU; skipped with the reason without one (GPU_PYTHON=python3: with that Python's TensorRT)
	@$(or $(GPU_PYTHON),$(RUN)) -m pytest -m gpu -rs tests/unit/engines/test_tensorrt_gpu.py

lint: .venv/.test ## ruff, mypy, import-linter
	@$(RUN) -m ruff check --quiet . && $(RUN) -m ruff format --quiet --check .
	@$(RUN) -m mypy --no-error-summary
	@PYTHONPATH=training .venv/bin/lint-imports --no-logo

docs: .venv/.test ## tables of README.md and docs/reference from the code; all of docs/ as pages in build/site
	@PYTHONPATH=training $(RUN) -m scripts.docs
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet --strict

bench: .venv/.test ## our own cost as ratios, into benchmarks/results, docs/benchmarks.md and README.md (about ten minutes; leave the machine alone)
	@PYTHONPATH=training $(RUN) -m benchmarks --save

train-bundles: reproduce-see-hear-read reproduce-sketch reproduce-tnn-c-cca reproduce-crossnet reproduce-hetero ## train every shipped bundle again from its data

reproduce-%: .venv/.test ## fetch data, train, judge on all folds and export one recipe: see-hear-read, sketch, tnn-c-cca, crossnet, hetero
	@$(TRAIN) data fetch all
	@if [ $* = crossnet ]; then $(TRAIN) data make touch-sim; fi
	@if [ $* != hetero ]; then $(TRAIN) evaluate $* --all-folds --runs build/runs --variant published; fi # that one needs a GPU
	@$(TRAIN) evaluate $* --all-folds --runs build/runs
	@$(TRAIN) export $* --runs build/runs --models models

reproduce-fusion: .venv/.test ## measure senses that are asked together with the shipped bundles, and write how robots join them
	@$(TRAIN) data fetch all
	@$(TRAIN) data make touch-sim
	@$(TRAIN) fusion --into docs/fusion.md

results: .venv/.test ## write the tables of README.md and docs/ again from models/*/metrics.json
	@$(TRAIN) report --from models --brief --into README.md
	@$(TRAIN) report --from models --into docs/results.md
	@$(TRAIN) report hetero --from models --brief --into docs/matching.md
	@$(TRAIN) report hetero --from models --into docs/honest-benchmarks.md
	@$(TRAIN) leak-control --draw --into docs/honest-benchmarks.md
	@$(TRAIN) fusion --draw --into docs/fusion.md

record-sample: .venv/.test ## make samples/robot_home again from held-out items
	@$(TRAIN) data record-sample

demo-picture: .venv/.test demo ## draw the answers of a demo run into docs/demo.jpg and docs/demo-matching.jpg
	@$(TRAIN) demo-picture build/demo/matches.jsonl docs/demo.jpg
	@cp build/demo/matching.jpg docs/demo-matching.jpg

dashboard-picture: .venv/.test ## photograph the live page in front of the demo: docs/dashboard.jpg and docs/dashboard-phone.jpg (needs chromium)
	@$(RUN) -m tests.e2e.photograph docs

lock: .venv/.test ## pin requirements/*.in again (needs uv)
	@for layer in build test; do \
	  uv pip compile --quiet requirements/$$layer.in --universal --python-version 3.10 \
	    --generate-hashes --no-header --no-annotate --override requirements/overrides.txt \
	    -o requirements/$$layer.txt; done

clean: ## remove everything that make made
	rm -rf .venv build install log *.egg-info
