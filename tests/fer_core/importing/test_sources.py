import pytest

from fer_core.importing.sources import find_sources


def test_the_table_of_an_audit_is_no_run_of_another_program(tmp_path):
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.csv").write_text("rank,image\n1,a.png\n")
    (tmp_path / "audit" / "audit.json").write_text("{}")
    assert find_sources(tmp_path) == ([], [])


@pytest.mark.parametrize(
    "files",
    [
        ("a/b/metrics.csv", "a-b/metrics.csv", "a-b-2/metrics.csv"),
        ("a-2.csv", "a/2.csv", "a/log.csv", "a/metrics.csv", "a.csv"),
        ("Run.csv", "run.csv", "RUN/metrics.csv", "run-2.csv"),
        ("x y.csv", "x-y.csv", "x/y.csv", "x/y/log.csv", "x-y-2/2.csv"),
    ],
)
def test_every_source_has_a_name_of_its_own_whatever_the_case(tmp_path, files):
    for file in files:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("epoch,val_acc\n1,0.5\n")
    names = [source.name for source in find_sources(tmp_path).sources]
    assert len({name.casefold() for name in names}) == len(files)


def test_a_number_never_takes_the_name_that_another_source_has_from_its_path(tmp_path):
    for accuracy, folder in enumerate(("a/b", "a-b", "a-b-2")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "metrics.csv").write_text(f"epoch,val_acc\n1,{accuracy}\n")
    sources = find_sources(tmp_path).sources
    assert {source.series["val_acc"][0][1]: source.name for source in sources}[2] == "a-b-2"
    assert sorted(source.name for source in sources) == ["a-b", "a-b-2", "a-b-3"]
