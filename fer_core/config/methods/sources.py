"""Where the class of a method is: in a module, or in a file that is not part of a package."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

PACKAGE = "fer_core.methods"
LOOSE = "fer_core_method_file_"  # before the names of modules that are loaded from single files


def source_of(kind: type) -> str:
    """``pkg.module:Class``; ``/path/file.py:Class`` for a class of a script or a loaded file."""
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    loose = kind.__module__ == "__main__" or kind.__module__.startswith(LOOSE)
    where = str(Path(file).resolve()) if loose and file else kind.__module__
    return f"{where}:{kind.__qualname__}"


def import_class(source: str) -> Any:  # noqa: ANN401 - what the file of a stranger defines
    """The class at ``pkg.module:Class`` or ``file.py:Class``; its file is run.

    Raises:
        ValueError: when there is no such file, module or class.
    """
    where, _, name = source.rpartition(":")
    if not where or not name:
        raise ValueError(f"a class is named pkg.module:Class or file.py:Class, got {source!r}")
    module = _file(Path(where)) if where.endswith(".py") else _module(where, source)
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise ValueError(f"{where} has no class {name}")
    return found


def is_method(kind: type) -> bool:
    """Whether a class is derived from `fer_core.methods.Method`, which is not imported for this."""
    return any(
        (base.__module__, base.__name__) == (f"{PACKAGE}.base", "Method") for base in kind.__mro__
    )


def module_of_package(name: str) -> None:
    """Import the file of `fer_core.methods` with this name, where there is one."""
    full = f"{PACKAGE}.{name}"
    if name.isidentifier() and importlib.util.find_spec(full):
        importlib.import_module(full)


def _module(name: str, source: str) -> Any:  # noqa: ANN401 - any module
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # something that the module itself imports
        raise ValueError(
            f"no module {name!r} for {source}: install its package, or start where python finds it "
            f"(PYTHONPATH)"
        ) from error


def _file(path: Path) -> Any:  # noqa: ANN401 - any module
    path = path.expanduser().resolve()
    if not path.is_file():
        raise ValueError(f"no file at {path}, which should define the class of the method")
    main = sys.modules.get("__main__")
    if main and getattr(main, "__file__", None) and Path(str(main.__file__)).resolve() == path:
        return main  # the running script itself
    name = f"{LOOSE}{path.stem}_{abs(hash(str(path)))}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None  # it ends in .py
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
