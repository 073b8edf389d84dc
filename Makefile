# The front door: each target does all of its own set-up on a fresh Debian 12 (as root, or with sudo) and is quick when nothing is to do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: lab-mail build demo test test-mail check bench fuzz lab judge format clean help

build: ## the binary: build/release/rangewatch
	@scripts/bootstrap build
	@scripts/build release

demo: ## a synthetic world, a real capture, detection and an HTML dossier, in build/demo
	@scripts/bootstrap build
	@scripts/build release rangewatch
	@scripts/demo

test: ## unit, golden, crash and browser tests, sanitizers, brief fuzzing; ends with one line of totals
	@scripts/bootstrap build test
	@scripts/test

test-mail: ## suites of SPF and ARC, the public suffix list's tests, and every sample of mail, ingested or refused
	@scripts/bootstrap build test
	@scripts/build release mail_test rangewatch
	@tests/mail/run

check: ## formatting, clang-tidy, dependency arrow, purpose lines, file sizes
	@scripts/bootstrap build check
	@scripts/check

bench: ## rangewatch beside nfdump, softflowd and tshark on the same inputs; writes docs/benchmarks.md
	@scripts/bootstrap build bench
	@bench/run

fuzz: ## each fuzz target for FUZZ_SECONDS (default 60) from seeds
	@scripts/bootstrap build test
	@scripts/fuzz $${FUZZ_SECONDS:-60}

lab: ## record real tools in network namespaces afresh, into build/lab (as root); scripts/lab --keep copies them to lab/
	@scripts/bootstrap build lab
	@scripts/build release rangewatch
	@scripts/lab

lab-mail: ## Postfix, the milter and bind9 on loopback: a courtship that must be named, 200 ordinary messages that must not (as root)
	@scripts/bootstrap build lab
	@scripts/build release rangewatch
	@lab/mail/run

judge: ## all detectors over labelled captures, lab recordings and mixtures; writes docs/detection-quality.md
	@scripts/bootstrap build test
	@scripts/build release rangewatch
	@tests/judge/run

format: ## rewrite sources with clang-format
	@scripts/bootstrap check
	@scripts/sources | xargs clang-format -i

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@echo 'make TARGET, where TARGET is one of:'
	@sed -n 's/^\([a-z-]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-9s %s\n", $$1, $$2}'
	@echo 'First dossier: make demo'
