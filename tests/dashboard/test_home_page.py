"""The landing page."""

import re

import pytest

from fer_core.records.published import SHIPPED_RUNS


@pytest.mark.slow
def test_the_landing_page_has_figures_with_intervals_and_a_link_to_every_page(shown_page):
    app = shown_page("home", SHIPPED_RUNS)
    assert not app.exception
    assert [item.label for item in app.metric] == [
        "Accuracy",
        "Accuracy, flip TTA",
        "Mean class accuracy",
        "Wrong labels memorised",
    ]
    assert all(re.fullmatch(r"[+-]\d+\.\d points", item.value) for item in app.metric)
    captions = " ".join(item.value for item in app.caption)
    assert len(re.findall(r"95 % interval [+-]\d+\.\d to [+-]\d+\.\d", captions)) == 4
    assert captions.count("EAC minus baseline with 30 % wrong labels. 95 %") == 4
    assert captions.count("the labelled view is never flipped") == 4
    (others,) = [
        item.value for item in app.markdown if "Other approaches on the same seeds" in item.value
    ]
    assert re.search(
        r"\| baseline, ema decay 0\.999 (\| [+-]\d\.\d \([^|]+ to [^|]+\) ){4}\|", others
    )
    links = {item.proto.label.strip("*") for item in app.get("page_link")}
    assert {"Noise robustness", "Attention maps", "Published results", "Runs"} <= links
    assert '<abbr title="' in app.markdown[0].value


@pytest.mark.slow
def test_without_runs_the_landing_page_still_says_what_this_is_and_how_to_begin(
    open_page, tmp_path
):
    app = open_page("home", tmp_path)
    assert not app.exception
    assert len(app.metric) == 4  # of the shipped records, whatever the source
    assert "fer-core train" in app.info[0].value


@pytest.mark.slow
def test_a_link_to_the_former_address_of_the_noise_page_opens_it_with_its_choices(
    open_page, eight_records
):
    app = open_page("home", eight_records, noise_measure="Mean class accuracy")
    assert not app.exception
    assert app.title[0].value == "Noise robustness"
