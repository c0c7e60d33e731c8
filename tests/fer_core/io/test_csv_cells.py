import pytest

from fer_core.io.csv_cells import no_formula


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "-",
        "--1",
        "-1.jpg",
        "=",
        "-1 ± =2",
        "+1 to =HYPERLINK()",
    ],
)
def test_text_that_would_be_run_gets_an_apostrophe(text):
    assert no_formula(text) == (text if text == "-" else f"'{text}")


@pytest.mark.parametrize(
    "value",
    [
        -1.5,
        -3,
        None,
        True,
        "",
        "face",
        "a=b",
        "-0.53",
        "+3",
        "-1e-5",
        "-inf",
        "-1.2 ± 0.3",
        "-5.1 %",
        "-0.5 to +0.3",
        "-1,024.5",
    ],
)
def test_numbers_and_other_text_stay_as_they_are(value):
    assert no_formula(value) == value
