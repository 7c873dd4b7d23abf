# `make demo` shows it, `make test` proves it, `make bench` measures it. Each installs or starts what it needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build demo test lint unit end-to-end bench soak audit generate tools

# One profile for the demo, the tests and the bench, so that everything is compiled once.
CARGO := cargo
PROFILE := --release
ROOT_TOOLS := deploy/tools.sh

help: ## lists what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

build: ## builds `faultline` and `faultline-broker` into target/release
	$(CARGO) build $(PROFILE) --locked --bins

demo: tools-build build ## runs the whole pipeline on the bundled articles
	target/release/faultline demo

test: tools-build tools-test lint build unit end-to-end ## everything; needs nothing else
	@echo "all tests passed"

lint: ## formatting, lints, and generated files that are out of date
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(PROFILE) --locked --workspace --all-targets -- -D warnings

unit: build ## unit, table, property and documentation tests
	$(CARGO) test $(PROFILE) --locked --workspace --exclude faultline-tests

end-to-end: build ## both stacks with real servers: bundled broker and SQLite, Apache Kafka and PostgreSQL
	$(CARGO) test $(PROFILE) --locked -p faultline-tests -- --test-threads=1

bench: tools-build tools-test build ## prints the measured table and writes target/bench.json
	$(CARGO) run $(PROFILE) --locked -p faultline-tests --bin bench

soak: tools-build tools-test build ## long rounds of kills and restarts (FAULTLINE_SOAK_ROUNDS, default 50)
	FAULTLINE_SOAK_ROUNDS=$${FAULTLINE_SOAK_ROUNDS:-50} $(CARGO) test $(PROFILE) --locked -p faultline-tests --test end_to_end killed -- --test-threads=1 --nocapture

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
