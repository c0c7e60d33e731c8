"""The files that are written for a Space: README.md, the app file, the Dockerfile."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from demo_app.spaces.manifest import Space, option
from fer_core.hub.download import is_hub_id
from fer_core.reporting.map_files import MAPS_FILE, read_maps
from fer_core.weights import BUNDLED

COMMAND = "python -m demo_app.spaces build"
MARK = f"Made by `{COMMAND}` from `Spacefile`: change it there."
MODEL_FILES = "config.json,model.safetensors"
PORT = "7860"  # of a Gradio Space, unless its environment names another
ABOUT = {
    "demo": "Facial expression recognition on photographs, videos and the camera. Every class gets "
    "a map over the face; the mean of a map plus the bias of its class is exactly the score of "
    "that class. {local} The demo can hide each region of a face to show what depends on it. "
    "Images are analysed by this Space and deleted after a quarter of an hour; for images that "
    "must not leave your device, run the demo there.",
    "dashboard": "What noisy training labels do to facial expression recognition: Erasing "
    "Attention Consistency (EAC, ECCV 2022) against the cross-entropy baseline, run by run, with "
    "intervals, curves, classes, costs and published results.",
    "static": "Facial expression recognition on photographs and the camera, with a map for every "
    "class score; a map adds up to its score exactly. {local} Model and face detector run in your "
    "browser: nothing leaves your device.",
}
RESPONSIBLE = """\
The models predict visible expressions, not feelings, and are weak on rare expressions, profiles and
covered faces. Inferring emotions at work and in education is prohibited in the European Union, with
medical and safety exceptions (AI Act, Art. 5(1)(f)); people must be told when such a system is used
(Art. 50(3)). Do not use them to make decisions about people."""


def hub_models(run: Sequence[str]) -> list[str]:
    """The models of the Hub, ``USER/NAME[@REVISION]``, that a command names after --model."""
    return [word for word in option(run, "--model") if is_hub_id(word)]


def locality() -> str:
    """How local the maps of the bundled model are, as it was measured."""
    (maps,) = read_maps(BUNDLED / MAPS_FILE)
    share, low, high = (f"{100 * value:.0f}" for value in maps.values["locality"])
    return (
        f"A map is only partly local: when a quarter of the face is hidden, {share} % ({low} to "
        f"{high} %) of the change in the bundled model's map lies in that quarter, where a map "
        "without any locality would have 25 %."
    )


def front_matter(space: Space, gradio_version: str) -> dict[str, Any]:
    """The metadata at the top of README.md: that of the Spacefile, and what follows from the rest.

    Args:
        space: of the Spacefile.
        gradio_version: that the Space uses unless the Spacefile names one.
    """
    block = space.card.to_dict()
    if block["sdk"] != "gradio":
        return block
    block.setdefault("sdk_version", gradio_version)
    block.setdefault("app_file", "app.py")
    if models := hub_models(space.run):
        names = [model.partition("@")[0] for model in models]
        block["models"] = list(dict.fromkeys([*block.get("models", []), *names]))
        entries = [
            " ".join(filter(None, (name, MODEL_FILES, model.partition("@")[2])))
            for name, model in zip(names, models, strict=True)
        ]
        block.setdefault("preload_from_hub", entries)
    return block


def readme(space: Space, block: Mapping[str, Any]) -> str:
    """README.md: the front matter, what the Space is, and for what it may be used."""
    head = yaml.safe_dump(dict(block), sort_keys=False, allow_unicode=True, width=1000)
    text = ABOUT[space.name].format(local=locality())
    about = f"# {block['title']}\n\n{text}\n\n{RESPONSIBLE}\n\n{MARK}\n"
    return f"---\n{head}---\n\n{about}"


def app_file(space: Space) -> str:
    """The file that a Gradio Space runs: its command, at the port of the Space.

    The host stays that of the command: a demo on 127.0.0.1 lets its visitor name folders of the
    computer, and a Space must never do so.
    """
    words = [json.dumps(word) for word in space.run[3:]]
    if "--port" not in space.run:
        words += ['"--port"', f'os.environ.get("GRADIO_SERVER_PORT", "{PORT}")']
    variables = "".join(
        f"os.environ.setdefault({json.dumps(name)}, {json.dumps(value)})\n"
        for name, value in space.env.items()
    )
    return f'''"""The demo as a Space. {MARK}"""

import os
import sys

from demo_app.__main__ import main

{variables}sys.argv[1:] = [{", ".join(words)}]
main()
'''


def dockerfile(space: Space, block: Mapping[str, Any]) -> str:
    """The Dockerfile that runs the command of a Space."""
    port = block.get("app_port", PORT)
    health = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/_stcore/health')"
    variables = "".join(f" \\\n    {name}={json.dumps(value)}" for name, value in space.env.items())
    return f"""\
# {MARK}
FROM python:{block["python_version"]}-slim

# Spaces run as user 1000.
RUN useradd --create-home --uid 1000 user
USER user
ENV HOME=/home/user \\
    PATH=/home/user/.local/bin:$PATH \\
    PYTHONUNBUFFERED=1{variables}
WORKDIR /home/user/app

# First alone, so that a change of the code does not install everything again.
COPY --chown=user requirements.txt ./
RUN pip install --no-cache-dir --user --requirement requirements.txt
COPY --chown=user . ./

EXPOSE {port}
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \\
    CMD {json.dumps(["python", "-c", health])}
CMD {json.dumps(list(space.run))}
"""
