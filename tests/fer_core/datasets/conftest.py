import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.images import ImageFiles


@pytest.fixture
def faces(tmp_path):
    """Seven different small images in files."""
    folder = tmp_path / "my faces"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(7):
        pixels = generator.integers(0, 256, (12, 10 + number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return ImageFiles(tuple(sorted(folder.iterdir())))


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system of one megabyte; for root only."""
    mounted = []

    def mount(*options):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join(["size=1m", *options]), "tmpfs", folder]
        done = subprocess.run(command, capture_output=True, check=False) if _is_root() else None
        if done is None or done.returncode:
            pytest.skip("a small file system can be mounted by root only")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def _is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0
