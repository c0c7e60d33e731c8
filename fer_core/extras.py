"""What the library can do only with packages of an extra, and the sentence that says so.

``pip install fer-core`` brings what `Predictor` needs; docs/installation.md lists the rest.
"""

EXTRAS = {  # import name of a package -> the extra that installs it
    "accelerate": "train",
    "filelock": "train",
    "psutil": "train",
    "rich": "train",
    "scipy": "train",
    "tqdm": "train",
    "tyro": "train",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "av": "video",
    "pillow_heif": "heif",
    "datasets": "hf",
    "transformers": "transformers",
    "matplotlib": "figures",
    "ray": "ray",
    "tensorboard": "tensorboard",
    "trackio": "trackio",
    "wandb": "wandb",
}


def missing_package(error: ImportError, what: str) -> str | None:
    """The sentence for a package that is not installed; None when it belongs to no extra.

    Args:
        error: what the import raised.
        what: needs the package, for example ``fer-core train``.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    return (
        f"{what} needs {package}, which is not installed: pip install 'fer-core[{EXTRAS[package]}]'"
    )
