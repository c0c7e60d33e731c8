import pytest

from fer_core.io.wording import counted


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((0, "run"), "0 runs"),
        ((1, "run"), "1 run"),
        ((1234, "run"), "1,234 runs"),
        ((1, "file is", "files are"), "1 file is"),
        ((2, "file is", "files are"), "2 files are"),
    ],
)
def test_a_number_takes_its_noun(words, sentence):
    assert counted(*words) == sentence
