"""Tables as text: LaTeX, Markdown, CSV."""

import csv
import io

import pytest

from fer_core.reporting.table_text import (
    MINUS,
    TABLE_FORMATS,
    Cell,
    TextTable,
    latex_text,
    text_table,
    to_csv,
    to_latex,
    to_markdown,
)

HOSTILE = 'a_b & 50 % of {x} | $y$ #1 ~ ^ \\ <b> "q" * `c` ±·'
RESULTS = TextTable(
    ("Method", "30 %"),
    (
        (Cell("EAC"), Cell("79.0 ± 0.4", bold=True, marked=True)),
        (Cell("baseline"), Cell(f"{MINUS}1.5 ± 0.3", note="n = 2")),
    ),
    "FERPlus, 50 %",
)


def body(latex):
    return latex[latex.index(r"\midrule") : latex.index(r"\bottomrule")]


def test_latex_has_the_rules_of_booktabs_and_aligns_numbers_right():
    latex = to_latex(RESULTS)
    assert latex.index(r"\toprule") < latex.index(r"\midrule") < latex.index(r"\bottomrule")
    assert r"\begin{tabular}{lr}" in latex
    assert r"\usepackage{booktabs}" in latex
    assert r"\caption{FERPlus, 50 \%}" in latex


def test_latex_sets_best_spread_mark_and_minus_in_mathematical_mode():
    rows = body(to_latex(RESULTS))
    assert r"EAC & $\mathbf{79.0} \pm 0.4^{*}$ \\" in rows
    assert r"baseline & $-1.5 \pm 0.3$ (n = 2) \\" in rows


def test_latex_writes_powers_of_ten_and_thousands_as_numbers():
    rows = body(to_latex(text_table(["a", "b"], [["1e-04", "3,199"]])))
    assert r"$1 \times 10^{-4}$ & $3{,}199$" in rows


@pytest.mark.parametrize("mark", "&%$#_{}~^\\")
def test_every_special_character_of_latex_is_escaped(mark):
    escaped = latex_text(f"a{mark}b")
    assert escaped != f"a{mark}b"
    assert escaped.startswith("a\\")


def test_hostile_text_ends_no_cell_in_any_format():
    table = text_table(["name", "value"], [[HOSTILE, "1.0"], ["two\nlines", ""]])
    latex = body(to_latex(table)).splitlines()[1:3]
    assert [line.count(" & ") for line in latex] == [1, 1]
    markdown = to_markdown(table).splitlines()
    assert len(markdown) == 4
    assert all(line.replace("\\|", "").count("|") == 3 for line in markdown)
    assert list(csv.reader(io.StringIO(to_csv(table))))[1] == [HOSTILE, "1.0"]


def test_markdown_keeps_bold_marks_notes_and_the_caption():
    lines = to_markdown(RESULTS).splitlines()
    assert lines[:2] == ["| Method | 30 % |", "| --- | ---: |"]
    assert lines[2] == r"| EAC | **79.0** ± 0.4\* |"
    assert lines[3].endswith("(n = 2) |")
    assert lines[-1] == "FERPlus, 50 %"


def test_markdown_leaves_names_with_underscores_readable():
    assert "mobilenetv2_100" in to_markdown(text_table(["backbone"], [["mobilenetv2_100"]]))
    assert r"\_x\_" in to_markdown(text_table(["emphasis"], [["_x_"]]))


@pytest.mark.parametrize("write", TABLE_FORMATS.values(), ids=TABLE_FORMATS)
def test_a_table_without_rows_keeps_its_header(write):
    assert "only title" in write(text_table(["only title"], []))


def test_rows_must_have_a_cell_for_each_title():
    with pytest.raises(ValueError, match="1 cells"):
        text_table(["a", "b"], [["x"]])
