"""A file of ``fer-core evaluate --maps --json`` that nothing was measured for."""

import json

import pytest

ORDERS = ("map", "grad_cam", "centre", "random")


def _model(name, locality):
    areas = {order: [0.4, 0.35, 0.45] for order in ORDERS}
    maps = {
        **{"images": 150, "seed": 0, "completeness": 4e-7},
        **{"locality": [locality, locality - 0.01, locality + 0.01]},
        **{"occlusion": [0.3, 0.25, 0.35], "mirror": None, "randomisation": [0.1, 0.0, 0.2]},
        **{"deletion": areas, "insertion": areas, "fixed": [0.7, 0.65, 0.75]},
    }
    return {"name": name, "maps": maps}


@pytest.fixture(scope="session")
def write_maps():
    """The function that writes the file of one model, or of two."""

    def write(path, name="model", locality=0.5, *, against=None):
        report = {
            "schema_version": 3,
            "data": {"name": "ferplus", "split": "val"},
            "model": _model(name, locality),
            "against": _model(against, locality) if against else None,
        }
        path.write_text(json.dumps(report))
        return path

    return write
