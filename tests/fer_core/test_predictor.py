import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.faces_drawn import draw_portrait
from fer_core.export import ONNX_FILE, onnx_bytes
from fer_core.hub import ModelError, load_model
from fer_core.predictor import Predictor, open_photo
from fer_core.quantisation import quantise


@pytest.fixture(scope="module")
def predictor(tiny_run):
    return Predictor(tiny_run.path / "model")


@pytest.fixture(scope="module")
def face(predictor, portrait):
    (found,) = predictor.predict(portrait)
    return found


@pytest.mark.parametrize("size", [160, 320])
def test_one_drawn_person_is_one_face(predictor, size):
    photo = draw_portrait("surprise", size, np.random.default_rng(1))
    assert len(predictor.predict(photo)) == 1


def test_one_photographed_person_is_one_face(predictor):
    data = pytest.importorskip("skimage.data")
    (found,) = predictor.predict(data.astronaut())
    x0, y0, x1, y1 = found.box
    assert x0 < 223 < x1  # the tip of her nose
    assert y0 < 118 < y1
    assert np.allclose(found.landmarks, [[204, 102], [247, 104], [224, 141]], atol=6)


def test_probabilities_are_a_distribution_and_name_the_emotion(face):
    assert face.classes[:2] == ("neutral", "happiness")
    assert face.probabilities.shape == (7,)
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert face.confidence == face.probabilities.max()
    assert face.probabilities[face.classes.index(face.emotion)] == face.confidence


def test_maps_explain_the_probabilities_exactly(predictor, face):
    logits = face.maps.mean((1, 2)) + predictor.trained.model.classifier.bias.numpy()
    softmax = np.exp(logits - logits.max())
    assert np.allclose(softmax / softmax.sum(), face.probabilities, atol=1e-5)


def test_the_map_of_an_emotion_is_that_of_its_class(face):
    assert np.array_equal(face.map_of("fear"), face.maps[6])
    with pytest.raises(ValueError, match=r"unknown class 'contempt'.*neutral"):
        face.map_of("contempt")


def test_the_crop_lies_over_the_face_in_the_photograph(face):
    centre = face.to_photo[:, :2] @ [0.5, 0.5] + face.to_photo[:, 2]
    x0, y0, x1, y1 = face.box
    assert x0 < centre[0] < x1
    assert y0 < centre[1] < y1
    assert face.crop.size == (64, 64)


def test_the_overlay_changes_the_face_only_and_nothing_at_opacity_zero(face, portrait):
    face = replace(face, maps=np.abs(face.maps))
    assert face.overlay_on(portrait, opacity=0).tobytes() == portrait.tobytes()
    before, after = (
        np.asarray(p, dtype=int) for p in (portrait, face.overlay_on(portrait, "happiness", 0.9))
    )
    changed = (before != after).any(2)
    rows, columns = np.nonzero(changed)
    corners = face.to_photo[:, :2] @ [[0, 1, 1, 0], [0, 0, 1, 1]] + face.to_photo[:, 2:]
    assert changed.mean() > 0.02
    assert columns.min() >= corners[0].min() - 1
    assert columns.max() <= corners[0].max() + 1
    assert rows.min() >= corners[1].min() - 1
    assert rows.max() <= corners[1].max() + 1


def test_nothing_is_drawn_when_nothing_speaks_for_the_emotion(face, portrait):
    face = replace(face, maps=-np.abs(face.maps))
    assert face.overlay_on(portrait, "happiness", 0.9).tobytes() == portrait.tobytes()


def test_the_overlay_shows_the_predicted_emotion_unless_asked_for_another(face, portrait):
    assert face.overlay_on(portrait).tobytes() == face.overlay_on(portrait, face.emotion).tobytes()


def test_paths_pictures_and_arrays_give_the_same_answer(predictor, face, portrait, tmp_path):
    portrait.save(tmp_path / "photo.png")
    for photo in (tmp_path / "photo.png", str(tmp_path / "photo.png"), np.asarray(portrait)):
        (found,) = predictor.predict(photo)
        assert found.box == face.box
        assert np.array_equal(found.probabilities, face.probabilities)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "LA"])
def test_pictures_of_every_mode_are_read(predictor, portrait, mode):
    assert len(predictor.predict(portrait.convert(mode))) == 1


def test_grey_and_rgba_arrays_are_read(predictor, portrait):
    assert len(predictor.predict(np.asarray(portrait.convert("L")))) == 1
    assert len(predictor.predict(np.asarray(portrait.convert("RGBA")))) == 1


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_a_photograph_stored_turned_is_seen_upright(portrait, tmp_path, orientation, undo):
    exif = Image.Exif()
    exif[0x0112] = orientation
    portrait.transpose(undo).save(tmp_path / "photo.png", exif=exif)
    assert open_photo(tmp_path / "photo.png").tobytes() == portrait.tobytes()


def test_transparency_becomes_white():
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert np.asarray(open_photo(clear)).min() == 255
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert np.asarray(open_photo(half))[0, 0].tolist() == [127, 127, 127]


def test_sixteen_bit_pictures_keep_their_greys(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    pixels = np.asarray(open_photo(tmp_path / "deep.png"))[..., 0]
    assert np.abs(pixels.ravel().astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (200, 1)])
def test_a_picture_too_small_for_a_face_has_none(predictor, size):
    assert predictor.predict(Image.new("RGB", size)) == []


def test_a_picture_without_a_face_has_none(predictor):
    ramp = np.tile(np.linspace(0, 255, 200).astype(np.uint8), (200, 1))
    assert predictor.predict(ramp) == []


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((32, 32, 3)),
        np.zeros((32, 32, 5), np.uint8),
        np.zeros((32, 32, 1), np.uint8),
        np.zeros((32,), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((2, 32, 32, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_picture_is_refused(predictor, array):
    with pytest.raises(ValueError, match="a photograph array must be"):
        predictor.predict(array)


def test_files_that_are_no_picture_are_named(predictor, portrait, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    portrait.save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "damaged.png").write_bytes(whole[:200] + b"\0" * 50 + whole[250:])
    for name in ("text.jpg", "empty.png", "half.png", "damaged.png", "absent.png", "."):
        with pytest.raises(ValueError, match="is no readable photograph"):
            predictor.predict(tmp_path / name)


def test_crops_are_classified_alike_alone_and_in_many_passes(predictor):
    generator = np.random.default_rng(0)
    crops = [
        Image.fromarray(generator.integers(0, 256, (48, 48, 3), dtype=np.uint8)) for _ in range(70)
    ]
    answers = predictor.classify(crops)
    assert answers.probabilities.shape == (70, 7)
    assert answers.maps.shape == (70, 7, 2, 2)
    assert answers.view_probabilities.shape == (70, 2, 7)
    assert answers.view_maps.shape == (70, 2, 7, 2, 2)
    for index in (0, 63, 64, 69):
        alone = predictor.classify([crops[index]])
        assert np.allclose(alone.probabilities[0], answers.probabilities[index], atol=1e-5)


def test_the_views_of_a_face_are_those_of_its_mirror_image_the_other_way_round(predictor):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    one, other = predictor.classify([Image.fromarray(noise), Image.fromarray(noise[:, ::-1])])[2:]
    assert np.allclose(one[0], one[1][::-1], atol=1e-5)
    assert np.allclose(other[0][0], other[1][1][..., ::-1], atol=1e-4)
    assert np.allclose(predictor.classify([Image.fromarray(noise)]).maps[0], other[0].mean(0))


def test_a_face_has_a_mirror_check_where_the_predictor_looks_at_mirror_images(face, tiny_run):
    assert face.mirror_check.probabilities.shape == (2, 7)
    index = int(face.probabilities.argmax())
    assert face.consistency == face.mirror_check.consistency(index)
    assert 0 <= face.consistency <= 1
    single = Predictor(tiny_run.path / "model", mirror=False).classify([face.crop])
    assert single.view_probabilities.shape == (1, 1, 7)
    assert single.mirror_check(0) is None


def test_no_crops_give_empty_arrays(predictor):
    answers = predictor.classify([])
    assert answers.probabilities.shape == (0, 7)
    assert answers.maps.shape == (0, 7, 2, 2)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no model at"):
        Predictor(tmp_path)


@pytest.mark.parametrize("mirror", [True, False])
def test_onnx_runtime_gives_the_same_faces(tiny_run, portrait, mirror):
    pytest.importorskip("onnxruntime")
    folder = tiny_run.path / "model"
    (expected,) = Predictor(folder, mirror=mirror).predict(portrait)
    (found,) = Predictor(folder, mirror=mirror, backend="onnx").predict(portrait)
    assert found.box == expected.box
    assert np.allclose(found.probabilities, expected.probabilities, atol=1e-5)
    assert np.allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-4)
    assert (found.mirror_check is None) == (expected.mirror_check is None) == (not mirror)
    assert found.consistency == pytest.approx(expected.consistency, abs=1e-4)


def test_onnx_runtime_takes_any_number_of_crops(tiny_run):
    pytest.importorskip("onnxruntime")
    crops = [Image.new("RGB", (48, 48), (number, 0, 0)) for number in range(70)]
    expected, found = (
        Predictor(tiny_run.path / "model", backend=name) for name in ("torch", "onnx")
    )
    for count in (0, 1, 70):
        for one, other in zip(
            expected.classify(crops[:count]), found.classify(crops[:count]), strict=True
        ):
            assert one.shape == other.shape
            assert np.allclose(one, other, rtol=1e-4, atol=1e-4)


def test_the_onnx_file_in_the_models_folder_is_used_where_it_is_of_its_weights(tiny_run, tmp_path):
    pytest.importorskip("onnxruntime")
    shutil.copytree(tiny_run.path / "model", tmp_path / "model")
    trained = load_model(tmp_path / "model")
    faces = np.random.default_rng(0).standard_normal((8, 3, 64, 64), np.float32)
    (tmp_path / "model" / ONNX_FILE).write_bytes(quantise(onnx_bytes(trained), faces))
    assert Predictor(tmp_path / "model", backend="onnx").backend.precision == "int8"
    trained.model.classifier.bias += 1
    (tmp_path / "model" / ONNX_FILE).write_bytes(quantise(onnx_bytes(trained), faces))
    assert Predictor(tmp_path / "model", backend="onnx").backend.precision == "float32"
    (tmp_path / "model" / ONNX_FILE).unlink()
    assert Predictor(tmp_path / "model", backend="torch").backend.name == "torch"
