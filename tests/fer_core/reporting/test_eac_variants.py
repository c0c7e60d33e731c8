"""Which EAC a run trains, in words."""

import json

import pytest

from fer_core.config import RunConfig, to_json
from fer_core.records.trials import approach_of
from fer_core.reporting.eac_variants import eac_variant

PAPER = "as in the paper: the labelled view is never flipped"


def said(**options):
    config = RunConfig(method="eac").change(**options)
    return eac_variant(json.loads(approach_of(to_json(config)).options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, PAPER),
        ({"erased_region": "official", "pixel_noise": 30.0}, "as in the authors' code"),
        ({"flip_probability": 0.5}, "flipped with probability 0.5"),
        ({"consistency": "logits"}, "logits alone"),
        ({"consistency": "centred_maps"}, "minus their mean"),
        (
            {"consistency": "outside_erased", "erased_region": "independent"},
            "outside of the erased regions, an erased region of its own in each view",
        ),
        ({"consistency_weight": 0.0}, "no consistency"),
        ({"consistency_weight": 0.5}, "lambda 0.5"),
        ({"ramp_epochs": 3}, "lambda rises over 3 epochs"),
        ({"erased_region": "independent"}, "of its own in each view"),
        ({"erased_region": "official"}, "the erased regions of the authors' code"),
        ({"detach_classifier": False}, "the classifier learns from the consistency too"),
        ({"views": "one_pass"}, "both views in one pass"),
        ({"pixel_noise": 30.0}, "pixel noise of variance 30"),
    ],
)
def test_an_eac_is_the_papers_only_with_all_of_its_options(options, words):
    found = said(**options)
    assert words in found
    assert (found == PAPER) == (not options)
