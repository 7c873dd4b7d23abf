# `make demo` shows it, `make test` proves it, `make bench` measures it. Each installs or starts what it needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build demo test format lint check bench score soak fuzz audit generate

# One profile for the demo, the tests and the bench, so that everything is compiled once.
CARGO := cargo
PROFILE := --release
ROOT_TOOLS := deploy/tools.sh

help: ## lists what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

build: ## builds `faultline` and `faultline-broker` into target/release
	$(CARGO) build $(PROFILE) --locked --workspace --bins

demo: tools-build build ## runs the whole pipeline on the bundled articles
	target/release/faultline demo

# Everything is selected with --workspace, so that all of these share one set of features and compile each crate once.
test: tools-build tools-test format build check lint ## everything; needs nothing else
	@echo "all tests passed"

format: ## formatting
	$(CARGO) fmt --all --check

lint: ## lints
	$(CARGO) clippy $(PROFILE) --locked --workspace --all-targets -- -D warnings

check: build ## unit, property and behaviour tests, and both stacks end to end with real servers
	$(CARGO) test $(PROFILE) --locked --workspace -- --show-output

bench: tools-build tools-test build ## prints the measured table and writes target/bench.json
	target/release/bench

score: tools-build build ## scores the tags against the labelled data in ../shared/eval and prints the table
	python3 tests/score.py

soak: tools-build tools-test build ## long rounds of kills (FAULTLINE_SOAK_ROUNDS, default 50 and 100), and large loads
	FAULTLINE_SOAK_ROUNDS=$${FAULTLINE_SOAK_ROUNDS:-50} $(CARGO) test $(PROFILE) --locked --workspace --test end_to_end -- --nocapture killed every_article
	FAULTLINE_SOAK_ROUNDS=$${FAULTLINE_SOAK_ROUNDS:-100} $(CARGO) test $(PROFILE) --locked --workspace --test alerts -- --nocapture killed

fuzz: ## throws any text at the reader for FAULTLINE_FUZZ_SECONDS (default 600); needs a nightly Rust, installs cargo-fuzz
	command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	cd services/analysis && cargo +nightly fuzz run enrich -- -max_total_time=$${FAULTLINE_FUZZ_SECONDS:-600} -max_len=6000

audit: ## licences, duplicate and unused dependencies; installs its tools, which takes minutes
	command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	command -v cargo-machete >/dev/null || $(CARGO) install --locked cargo-machete
	$(CARGO) deny check bans licenses sources
	$(CARGO) machete

generate: build ## writes the generated files: schemas and the example configuration
	target/release/faultline schema --write schemas/generated
	target/release/faultline config default > deploy/faultline.toml

.PHONY: tools-build tools-test
tools-build:
	@$(ROOT_TOOLS) build
tools-test:
	@$(ROOT_TOOLS) test
