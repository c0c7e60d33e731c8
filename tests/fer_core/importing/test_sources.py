from fer_core.importing.sources import find_sources


def test_the_table_of_an_audit_is_no_run_of_another_program(tmp_path):
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.csv").write_text("rank,image\n1,a.png\n")
    (tmp_path / "audit" / "audit.json").write_text("{}")
    assert find_sources(tmp_path) == ([], [])
