import numpy as np
import pytest
import torch

from fer_core.explain.occlusion import occlusion_map
from fer_core.inference.occlusion import Occlusion, occlude, rank_agreement
from fer_core.inference.predictor import Predictor


@pytest.fixture(scope="module")
def predictor():
    return Predictor()


@pytest.fixture(scope="module")
def crop(predictor, portrait):
    return predictor.predict(portrait)[0].crop


@pytest.mark.slow
def test_the_drops_are_those_of_the_network_itself(predictor, crop):
    single = Predictor(predictor.trained, mirror=False)
    found = occlude(single, crop, patches=4)
    model, spec = single.trained.model, single.trained.input
    pixels = torch.from_numpy(np.array(crop.convert("L")))[None].float() / 255
    image = (pixels - spec.mean[0]) / spec.std[0]
    index = single.trained.classes.index(found.emotion)
    expected = occlusion_map(model, image, index, patches=4).numpy()
    assert found.drops == pytest.approx(expected, abs=0.02)  # the mean colour is a whole number


@pytest.mark.slow
def test_the_whole_face_is_predicted_as_ever(predictor, crop):
    found = occlude(predictor, crop)
    whole = predictor.classify(crop).probabilities[0]
    assert found.emotion == predictor.trained.classes[whole.argmax()]
    assert found.probability == pytest.approx(whole.max(), abs=1e-5)
    of_another_class = occlude(predictor, crop, "contempt", patches=2)
    assert of_another_class.emotion == "contempt"
    assert of_another_class.whole == found.whole == whole.argmax()
    assert found.drops.shape == found.hidden_probabilities.shape == found.predicted.shape == (8, 8)


@pytest.mark.slow
def test_where_the_score_falls_most_another_class_gains(predictor, crop):
    found = occlude(predictor, crop, patches=3)
    worst = np.unravel_index(found.drops.argmax(), found.drops.shape)
    assert found.drops[worst] > 0
    assert found.hidden_probabilities[worst] < found.probability


@pytest.mark.slow
def test_the_mirror_image_is_asked_as_well_with_flip_tta(predictor, crop):
    mirrored = crop.transpose(0)  # left to right
    one, other = (occlude(predictor, image, patches=4) for image in (crop, mirrored))
    assert other.emotion == one.emotion
    assert other.drops == pytest.approx(one.drops[:, ::-1], abs=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"emotion": "envy"}, "envy.*happiness"), ({"patches": 1}, "2 to 32, got 1")],
)
def test_what_cannot_be_hidden_is_refused(predictor, crop, options, said):
    with pytest.raises(ValueError, match=said):
        occlude(predictor, crop, **options)


def test_an_attention_map_of_the_same_order_agrees_and_one_of_the_opposite_order_does_not():
    drops = np.arange(64.0).reshape(8, 8)
    found = Occlusion("fear", drops, 0.5, drops, drops.astype(int), 0)
    assert rank_agreement(found, drops**3) == pytest.approx(1)
    assert rank_agreement(found, -drops) == pytest.approx(-1)
    assert rank_agreement(found, np.kron(drops, np.ones((2, 2)))) == pytest.approx(1)  # finer
    assert np.isnan(rank_agreement(found, np.ones((8, 8))))
