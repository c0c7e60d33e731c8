import pytest

from fer_core.config import RunConfig
from fer_core.sweeping.plan import PlanError, read_plan
from tests.project import PROJECT

GRID = """
[common]
data = "synthetic?train=28&test=14"
backbone = "test_resnet"
image_size = 64

[grid]
method = ["cross_entropy", "eac"]
noise = [{ noise = "none" }, { noise = "symmetric", noise_rate = 0.3 }]
seed = [0, 1]
"""


@pytest.fixture
def read(tmp_path):
    """``read(text, *settings)``: the runs of a plan."""

    def call(text, *settings):
        file = tmp_path / "plan.toml"
        file.write_text(text)
        return read_plan(file, settings)

    return call


def mistakes(read, text, *settings):
    with pytest.raises(PlanError) as raised:
        read(text, *settings)
    return str(raised.value).splitlines()


def test_a_grid_is_every_combination_the_first_axis_fastest_the_last_slowest(read):
    assert [run.name for run in read(GRID)] == [
        "cross_entropy-clean-seed0",
        "eac-clean-seed0",
        "cross_entropy-noise0.3-seed0",
        "eac-noise0.3-seed0",
        "cross_entropy-clean-seed1",
        "eac-clean-seed1",
        "cross_entropy-noise0.3-seed1",
        "eac-noise0.3-seed1",
    ]


def test_a_run_has_the_common_values_and_those_of_its_axes(read):
    config = read(GRID)[3].config
    assert config == RunConfig(
        data="synthetic?train=28&test=14",
        backbone="test_resnet",
        image_size=64,
        method="eac",
        noise="symmetric",
        noise_rate=0.3,
    )


def test_values_added_to_a_plan_rename_no_run(read):
    more = GRID.replace("[0, 1]", "[0, 1, 2]").replace('"eac"]', '"eac"]\nepochs = [40]')
    before, after = read(GRID), read(GRID.replace("[0, 1]", "[5, 1, 0]"))
    assert {run.name: run.config for run in before}.items() <= {
        run.name: run.config for run in after
    }.items()
    assert len(read(more)) == 12


def test_an_entry_may_have_a_name_of_its_own_and_an_axis_too(read):
    runs = read("""
[grid]
recipe = [
  { name = "paper" },
  { name = "ramped", ramp_epochs = 5, optimizer = "adamw" },
]
""")
    assert [run.name for run in runs] == ["paper", "ramped"]
    assert (runs[1].config.options.ramp_epochs, runs[1].config.optimizer) == (5, "adamw")
    assert runs[0].config == RunConfig()


def test_runs_one_by_one_come_after_the_grid_with_the_common_values(read):
    runs = read(GRID + '\n[[runs]]\nname = "long"\nepochs = 90\nimage_size = 96\n')
    assert runs[-1].name == "long"
    config = runs[-1].config
    assert (config.epochs, config.image_size, config.backbone) == (90, 96, "test_resnet")


def test_a_condition_leaves_out_the_combinations_that_it_describes(read):
    names = [
        run.name
        for run in read(
            GRID + '\n[[exclude]]\nmethod = "eac"\nnoise = "none"\n[[exclude]]\nseed = 1\n'
        )
    ]
    assert names == [
        "cross_entropy-clean-seed0",
        "cross_entropy-noise0.3-seed0",
        "eac-noise0.3-seed0",
    ]


def test_a_condition_may_speak_of_what_is_so_by_default(read):
    runs = read(GRID + "\n[[exclude]]\nepochs = 40\nseed = 0\n")
    assert {run.config.seed for run in runs} == {1}


def test_a_setting_stands_in_for_the_common_value(read):
    runs = read(GRID, "data=ferplus:elsewhere", "epochs=3")
    assert {(run.config.data, run.config.epochs) for run in runs} == {("ferplus:elsewhere", 3)}
    assert [run.name for run in runs] == [run.name for run in read(GRID)]


def test_the_common_values_may_start_from_a_recipe(read):
    (run,) = read('[common]\nrecipe = "scratch"\nepochs = 60\n[grid]\nseed = [0]', "mixup=0.5")
    assert (run.config.backbone, run.config.optimizer) == ("resnet18", "sgd")
    assert (run.config.epochs, run.config.mixup) == (60, 0.5)
    lines = mistakes(read, '[common]\nrecipe = "scratsh"\n[grid]\nseed = [0]')
    assert "recipe must be one of report, " in lines[1]
    assert "did you mean 'scratch'?" in lines[1]


def test_the_common_values_may_start_from_those_of_another_plan(read, tmp_path):
    (tmp_path / "first.toml").write_text(
        '[common]\nrecipe = "noisy_labels"\nepochs = 9\nseed = 4\n[grid]\nholdout = [0.1, 0.2]'
    )
    (tmp_path / "second.toml").write_text('[common]\nplan = "first.toml"\nepochs = 3')
    (run,) = read('[common]\nplan = "second.toml"\nbatch_size = 8\n[[runs]]\nname = "one"')
    assert (run.config.epochs, run.config.seed, run.config.batch_size) == (3, 4, 8)
    assert run.config.method == "eac"
    assert run.config.holdout == 0  # the grid of the other plan does not count
    (run,) = read('[common]\nplan = "first.toml"\n[[runs]]\nname = "one"', "epochs=7")
    assert run.config.epochs == 7


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ('"absent.toml"', "must be a plan's file beside .*, got 'absent.toml'"),
        ("3", "must be a plan's file beside .*, got 3"),
        ('"plan.toml"', "'plan.toml' takes its own values from"),
        ('"other.toml"', "'plan.toml' takes its own values from"),
    ],
)
def test_another_plan_that_cannot_be_taken_is_named(read, tmp_path, base, sentence):
    (tmp_path / "other.toml").write_text('[common]\nplan = "plan.toml"')
    with pytest.raises(PlanError, match=sentence):
        read(f'[common]\nplan = {base}\n[[runs]]\nname = "one"')


def test_all_mistakes_are_listed_at_once_each_with_its_runs(read):
    lines = mistakes(
        read,
        """
[common]
epoch = 3
[grid]
method = ["eaz", "eac"]
epochs = [0, "many"]
[[runs]]
name = "a/b"
""",
    )
    text = "\n".join(lines)
    assert "has 3 mistakes, nothing was started" in lines[0]
    assert len(lines) == 4
    assert "run eaz-epochs0 and 4 more: unknown field 'epoch'; did you mean 'epochs'?" in text
    assert "run eaz-epochs-many and 1 more: epochs must be a whole number, got 'many'" in text
    assert "'a/b' is not a valid run name" in text


def test_what_is_not_allowed_is_said_once_with_the_number_of_runs(read):
    lines = mistakes(read, '[grid]\nmethod = ["eaz", "eac"]\nepochs = [0, 3]\n')
    assert len(lines) == 3
    assert "run eaz-epochs0 and 1 more: method must be one of" in lines[1]
    assert "did you mean 'eac'?" in lines[1]
    assert "run eac-epochs0: epochs must be at least 1, got 0" in "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it has no run"),
        ("[common]\nepochs = 3", "it has no run"),
        ("[grid", "is not valid TOML"),
        ("[gird]\nseed = [0]", "unknown table [gird]; did you mean 'grid'?"),
        ("seed = [0]", "unknown table [seed]"),
        ("grid = 3", "grid must be a table, written [grid]"),
        ("[runs]\nname = 'a'", "runs must be a list of tables, each written [[runs]]"),
        ("[[runs]]\nseed = 1", "[[runs]] number 1 has no name"),
        ("[grid]\nseed = 3", "[grid] seed must be a list of values"),
        ("[grid]\nseed = []", "[grid] seed must be a list of values"),
        ("[grid]\nsead = [1]", "[grid] sead is not a field of a run; did you mean 'seed'?"),
        ("[grid]\nvariant = [{}]", "[grid] variant has an empty table"),
        (
            "[grid]\nnoise_rate = [0.1]\nnoise = [{noise = 'symmetric', noise_rate = 0.1}]",
            "[grid] noise_rate and [grid] noise both set noise_rate",
        ),
        ("[grid]\nseed = [0, 0]", "several runs are called seed0"),
        ("[grid]\nseed = [0]\n[[runs]]\nname = 'SEED0'", "several runs are called SEED0"),
        ("[grid]\nseed = [0]\n[[exclude]]\nseed = 1", "describes no run of the grid"),
        ("[grid]\nseed = [0]\n[[exclude]]\nseed = 0", "it has no run"),
        ("[grid]\nseed = [0]\n[[exclude]]", "describes no run of the grid"),
        ("[grid]\nseed = [-1]", "run seed-1: seed must be in [0"),
    ],
)
def test_a_plan_that_makes_no_sense_says_where(read, text, sentence):
    lines = mistakes(read, text)
    assert sentence in "\n".join(lines)
    assert len(lines) <= 2


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("method=eac", "--set method=eac: the [grid] varies method, change it there"),
        ("noise_rate=0.1", "the [grid] varies noise_rate"),
        ("epoch=1", "unknown field 'epoch'"),
        ("epochs=0", "epochs must be at least 1, got 0"),
    ],
)
def test_a_setting_that_has_no_place_in_the_plan_is_refused(read, setting, sentence):
    assert sentence in "\n".join(mistakes(read, GRID, setting))


def test_an_absent_plan_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.toml"):
        read_plan(tmp_path / "nothing.toml")


RECIPES = sorted((PROJECT / "train" / "recipes").glob("*.toml"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
@pytest.mark.slow
def test_the_plans_that_come_with_the_project_can_be_carried_out(file):
    assert read_plan(file)


def test_runs_that_differ_in_nothing_that_has_an_effect_are_a_mistake(read):
    text = GRID.replace("seed = [0, 1]", "consistency_weight = [1.0, 5.0]")
    (_, *found) = mistakes(read, text)
    assert len(found) == 2  # of each noise
    assert "they are one run, since what they differ in has no effect: [[exclude]]" in found[0]
    assert "cross_entropy-clean-consistency_weight5" in found[0]


def test_a_setting_that_a_run_has_a_value_of_its_own_for_is_a_mistake(read):
    text = f"{GRID}\n[[runs]]\nname = 'long'\nepochs = 30\n"
    (_, found) = mistakes(read, text, "epochs=3")
    assert "--set epochs=3: [[runs]] has epochs of its own in long, change it there" in found
    assert read(text, "learning_rate=0.1")


def test_a_plan_may_name_one_run_twice(read):
    text = "".join(f"[[runs]]\nname = '{name}'\n" for name in ("first", "second"))
    assert [run.name for run in read(text)] == ["first", "second"]
