"""The folder of a Space: what is written for it, and the committed files that it needs."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from demo_app.spaces.manifest import ManifestError, Space
from demo_app.spaces.requirements import HEAVY, check_python, read_requirements
from demo_app.spaces.templates import MARK, app_file, dockerfile, front_matter, readme

ROOT = Path(__file__).resolve().parents[2]
STATIC_COMMAND = "python -m demo_app.page.build"
IMAGE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".avif",
    ".heic",
)
# git's patterns of what a Space needs of the project.
FILES = {
    "demo": (
        *("LICENSE", "fer_core", ":!fer_core/records/shipped_runs"),
        *("demo_app", ":!demo_app/page", ":!demo_app/spaces"),
    ),
    "dashboard": (
        "LICENSE",
        "dashboard",
        "fer_core/*.py",
        "fer_core/*.pyi",  # what the packages of the library offer is read from there
        "fer_core/records/published.bib",
        "fer_core/records/published.csv",
        "fer_core/records/shipped_runs",
        "fer_core/weights/*/robustness.json",
    ),
}


def build_space(space: Space, out: Path, root: Path = ROOT) -> list[Path]:
    """Write the folder of a Space: whole, or not at all.

    Args:
        space: of the Spacefile.
        out: the folder; one that was built before is replaced, any other must be empty.
        root: folder of the project.

    Returns:
        The files, relative to the folder.

    Raises:
        ValueError: one sentence, when the folder holds something else, the static page is not
            built, the project is not a git checkout, or a committed file does not belong on a
            Space.
        OSError: when a file cannot be read or written.
    """
    _check_target(out)
    written = _written(space, root / "pyproject.toml")
    copied = _static(root) if space.name == "static" else committed(root, FILES[space.name])
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fer-space-", dir=out.parent) as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        for name, source in copied.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        for name, content in written.items():
            (fresh / name).write_text(content, encoding="utf-8")
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    return sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())


def committed(root: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """The committed files: no caches, nothing ignored, nothing untracked.

    Args:
        root: folder of the project.
        patterns: git's, relative to it.

    Raises:
        ValueError: when the folder is not a git checkout, or an image is among the files.
    """
    git = shutil.which("git")
    if git is None:
        raise ValueError("the files of a Space are the committed ones: install git")
    asked = [git, "-C", str(root), "ls-files", "-z", "--", *patterns]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if answer.returncode != 0 or not answer.stdout:
        raise ValueError(
            f"the files of a Space are the committed ones: {root} is not a git checkout"
        )
    names = answer.stdout.rstrip("\0").split("\0")
    for name in names:
        if name.lower().endswith(IMAGE_SUFFIXES):
            raise ValueError(f"{name} is an image: images may show faces, so none goes to a Space")
    return {name: root / name for name in names}


def _written(space: Space, project: Path) -> dict[str, str]:
    block = front_matter(space, version("gradio"))
    if "python_version" in block:
        check_python(project, block["python_version"])
    elif space.card.sdk != "static":
        raise ManifestError(
            f"{space.name}: python_version is missing: the Hub would take an old one"
        )
    files = {"README.md": readme(space, block)}
    if space.card.sdk == "gradio":
        needed = read_requirements(project, ("onnx", "video"), ("demo",))
        files[str(block["app_file"])] = app_file(space)
    elif space.card.sdk == "docker":
        needed = read_requirements(project, groups=("dashboard",), without=HEAVY)
        files["Dockerfile"] = dockerfile(space, block)
    else:
        return files
    return {**files, "requirements.txt": "".join(f"{line}\n" for line in needed)}


def _static(root: Path) -> dict[str, Path]:
    page = root / "demo_app" / "static"
    if not (page / "index.html").is_file():
        raise ValueError(f"the static page is not built: {STATIC_COMMAND}")
    return {path.relative_to(page).as_posix(): path for path in page.rglob("*") if path.is_file()}


def _check_target(out: Path) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    card = out / "README.md"
    if (out / ".git").exists() or not card.is_file() or MARK not in card.read_text("utf-8"):
        raise ValueError(
            f"{out} is not a Space that was built before: choose another folder with --out"
        )
