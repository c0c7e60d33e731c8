"""Models of other projects beside ours."""

import numpy as np
import pytest

from demo_app.analysis import explanation
from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo import analyse, analyse_again
from fer_core.inference.foreign_predictor import load_foreign_predictor
from fer_core.models.pretrained import ModelError
from tests.foreign_models import save_timm
from tests.hub_server import serve_hub, use_hub


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of timm with the labels angry, Happy, sad and unclear."""
    return save_timm(tmp_path_factory.mktemp("others") / "theirs")


@pytest.fixture(scope="module")
def both(model_folder, folder):
    """A pool with one of ours, and theirs."""
    return ModelPool([str(folder), str(model_folder)])


@pytest.fixture(scope="module")
def ours(both):
    return both.names[0]


@pytest.fixture
def hub(monkeypatch, tmp_path, folder):
    with serve_hub() as server:
        use_hub(server, monkeypatch, tmp_path / "cache", None)
        server.add("someone/theirs", {path.name: path.read_bytes() for path in folder.iterdir()})
        yield server


def test_it_is_offered_beside_ours_and_is_never_the_default(both, model_folder):
    assert both.names[0] == model_folder.name
    assert "theirs" not in both.names
    assert "theirs" in both.comparison_names
    assert both.label("theirs") == "theirs"


def test_alone_it_is_refused_with_the_place_where_it_is_taken(both, portrait):
    with pytest.raises(ModelError, match="no attention maps: choose it under 'Compare with'"):
        both.get("theirs")
    assert "Compare with" in analyse(both, "theirs", portrait).fault


@pytest.mark.slow
def test_its_answers_stand_beside_ours_without_a_map(both, ours, folder, portrait):
    analysis = analyse(both, ours, portrait, "theirs")
    (face,) = analysis.second_faces
    (alone,) = load_foreign_predictor(folder).predict(portrait)
    pair = explanation.side_by_side(analysis, 1, None, 0.5, 0.0)
    np.testing.assert_allclose(face.probabilities, alone.probabilities, atol=1e-6)
    assert face.classes == ("anger", "happiness", "sadness", "unclear")
    assert analysis.second_fault == ""
    assert "map of" in pair.texts[0]
    assert "no map" in pair.texts[1]
    assert "Happy as happiness" in pair.texts[1]
    assert "No class of ours: unclear" in pair.texts[1]
    assert pair.crop_maps[1].size == (384, 384)


def test_a_second_model_that_cannot_be_had_takes_nothing_from_the_first(both, ours, portrait):
    analysis = analyse(both, ours, portrait, "no/such model")
    assert len(analysis.faces) == 1
    assert analysis.second_faces == ()
    assert "**No second model:** No model at no/such model" in analysis.sentence(0.0)
    again = analyse_again(both, ours, analysis, "theirs")
    assert len(again.second_faces) == 1
    assert "No second model" not in again.sentence(0.0)


@pytest.mark.slow
def test_a_visitor_of_a_private_page_names_a_folder_or_one_of_the_hub(
    hub, both, ours, folder, portrait
):
    for name in (str(folder), "hf:someone/theirs"):
        (face,) = analyse(both, ours, portrait, name).second_faces
        assert face.classes[:3] == ("anger", "happiness", "sadness")


@pytest.mark.slow
def test_a_stranger_cannot_make_the_page_load_another_projects_model(hub, model_folder, portrait):
    pool = ModelPool([str(model_folder)], free_choice=False)
    analysis = analyse(pool, pool.names[0], portrait, "hf:someone/theirs")
    assert analysis.second_faces == ()
    assert "not a model of this project" in analysis.second_fault
    assert "model.safetensors" not in hub.fetched()


@pytest.mark.slow
def test_what_is_offered_on_the_command_line_is_there_for_strangers(hub, model_folder, portrait):
    pool = ModelPool([str(model_folder), "hf:someone/theirs"], free_choice=False)
    assert pool.comparison_names[1] == "hf:someone/theirs"
    assert len(analyse(pool, pool.names[0], portrait, "hf:someone/theirs").second_faces) == 1


def test_without_one_of_ours_the_bundled_model_is_the_default(folder):
    assert ModelPool([str(folder)]).names[0] == "bundled"


def test_labels_of_strangers_cannot_bring_html_or_pictures_to_the_page(
    model_folder, tmp_path, portrait
):
    labels = ("angry", "<img src=x>", "![x](http://a/b.png)")
    other = save_timm(tmp_path / "sly", labels=labels)
    pool = ModelPool([str(model_folder), str(other)])
    analysis = analyse(pool, pool.names[0], portrait, "sly")
    text = explanation.side_by_side(analysis, 1, None, 0.5, 0.0).texts[1]
    assert "<img" not in text
    assert "![" not in text


def test_a_model_whose_labels_name_no_emotion_is_refused(both, ours, tmp_path, portrait):
    cats = save_timm(tmp_path / "cats", labels=("cat", "dog"))
    analysis = analyse(both, ours, portrait, str(cats))
    assert "its labels: cat, dog" in analysis.second_fault
