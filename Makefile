# Each target makes .venv from the locks first (config/embedded/bootstrap.py, a bare Python does).
PYTHON ?= python3
SCENARIO ?=
export SCENARIO

IN = @$(PYTHON) config/embedded/bootstrap.py
DEV = $(IN) --dev

.PHONY: run demo test matrix mutants check audit format bench lock wheelhouse help

help:            ## what there is
	@sed -n 's/^\([a-z]*\): *## */make \1	/p' Makefile
run:             ## serve it here: PORT, APP_VAR, DATABASE_URL, CELERY_BROKER_URL, WHEELHOUSE, DEMO=0
	$(IN) python -m config.embedded.supervisor
demo:            ## serve one demonstration from a database of its own: SCENARIO=...
	$(IN) python -m config.embedded.supervisor --scenario "$(or $(SCENARIO),than-quang-ninh-2021)"
test:            ## all tests; FAST=1 each rule, operation and page once; ARGS=...
	$(DEV) python -m config.workshop test $(ARGS)
matrix:          ## every route asked for by everybody, whatever of: what each may (ARGS=...)
	$(DEV) python -m config.workshop matrix $(ARGS)
mutants:         ## each check of scope taken away in turn: who notices; docs/mutants.md (ARGS=...)
	$(DEV) python -m config.workshop mutants $(ARGS)
check:           ## format, lint, types, layers, migrations, translations, deployment
	$(DEV) python -m config.workshop check
audit:           ## ask which locked packages have a known fault, where the internet can be reached
	$(DEV) python -m config.workshop audit
format:          ## put the code into its format
	$(DEV) python -m config.workshop format
bench:           ## measure a country: SCALE=0.01 (1: all of it); results in bench-results/
	$(DEV) python -m benchmarks --scale $(or $(SCALE),0.01) $(ARGS)
lock:            ## resolve requirements*.in anew into the locks
	$(DEV) python -m config.workshop lock $(ARGS)
wheelhouse:      ## collect the wheels into ./wheelhouse for a machine without a network
	$(IN) python -m config.workshop wheelhouse
