# calltrail's commands for people. `make` alone lists them. What CI runs is `make check`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO ?= go
TOOLS := $(GO) tool -modfile=.ci/tools/go.mod
FUZZTIME ?= 30s

.PHONY: help build test check lint fmt fuzz faults bench bench-queries golden demo docs packages services services-down

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the program into bin/
	$(GO) build -o bin/ ./cmd/calltrail ./cmd/callgen

demo: ## the whole path on this machine: captures, Kafka, Postgres, six answers
	@deploy/demo/run

services: ## start a private Kafka and Postgres (installs what is missing, saying what)
	@deploy/dev/install
	@deploy/dev/up

services-down: ## stop them
	@deploy/dev/down

packages: ## a deb and an rpm into dist/, with a static program
	@deploy/packages/build

test: ## unit, golden and property tests, and those on a real Kafka and Postgres
	@.ci/test

check: ## everything CI runs
	@.ci/run

lint: ## the linters, pinned in .ci/tools/go.mod
	$(TOOLS) golangci-lint run ./...

fmt: ## format the code
	$(TOOLS) golangci-lint fmt ./...

fuzz: ## every fuzz target for FUZZTIME (30s)
	@.ci/fuzz $(FUZZTIME)

faults: ## make every fault of store/faults, with its controls, and write docs/reliability.md; LONG=1: the long form; FAULT=2: one
	@.ci/with-services $(GO) run ./store/faults/suite $(if $(LONG),-long) $(if $(FAULT),-fault $(FAULT))

bench: ## benchmarks: the replay against the bare read loop, and each room's own
	$(GO) test -run '^$$' -bench 'Replay|AgainstGopacket' -benchtime 5x ./cdr/pipeline ./decode
	$(GO) test -run '^$$' -bench . -benchtime 200ms ./capture ./decode/... ./cdr/... ./store/spool

QUERY_ROWS ?= 1000000,10000000
bench-queries: ## each question among millions of calls: what it reads, and how long it takes (deploy/dev/up first)
	CALLTRAIL_QUERY_ROWS=$(QUERY_ROWS) $(GO) test -v -timeout 12h ./store/postgres/scale

golden: ## write the golden records of pcaps/ anew; read the difference before you commit it
	$(GO) test ./cdr/pipeline -run TestGolden -update

docs: ## write the references that are made from code and from the database
	$(GO) test ./cdr/record ./cdr/spoof ./decode/app -update -run 'Document|Markdown|Doc'
	.ci/with-services $(GO) test ./store/postgres -run TestSchemaDocument -update
	$(GO) run ./store/faults/suite -document
