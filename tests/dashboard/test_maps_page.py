"""The page of attention maps, run without a browser."""

import io
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from tests.project import APP

MADE_UP = pytest.mark.usefixtures("made_up_maps")
TINY = {"looks_first": "tiny", "looks_second": "tiny"}


@pytest.fixture
def with_model(tmp_path, tiny_run):
    """A folder with the record of a run that has saved a model."""
    shutil.copytree(tiny_run.path, tmp_path / "records" / "tiny")
    return tmp_path / "records"


@pytest.fixture
def open_local(monkeypatch, tmp_path):
    """Opens the page as the visitor who sits at the computer, with choices in the address."""

    def open_one(**query):
        monkeypatch.chdir(tmp_path)
        # What Streamlit says of a visitor at the computer itself; AppTest has none.
        monkeypatch.setattr("streamlit.runtime.context.ContextProxy.ip_address", None)
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.query_params.update(query)
        return app.run().switch_page("views/maps.py").run()

    return open_one


def words(app):
    kinds = ("markdown", "caption", "info", "error", "subheader")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def captions(app):
    return [image.captions[0] for image in app.get("image")]


@pytest.mark.slow
@pytest.mark.usefixtures("maps_in_this_process")
def test_two_models_are_shown_on_the_same_faces(open_page, with_model):
    app = open_page("maps", with_model, looks_first="bundled", looks_second="tiny")
    assert not app.exception
    assert not app.error
    shown = captions(app)
    strips = [text for text in shown if text.startswith("**synthetic ")]
    assert len(strips) == 8
    assert all("bundled: " in text and "tiny: " in text for text in strips)
    # The colours, a map for each emotion, eight and seven, and two pairs of flips.
    assert len(shown) == 8 + 1 + 8 + 7 + 4
    assert app.dataframe[0].value["model"].tolist() == ["bundled", "tiny"]
    assert app.dataframe[0].value["faces"].tolist() == [8, 8]


@MADE_UP
@pytest.mark.slow
def test_the_default_pair_was_trained_on_the_same_noisy_labels(open_page, tmp_path):
    app = open_page("maps", tmp_path)
    assert app.selectbox(key="looks_first").value == "noisy30-baseline"
    assert app.selectbox(key="looks_second").value == "noisy30-eac"
    assert "What it does not show" in words(app)
    assert "the models were trained on photographs" in words(app)


@MADE_UP
def test_the_flips_of_the_shipped_eac_are_told_only_where_it_is_shown(open_page, tmp_path):
    app = open_page("maps", tmp_path, looks_second="noisy30-baseline")
    assert not app.exception
    assert "Images of FERPlus val" in words(app)
    assert "flips its labelled view" not in words(app)


@MADE_UP
@pytest.mark.slow
def test_one_model_twice_is_shown_once(open_page, with_model):
    app = open_page("maps", with_model, **TINY)
    assert app.dataframe[0].value["model"].tolist() == ["tiny"]


@MADE_UP
@pytest.mark.slow
def test_the_address_restores_the_choices(open_page, with_model):
    query = {"looks_face": "synthetic fear", "looks_map": "happiness", "looks_seed": "4"}
    app = open_page("maps", with_model, **TINY, **query)
    assert app.selectbox(key="looks_face").value == "synthetic fear"
    assert app.selectbox(key="looks_map").value == "happiness"
    assert app.number_input(key="looks_seed").value == 4
    strips = [text for text in captions(app) if text.startswith("**synthetic ")]
    assert len(strips) == 8
    assert all("tiny: happiness " in text for text in strips)


@MADE_UP
@pytest.mark.slow
def test_links_of_earlier_versions_open_with_the_present_names(open_local, with_model):
    former = {"looks_faces": "drawn faces", "looks_map": "its answer", "looks_face": "drawn fear"}
    models = {"looks_first": "embedded", "looks_second": "noisy30-plain"}
    app = open_local(runs=str(with_model), **former, **models)
    assert not app.exception
    assert app.selectbox(key="looks_first").value == "bundled"
    assert app.selectbox(key="looks_second").value == "noisy30-baseline"
    assert app.selectbox(key="looks_map").value == "predicted class"
    assert app.selectbox(key="looks_face").value == "synthetic fear"
    app = open_local(runs=str(with_model), looks_faces="a folder of pictures")
    assert "Name a folder" in words(app)


@MADE_UP
@pytest.mark.slow
def test_an_emotion_that_one_model_lacks_is_named(open_page, with_model):
    query = {"looks_first": "bundled", "looks_second": "tiny", "looks_map": "contempt"}
    app = open_page("maps", with_model, **query)
    assert not app.exception
    assert "tiny: no class contempt" in captions(app)[0]


@pytest.mark.slow
@pytest.mark.usefixtures("maps_in_this_process")
def test_the_images_of_a_folder_have_maps(open_local, with_model, portrait, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    portrait.save(folder / "one.png")
    (folder / "two.png").write_bytes(b"no image")
    query = {"runs": str(with_model), "looks_faces": "a folder of images"}
    app = open_local(**query, **TINY, looks_folder=str(folder))
    assert not app.exception
    assert "two.png cannot be read" in words(app)
    assert app.selectbox(key="looks_face").options == ["one.png"]
    assert "Synthetic faces" not in words(app)


@pytest.mark.slow
def test_no_folder_yet_and_an_absent_one_are_sentences(open_local, with_model):
    query = {"runs": str(with_model), "looks_faces": "a folder of images"}
    assert "Name a folder" in words(open_local(**query, **TINY))
    app = open_local(**query, **TINY, looks_folder="/absent/photos")
    assert app.error[0].value == "There is no folder /absent/photos."


@MADE_UP
@pytest.mark.slow
def test_visitors_of_a_fixed_page_name_no_folder(open_page, with_model, tmp_path):
    query = {"looks_faces": "a folder of images", "looks_folder": str(tmp_path)}
    app = open_page("maps", with_model, **TINY, **query)
    assert not app.exception
    assert not app.main.text_input
    assert "**synthetic fear**" in "\n".join(captions(app))


@pytest.mark.slow
def test_without_torch_the_page_says_what_to_install(open_page, with_model, monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # A seed that is not cached, since cached maps need no torch.
    app = open_page("maps", with_model, **TINY, looks_seed="77")
    assert not app.exception
    assert "pip install -e ." in app.error[0].value
    assert app.code[0].value.startswith("python -m fer_core.maps --model ")
    assert "--seed 77" in app.code[0].value


def test_without_pytorch_the_page_shows_the_shipped_maps_and_says_how_to_see_more(
    open_page, tmp_path, monkeypatch
):
    monkeypatch.setattr("dashboard.analysis.map_process.find_spec", lambda name: None)
    app = open_page("maps", tmp_path)
    assert not app.exception
    assert "noisy30-eac: " in captions(app)[0]
    assert "The maps of noisy30-baseline agree with their mirror images by" in words(app)
    assert "noisy30-eac flips its labelled view" in words(app)
    assert "need PyTorch" in words(app)
    assert app.code[0].value == "make install\nmake dashboard"
    assert "looks_first" not in {item.key for item in app.selectbox}
    assert not app.error


@MADE_UP
@pytest.mark.slow
def test_uploaded_images_are_asked_for_and_their_maps_shown(open_page, with_model, portrait):
    content = io.BytesIO()
    portrait.save(content, "PNG")
    app = open_page("maps", with_model, **TINY, looks_faces="your images")
    assert not app.image
    assert "agree" in words(app)
    app.file_uploader(key="looks_uploads").set_value(
        ("me.png", content.getvalue(), "image/png")
    ).run()
    assert not app.exception
    assert captions(app)
    assert "Synthetic faces" not in words(app)


@MADE_UP
@pytest.mark.slow
def test_own_faces_are_offered_before_synthetic_ones_which_the_page_names(open_local, with_model):
    app = open_local(runs=str(with_model), **TINY)
    assert not app.exception
    faces = app.get("button_group")[0]
    assert [option.content for option in faces.proto.options] == [
        "your images",
        "a folder of images",
        "a data set",
        "synthetic faces",
    ]
    assert "These faces are synthetic" in words(app)
    assert "trained on photographs" not in words(app)  # tiny was not
    assert "choose *your images* or *a folder of images* or *a data set* above" in words(app)
    assert "Of 8 faces, tiny recognises" in words(app)


@pytest.mark.slow
@pytest.mark.usefixtures("maps_in_this_process")
def test_a_data_set_of_this_computer_gives_a_face_of_each_class(
    open_local, with_model, portrait, tmp_path
):
    for label in ("anger", "fear"):
        for split in ("train", "test"):
            place = tmp_path / "data" / split / label
            place.mkdir(parents=True)
            portrait.save(place / f"{label}.png")
    query = {"runs": str(with_model), "looks_faces": "a data set"}
    assert "Name a data set above" in words(open_local(**query, **TINY))
    app = open_local(**query, **TINY, looks_data=f"folder:{tmp_path / 'data'}")
    assert not app.exception
    names = app.selectbox(key="looks_face").options
    assert [name.partition(" · ")[0] for name in names] == ["anger", "fear"]
    assert "Of 2 faces, tiny recognises" in words(app)
    assert "These faces are synthetic" not in words(app)
    app = open_local(**query, **TINY, looks_data="folder:/absent")
    assert "/absent" in app.warning[0].value


@pytest.mark.slow
@MADE_UP
def test_classes_of_a_data_set_beyond_those_shown_are_counted(
    open_local, with_model, portrait, tmp_path, monkeypatch
):
    monkeypatch.setattr("dashboard.analysis.map_choices.MAX_FACES", 2)
    monkeypatch.setattr("dashboard.analysis.data_faces.MAX_FACES", 2)
    for label in ("anger", "fear", "sadness"):
        for split in ("train", "test"):
            place = tmp_path / "data" / split / label
            place.mkdir(parents=True)
            portrait.save(place / f"{label}.png")
    query = {"runs": str(with_model), "looks_faces": "a data set"}
    app = open_local(**query, **TINY, looks_data=f"folder:{tmp_path / 'data'}")
    assert not app.exception
    assert "The first 2 of 3 classes are shown." in words(app)
