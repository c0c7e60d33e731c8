"""The registry: names, options, sources of methods; without torch until one is trained."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

import fer_core.methods
from fer_core.config import RunConfig, from_json, to_json, without_folders
from fer_core.config.methods import METHODS, MethodOptions, find_method, register_method
from fer_core.config.methods.sources import LOOSE

PLAIN = """
from fer_core.methods import Method, StepOutput

class Zero(Method):
    def forward(self, batch):
        logits = self.model(self.labelled_view(batch)).logits
        return StepOutput(0 * logits.sum(), logits.detach(), {"classification": logits.sum() * 0})

class NoMethod:
    pass
"""


@pytest.fixture(autouse=True)
def _registry_as_before():
    before = dict(METHODS)
    yield
    METHODS.clear()
    METHODS.update(before)
    for name in [name for name in sys.modules if name.startswith(LOOSE)]:
        del sys.modules[name]


def test_options_titles_and_papers_need_no_torch():
    program = (
        "import sys\n"
        "from fer_core.config import RunConfig\n"
        "from fer_core.methods import METHODS, register_method\n"
        "import fer_core.records.compare\n"
        "assert RunConfig(method='gce').options.gce_exponent == 0.7\n"
        "assert METHODS['eac'].paper.year == 2022 and METHODS['eac'].title == 'EAC'\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_class_that_is_not_registered_takes_its_own_name(tmp_path):
    (tmp_path / "mine.py").write_text(PLAIN)
    config = RunConfig(method=f"{tmp_path}/mine.py:Zero")
    assert (config.method, config.options) == ("Zero", MethodOptions())
    assert config.method_source == f"{tmp_path.resolve()}/mine.py:Zero"
    assert from_json(to_json(config)) == config
    assert without_folders(config).method_source == "mine.py:Zero"


def test_a_class_that_inherits_a_method_has_its_options_and_defaults(tmp_path):
    text = "from fer_core.methods.eac import EAC\n\nclass Mine(EAC):\n    pass\n"
    (tmp_path / "mine.py").write_text(text)
    config = from_json({"method": f"{tmp_path}/mine.py:Mine", "consistency_weight": 2.0})
    assert config.options.consistency_weight == 2.0
    assert config.flip_probability == 0.0
    assert METHODS["Mine"].paper is None


def test_one_file_among_the_methods_is_found_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "zero.py").write_text(
        PLAIN.replace(
            "class Zero",
            "from fer_core.methods import register_method\n\n@register_method('zero')\nclass Zero",
        )
    )
    monkeypatch.setattr(fer_core.methods, "__path__", [*fer_core.methods.__path__, str(tmp_path)])
    config = RunConfig(method="zero")
    assert config.method_source == ""  # it belongs to the package
    assert find_method("zero").source == "fer_core.methods.zero:Zero"
    del sys.modules["fer_core.methods.zero"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere.py:Zero", "no file at .*nowhere.py"),
        ("no_such_package.part:Zero", "no module 'no_such_package.part'.*install its package"),
        ("{folder}/mine.py:Zer", "mine.py has no class Zer"),
        ("{folder}/mine.py:NoMethod", "is not a subclass of fer_core.methods.Method"),
        ("{folder}/mine.py:", "named pkg.module:Class or file.py:Class"),
    ],
)
def test_what_is_no_method_is_refused_with_what_is_wrong(tmp_path, source, sentence):
    (tmp_path / "mine.py").write_text(PLAIN)
    with pytest.raises(ValueError, match=sentence):
        RunConfig(method=source.format(folder=tmp_path))


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match=r"method 'eac' is taken by fer_core.methods.eac:EAC"):
        register_method("eac")(type("Other", (), {}))


def test_options_that_would_be_ambiguous_or_empty_are_refused():
    @dataclass(frozen=True)
    class Taken(MethodOptions):
        gamma: float = 2.0

    @dataclass(frozen=True)
    class Empty(MethodOptions):
        focus: float

    with pytest.raises(ValueError, match="gamma is an option of every run"):
        register_method("one", options=Taken)(type("One", (), {}))
    with pytest.raises(ValueError, match="option focus needs a default"):
        register_method("two", options=Empty)(type("Two", (), {}))
    with pytest.raises(ValueError, match=r"what is None .*flip_probability.*epochs"):
        register_method("three", defaults={"epochs": 3})(type("Three", (), {}))


def test_another_source_under_a_name_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text(PLAIN)
    with pytest.raises(ValueError, match="is method 'Zero', got method 'other'"):
        RunConfig(method="other", method_source=f"{tmp_path}/mine.py:Zero")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "scn", "relabel_epoch": 9}, "no label is corrected"),
        ({"method": "scn", "relabel_epoch": 8}, ""),
        ({"method": "co_teaching", "forget_epochs": 10}, "ends at 70 % of forget_rate"),
        ({"method": "co_teaching", "forget_epochs": 7}, ""),
        ({"method": "co_teaching", "forget_epochs": 10, "forget_rate": 0.0}, ""),
        ({"method": "co_teaching", "noise": "none", "noise_rate": 0.0}, ""),
        ({"method": "eac", "ramp_epochs": 16}, "lambda ends at 50 % of its weight"),
        ({"method": "eac_balanced", "ramp_epochs": 8}, ""),
        ({"method": "cross_entropy"}, ""),
    ],
)
def test_a_schedule_that_a_short_run_never_completes_is_told(options, said):
    config = from_json({"noise": "symmetric", "noise_rate": 0.3, "epochs": 8} | options)
    told = config.options.unreached(config)
    assert said in told
    assert bool(told) == bool(said)
