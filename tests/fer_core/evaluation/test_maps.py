import json
import math

import numpy as np
import pytest

from fer_core.datasets import Decoding, load_data
from fer_core.evaluation.maps import assess_maps
from fer_core.explain.fidelity import measure_fidelity
from fer_core.metrics.intervals import Estimate
from fer_core.models.pretrained import load_model
from fer_core.reporting.map_fidelity import map_fidelity_json, map_fidelity_rows
from fer_core.transforms.functional import normalise, to_tensor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tiny_run):
    return load_model(tiny_run.path / "model")


@pytest.fixture(scope="module")
def split(trained):
    decoding = Decoding(trained.input.size, trained.input.channels)
    return load_data("synthetic?train=14&test=21", decoding).eval


@pytest.fixture(scope="module")
def found(trained, split):
    return assess_maps(trained, split, images=7, resamples=200, seed=3)


def test_the_figures_are_the_means_of_the_measures_over_images_spread_over_the_split(
    trained, split, found
):
    rows = [0, 3, 7, 10, 13, 17, 20]
    pixels = to_tensor(np.asarray(split.images)[rows])
    whole = measure_fidelity(trained.model, normalise(pixels, *trained.model.statistics()), seed=3)
    assert found.images == 7
    assert found.locality.value == pytest.approx(whole.locality.mean())
    assert found.occlusion.value == pytest.approx(np.nanmean(whole.occlusion))
    assert found.deletion["centre"].value == pytest.approx(whole.deletion["centre"].mean())
    assert found.completeness == pytest.approx(whole.completeness.max())
    assert found.locality.low <= found.locality.value <= found.locality.high


def test_a_smaller_split_is_measured_whole_and_one_image_is_refused(trained, split):
    few = split._replace(images=split.images[:2], true_labels=split.true_labels[:2])
    assert assess_maps(trained, few, resamples=10, seed=0).images == 2
    with pytest.raises(ValueError, match="at least 2 images, got 1"):
        assess_maps(trained, split, images=1, resamples=10, seed=0)


def test_the_rows_have_a_column_for_each_model_and_every_order(found):
    header, *rows = map_fidelity_rows([("one", found), ("two", found)])
    assert header == ["attention maps", "one", "two"]
    assert {len(row) for row in rows} == {3}
    for order in ("the map", "Grad-CAM", "distance to the centre", "random"):
        assert sum(f"order of {order} " in row[0] for row in rows) == 2


def test_flat_maps_have_no_correlation(found):
    nothing = Estimate(math.nan, math.nan, math.nan)
    flat = found._replace(mirror=nothing, fixed=nothing)
    assert json.loads(json.dumps(map_fidelity_json(flat), allow_nan=False))["mirror"] is None
    assert ["agreement with the mirror image", "-"] in map_fidelity_rows([("one", flat)])


def test_a_figure_of_too_few_images_for_an_interval_is_kept_without_one(found):
    few = found._replace(fixed=Estimate(0.8, math.nan, math.nan))
    kept = json.loads(json.dumps(map_fidelity_json(few), allow_nan=False))
    assert kept["fixed"] == [0.8, None, None]
    assert "0.80" in [row[1] for row in map_fidelity_rows([("one", few)])]
