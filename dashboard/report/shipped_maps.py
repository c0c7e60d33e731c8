"""Write the maps that ship with the dashboard: ``python -m dashboard.report.shipped_maps``.

`dashboard.analysis.shipped_maps` reads them. They are text, as a Space wants its small files.
"""

import json
import shlex
import tempfile
from base64 import b64encode
from pathlib import Path

from dashboard.analysis.map_choices import DEFAULT_PAIR, FaceChoice
from dashboard.analysis.map_process import model_digest
from dashboard.analysis.map_worker import MapWorker
from dashboard.analysis.shipped_maps import FILE
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import write_whole
from fer_core.weights import shipped_models


@told_in_a_sentence()
def main() -> None:
    """Compute the maps and store them.

    Raises:
        ValueError: when the maps of a model cannot be computed.
    """
    models, faces, worker = shipped_models(), FaceChoice(), MapWorker()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch) / f"{name}.npz" for name in DEFAULT_PAIR}
        commands = [
            ["--model", str(models[name]), *faces.options(), "--out", str(file)]
            for name, file in files.items()
        ]
        for words, error in zip(commands, worker.ask(commands), strict=True):
            if error:
                raise ValueError(f"fer-core maps {shlex.join(words)}: {error}")
        for name, file in files.items():
            npz = b64encode(file.read_bytes()).decode()
            keys = {"model": model_digest(models[name]), "faces": faces.digest()}
            rows.append({"name": name, **keys, "npz": npz})
    worker.close()
    write_whole(FILE, ("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n").encode())
    print(f"{FILE}: {', '.join(files)}")  # noqa: T201 - the result of the command


if __name__ == "__main__":
    main()
