"""Starting weights by name: what ``--pretrained`` takes becomes a file."""

from pathlib import Path

from fer_core.errors import FerError
from fer_core.hub.download import BUNDLED_NAMES, HUB_PREFIX, is_hub_id, resolve_model
from fer_core.io.hub_reach import ask_hub_once
from fer_core.models.saved_model import CONFIG_FILE, WEIGHTS_FILE, read_config
from fer_core.weights import renamed_folder

NO_FILE = ("none", "hub")


class StartError(FerError, ValueError):
    """Starting weights that are not there, or of another network."""


def find_weights(pretrained: str, backbone: str) -> str:
    """The file of the starting weights.

    Args:
        pretrained: ``none`` or ``hub``, which name no file; a weights file; the folder of a run
            or of a saved model; ``bundled``; or ``USER/NAME[@REVISION]`` of the Hugging Face Hub,
            which is fetched. What is on this computer wins.
        backbone: that they are for.

    Returns:
        ``none``, ``hub``, or the path of the file.

    Raises:
        StartError: when there is nothing of that name, or a model of another backbone.
        ModelError: when a folder holds no model, or the Hub does not hand it out.
    """
    path = renamed_folder(Path(pretrained))
    if pretrained == "hub":
        ask_hub_once(f"timm's weights of {backbone}")
    if pretrained in NO_FILE or path.is_file():
        return pretrained
    of_hub = is_hub_id(pretrained.removeprefix(HUB_PREFIX))
    if not (path.is_dir() or pretrained in BUNDLED_NAMES or of_hub):
        raise StartError(
            f"no starting weights at {pretrained}: give none, hub (timm's own), a weights file, "
            "the folder of a run or of a saved model, bundled, or USER/NAME of the Hugging Face Hub"
        )
    folder = resolve_model(pretrained)
    if path.is_dir() and not (folder / CONFIG_FILE).is_file():
        raise StartError(
            f"the folder {pretrained} holds no finished model: --pretrained takes a run that wrote "
            "RUN/model, the folder of a saved model, or a weights file itself"
        )
    held = read_config(folder, pretrained)["architecture"]
    if held != backbone:
        raise StartError(
            f"{pretrained} is a model of the backbone {held}, this run has {backbone}: start it "
            f"with --backbone {held}"
        )
    return str(folder / WEIGHTS_FILE)
