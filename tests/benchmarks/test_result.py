import json

from benchmarks.result import as_json, cpu_name, machine_facts

INFO = "processor\t: 0\nmodel name\t: A Fine CPU @ 2 GHz\nflags\t\t: fpu avx512_bf16\n"


def test_figures_stand_beside_the_machine_that_they_hold_for():
    document = json.loads(as_json({"ratio": 2.0}))
    assert document["ratio"] == 2.0
    assert document["machine"] == machine_facts()
    assert document["machine"]["cores"] >= 1


def test_a_list_of_figures_has_a_name():
    assert json.loads(as_json([1, 2]))["results"] == [1, 2]


def test_the_processor_is_named_and_its_bfloat16(tmp_path):
    (tmp_path / "cpuinfo").write_text(INFO)
    facts = machine_facts(tmp_path / "cpuinfo")
    assert (facts["cpu"], facts["bf16"]) == ("A Fine CPU @ 2 GHz", True)


def test_a_processor_that_nothing_names_is_its_architecture(tmp_path):
    assert cpu_name(tmp_path / "absent")
