import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from demo_app.analysis.model_card import LONGEST, build_card, clean, read_card, tame
from fer_core.models.pretrained import CARD_FILE, load_model
from fer_core.taxonomy import taxonomy_of
from fer_core.weights import BUNDLED

HOSTILE = (
    "<img src=https://evil.example/a.png>",
    "<ScRiPt src=//evil.example></script>",
    "<!-- a --><iframe src='https://evil.example'></iframe>",
    "<<!-- -->img src=https://evil.example>",
    "![a](https://evil.example/a.png)",
    "!![a](https://evil.example/a.png)",
    "!![a](b)[c](https://evil.example/a.png)",
    "!<!-- -->[a](https://evil.example/a.png)",
    "\\![a](https://evil.example/a.png)",
    "[![badge](https://evil.example/a.svg)](https://evil.example)",
    "![a [b] c](https://evil.example/a.png)",
    "![a][ref]\n\n[ref]: https://evil.example/a.png",
    "![ref]\n\n[ref]: https://evil.example/a.png",
    "<https://evil.example>",
    "a\n\n<div style='background:url(https://evil.example)'>\n\nb</div>",
    "]![](b)(javascript:alert(1))",
)


@pytest.fixture(scope="module")
def trained():
    return load_model(BUNDLED)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_card_can_be_loaded_or_run(text):
    before = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(clean(f"words\n\n{text}"))
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"p", "a"}
    assert "img" not in re.findall(r"<(\w+)", html)
    assert "<" in before


@pytest.mark.parametrize(
    "link", ["[a](javascript:alert(1))", "[a](data:text/html,x)", "[a](/logout)", "[a](file:///x)"]
)
def test_only_links_to_web_pages_stay(link):
    assert "<a" not in MarkdownIt().render(clean(link))
    assert "<a" not in MarkdownIt().render(clean(f"[a]\n\n[a]: {link[4:-1]}"))
    page = "[the paper](https://arxiv.org/abs/2207.10299)"
    assert clean(page) == page


def test_the_front_matter_is_not_shown():
    assert clean("---\nlicense: mit\n---\n# A\n\n---\n\nB") == "### A\n\n---\n\nB"
    assert clean("# A\n\n---\nB\n---") == "### A\n\n---\nB\n---"


def test_headings_go_below_those_of_the_page_and_code_stays():
    text = "# A\n### B\n```\n# no heading\n```\n#hash"
    assert clean(text) == "### A\n##### B\n```\n# no heading\n```\n#hash"


def test_comparisons_stay_readable():
    assert clean("a < 5 and b <= 3 & c > 1") == "a < 5 and b <= 3 & c > 1"


def in_percent(facts, name):
    """A figure of the bundled model as its card writes it."""
    value, low, high = (100 * figure for figure in (facts[name], *facts[f"{name}_interval"]))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def test_the_bundled_card_keeps_its_words(trained):
    card = read_card(BUNDLED, trained)
    assert card.startswith("### Model: ")
    assert f"| accuracy | {in_percent(trained.facts, 'accuracy')} |" in card
    assert "license:" not in card


def test_a_long_card_is_cut_at_a_line(trained, tmp_path):
    (tmp_path / CARD_FILE).write_text("a line of a card\n" * 5000)
    card = read_card(tmp_path, trained)
    assert len(card) <= LONGEST + 100
    assert card.endswith("a line of a card\n\n(The card goes on.)")


def test_a_card_that_is_no_text_is_shown_as_far_as_it_can_be_read(trained, tmp_path):
    (tmp_path / CARD_FILE).write_bytes(b"caf\xe9")
    assert read_card(tmp_path, trained) == "caf\N{REPLACEMENT CHARACTER}"


def test_without_a_card_the_saved_facts_make_one(trained, tmp_path):
    card, facts = read_card(tmp_path, trained), trained.facts
    recall, (low, high) = facts["classes"]["contempt"]["recall"].values()
    for part in (
        "one of 8 expressions from 64 x 64 grey pixels",
        "Trained on FERPlus, train; method cross_entropy; label noise: none added.",
        f"| accuracy on the val split, 3,199 images | {in_percent(facts, 'accuracy')} |",
        f"| mean class accuracy | {in_percent(facts, 'mean_class_accuracy')} |",
        f"| calibration error (ECE) | {100 * facts['ece_cross_fitted']:.2f} |",
        f"| contempt | 13 | {100 * recall:.2f} ({100 * low:.2f} to {100 * high:.2f}) |",
        "not feelings",
    ):
        assert part in card


def test_label_noise_is_stated(trained):
    facts = {"noise": "symmetric", "noise_rate": 0.3}
    assert "Label noise: 30 % symmetric." in build_card(replace(trained, facts=facts))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"accuracy": "high", "noise_rate": [], "noise": 5, "data": None, "classes": []},
        {"accuracy_interval": [1], "classes": {"fear": 3, "anger": {"recall": {}}}},
    ],
)
def test_facts_of_any_kind_make_a_card_and_absent_ones_are_not_made_up(trained, facts):
    card = build_card(replace(trained, facts=facts))
    assert "No test results were saved with it." in card
    assert "| class |" not in card


def test_facts_cannot_bring_pictures_into_the_card(trained, tmp_path):
    facts = {"data": "![a](https://evil.example)", "method": "<img src=https://evil.example>"}
    card = read_card(tmp_path, replace(trained, facts=facts))
    assert "![" not in card
    assert "<img" not in card


def test_facts_of_any_shape_are_tamed(trained):
    evil = "![x](https://evil.example/t.png)"
    calm = tame(replace(trained, facts={"data": [evil], "noise": {evil: [evil, 0.3]}}))
    assert "![" not in str(calm.facts)
    assert calm.facts["noise"]["x"][1] == 0.3


def test_a_tame_model_has_only_safe_names_and_true_figures(trained):
    wild = replace(
        trained,
        taxonomy=taxonomy_of(
            ("![a](https://evil.example)", "<b>fear", *("x" * 900, "x" * 901), "")
        ),
        facts={"data": "![a](b)", "accuracy": "high", "noise_rate": 0.3, "classes": {}},
    )
    calm = tame(wild)
    assert calm.classes == ("a", "&lt;b>fear", "x" * 40, "p_" + "x" * 40, "class 5")
    assert calm.facts == {"data": "a", "noise_rate": 0.3, "classes": {}}
    assert tame(trained).facts == trained.facts
    assert tame(trained).classes == trained.classes
