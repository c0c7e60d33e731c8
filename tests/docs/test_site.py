"""The documentation: the site is built, its code runs, its commands exist."""

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys

import nbclient
import nbformat
import numpy as np
import pytest
import yaml

from fer_core import __version__, load_model
from fer_core.audit import audit_labels, write_audit
from fer_core.cli import COMMANDS
from fer_core.config.methods import METHODS
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data
from tests.project import PROJECT

PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted((PROJECT / "docs").rglob("*.md")),
]
WRITTEN = {"demo_app/static"}  # by a command, so it need not exist
METHODS_PAGE = PROJECT / "docs" / "methods.md"
OF_A_SERVER = "gradio_client"  # the demo's own tests call its endpoints
PATH = re.compile(
    r"(?<![\w/.-])(?:fer_core|demo_app|dashboard|tests|benchmarks|examples|docs|train/recipes)"
    r"/[\w./*-]*[\w*]"
)
MODULE = re.compile(
    r"(?<![\w/.:\"])(?:fer_core|demo_app|dashboard|benchmarks|train)(?:\.\w+)+(?!/)"
)


def blocks_of_python():
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.M | re.S)
        for number, code in enumerate(blocks):
            if OF_A_SERVER not in code:
                yield pytest.param(code, id=f"{page.stem}-{number}")


def lines_of_commands():
    """(page, command, flags) of every ``fer-core`` command that a page shows."""
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        for line in re.findall(r"^ {4}fer-core ([a-z][^\n]*)", text, flags=re.M):
            words = line.split("#")[0].split()
            flags = [re.match(r"--[\w-]+", word) for word in words]
            yield page.name, words[0], {flag[0] for flag in flags if flag}


def test_no_heading_has_taken_in_its_paragraph():
    headings = [line for page in PAGES for line in re.findall(r"^#+ .*", page.read_text(), re.M)]
    assert len(headings) > 100
    assert [line for line in headings if len(line) > 100] == []


@pytest.mark.parametrize("code", list(blocks_of_python()))
@pytest.mark.slow
def test_the_code_of_the_pages_runs(code, tiny_config, tiny_run, tmp_path, monkeypatch):
    portrait = draw_portrait("surprise", 320, np.random.default_rng(0))
    for name in ("photo.jpg", "one.jpg", "two.jpg"):
        portrait.save(tmp_path / name)
    # What a page takes as the reader's own.
    faces = {"crop": portrait, "crops": [portrait]}
    given = {"config": tiny_config, "folder": tmp_path / "run", **faces}
    monkeypatch.chdir(tmp_path)
    if "RUN/model" in code:
        shutil.copytree(tiny_run.path, tmp_path / "RUN")
    if 'read_audit("audit")' in code:
        data = load_run_data(tiny_config)
        noisy, model = (
            draw_noisy_labels(tiny_config, data),
            load_model(tiny_run.path / "model").model,
        )
        audit = audit_labels(model, data.train, noisy, data.classes, truth_known=True)
        write_audit(tmp_path / "audit", audit)
    exec(compile(code, "page", "exec"), {"__name__": "page", **given})


@pytest.mark.slow
def test_every_command_of_the_pages_has_the_options_it_shows(capsys, monkeypatch):
    shown = {}
    for page, command, flags in lines_of_commands():
        assert command in COMMANDS, f"{page}: fer-core {command}"
        shown.setdefault(command, set()).update((page, flag) for flag in flags)
    assert set(shown) >= {"predict", "train", "evaluate", "data", "sweep", "publish", "report"}
    for command, flags in shown.items():
        known = options_of(command, capsys, monkeypatch)
        for page, flag in sorted(flags):
            assert flag in known, f"{page}: fer-core {command} has no {flag}"


def options_of(command, capsys, monkeypatch):
    """The option names in the help of a command and of its own commands."""
    module = importlib.import_module(f"fer_core.cli.{command.replace('-', '_')}")
    words_before = {
        "data": [[name] for name in ("check", "noise", "cache")],
        "train": [["--method", name] for name, spec in METHODS.items() if spec.bundled],
    }
    known = set()
    for words in ([], *words_before.get(command, ())):
        monkeypatch.setattr(sys, "argv", [f"fer-core {command}", *words, "--help"])
        with pytest.raises(SystemExit):
            module.main()
        known |= set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    return known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_that_a_page_names_exists(page):
    named = {path.replace("NAME", "*") for path in PATH.findall(page.read_text())} - WRITTEN
    assert [path for path in sorted(named) if not any(PROJECT.glob(path))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_module_and_object_that_a_page_names_exists(page):
    named = {name.removesuffix(".NAME") for name in MODULE.findall(page.read_text())}
    assert [name for name in sorted(named) if not can_be_imported(name)] == []


def test_every_heading_that_another_file_quotes_exists():
    recipes = (PROJECT / "train" / "recipes").iterdir()
    for file in (*PAGES, *recipes, PROJECT / "dashboard" / "data" / "latency.csv"):
        text = re.sub(r"\s+#?\s*", " ", file.read_text())  # also across lines of a comment
        quoted = re.findall(r'docs/([\w-]+)\.md, "([^"]+)"', text)
        quoted += re.findall(r'"docs/([\w-]+)\.md, ([^"(]+)', text)  # a source in latency.csv
        quoted += [pair[::-1] for pair in re.findall(r'"([^"]+)" in docs/([\w-]+)', text)]
        for page, title in quoted:
            assert title.strip() in (PROJECT / "docs" / f"{page}.md").read_text(), file.name


@pytest.mark.slow
def test_the_code_that_the_equations_name_exists():
    sources = "\n".join(file.read_text() for file in (PROJECT / "fer_core").rglob("*.py"))
    tables = re.findall(
        r"^\|[^|\n]+\| code \|\n((?:\|.*\n)+)", METHODS_PAGE.read_text(), flags=re.M
    )
    assert len(tables) > 5
    named = {
        name
        for row in re.findall(r"\|([^|\n]+)\|$", "".join(tables), flags=re.M)
        for name in re.findall(r"`([\w.]+)`", row)
    }
    for name in named:
        for part in name.split("."):
            assert re.search(rf"\b{part.removeprefix('train_')}\b", sources), name


def can_be_imported(name):
    """Whether a dotted name is a module, or an object in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_readme_names_every_method_and_their_number():
    readme = (PROJECT / "README.md").read_text()
    bundled = {name for name, spec in METHODS.items() if spec.bundled}
    listed = re.search(r"^Methods: (.*?);", readme, re.MULTILINE | re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", listed)) == bundled
    number = {9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}[len(bundled)]
    assert f"{number} training methods" in readme


@pytest.mark.parametrize(
    "notebook", sorted((PROJECT / "examples").glob("*.ipynb")), ids=lambda n: n.stem
)
@pytest.mark.slow
def test_the_notebook_runs(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    cells = nbformat.read(notebook, 4)
    nbclient.NotebookClient(
        cells, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in cells.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.slow
def test_the_site_is_built_and_asks_no_other_host(tmp_path):
    program = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*program, "-f", PROJECT / ".ci" / "mkdocs.yml", "-d", tmp_path / "site"],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "site" / "reference" / "prediction.html").read_text()
    assert 'id="fer_core.inference.predictor.Predictor.predict"' in reference
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert not loaded, page


def test_the_citation_names_this_version():
    citation = yaml.safe_load((PROJECT / "docs" / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
