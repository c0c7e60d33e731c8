import json

import pytest

from fer_core.cli.report import make_table
from fer_core.reporting.blocks import ReportError

MACHINE = {"cpu": "A Fine CPU", "bf16": False, "gpu": None}
RATIO = {
    "what": "step, ours",
    "against": "straightforward",
    "precision": "fp32",
    "threads": 2,
    "ratio": [1.6, 1.514, 1.7],
    "pairs": 16,
}


@pytest.fixture
def write(tmp_path):
    def written(name, machine=MACHINE, **changes):
        document = {"machine": machine, "ratios": [RATIO | changes]}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        return tmp_path

    return written


def test_a_ratio_names_precision_interval_pairs_and_processor(write, tmp_path):
    table = make_table("speed step", tmp_path, write("step"))
    row = table.splitlines()[2]
    assert row == (
        "| step, ours | straightforward | fp32 | 1.60 (1.51 to 1.70), 16 pairs | "
        "A Fine CPU, 2 threads, bf16 emulated |"
    )


def test_a_column_of_what_nothing_measured_is_left_out_and_one_cell_of_it_is_not(write, tmp_path):
    write("step-a")
    assert "CPU time" not in make_table("speed step-a", tmp_path, tmp_path)
    write("step-b", cpu_ratio=[1.55, 1.5, 1.6])
    table = make_table("speed step-*", tmp_path, tmp_path)
    assert "| by CPU time |" in table.splitlines()[0]
    assert "memory" not in table
    assert "16 pairs | - | A Fine CPU" in table.splitlines()[2]
    assert table.endswith("CPU time excludes other programs.")


def test_cpu_time_and_memory_stand_beside_it_where_they_were_measured(write, tmp_path):
    folder = write("step", cpu_ratio=[1.55, 1.5, 1.6], memory_ratio=0.91, threads=1)
    row = make_table("speed step", tmp_path, folder).splitlines()[2]
    assert "| 1.55 (1.50 to 1.60) | 0.91 | A Fine CPU, 1 thread, bf16 emulated |" in row


def test_a_gpu_is_named_in_place_of_the_cpu(write, tmp_path):
    folder = write("step", machine=MACHINE | {"gpu": "A GPU"})
    assert make_table("speed step", tmp_path, folder).splitlines()[2].endswith("| A GPU |")


def test_several_files_are_one_table_in_the_order_of_their_names(write, tmp_path):
    write("step-b", what="second")
    folder = write("step-a", what="first")
    write("other", what="third")
    rows = make_table("speed step-*", tmp_path, folder).splitlines()[2:4]
    assert ["first" in rows[0], "second" in rows[1]] == [True, True]


def test_no_file_is_refused_with_the_pattern_and_the_folder(tmp_path):
    with pytest.raises(ReportError) as refused:
        make_table("speed nothing", tmp_path, tmp_path)
    assert "'nothing'" in str(refused.value)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"machine": {}, "ratios": []}'])
def test_a_file_that_is_no_result_is_named(text, tmp_path):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(ReportError, match=r"broken\.json"):
        make_table("speed broken", tmp_path, tmp_path)


def test_a_result_without_its_machine_is_refused(write, tmp_path):
    folder = write("step", machine={"cpu": "A Fine CPU"})
    with pytest.raises(ReportError, match="gpu"):
        make_table("speed step", tmp_path, folder)
