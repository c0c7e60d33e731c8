import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.backends import BackendError
from fer_core.inference.devices import choose_device
from fer_core.inference.onnx_export import ONNX_FILE, onnx_bytes
from fer_core.inference.photos import open_photo
from fer_core.inference.predictor import Predictor
from fer_core.inference.quantize import quantise
from fer_core.models.pretrained import ModelError, load_model
from tests.made_analyses import smiling


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


@pytest.mark.slow
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
    assert face.crop.size == (48, 48)


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


@pytest.mark.slow
def test_paths_images_and_arrays_give_the_same_answer(predictor, face, portrait, tmp_path):
    portrait.save(tmp_path / "photo.png")
    for photo in (tmp_path / "photo.png", str(tmp_path / "photo.png"), np.asarray(portrait)):
        (found,) = predictor.predict(photo)
        assert found.box == face.box
        assert np.array_equal(found.probabilities, face.probabilities)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "LA"])
def test_images_of_every_mode_are_read(predictor, portrait, mode):
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


def test_sixteen_bit_images_keep_their_greys(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    pixels = np.asarray(open_photo(tmp_path / "deep.png"))[..., 0]
    assert np.abs(pixels.ravel().astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (200, 1)])
def test_an_image_too_small_for_a_face_has_none(predictor, size):
    assert predictor.predict(Image.new("RGB", size)) == []


def test_an_image_without_a_face_has_none(predictor):
    ramp = np.tile(np.linspace(0, 255, 200).astype(np.uint8), (200, 1))
    assert predictor.predict(ramp) == []


def test_files_that_are_no_image_are_named(predictor, portrait, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    portrait.save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "damaged.png").write_bytes(whole[:200] + b"\0" * 50 + whole[250:])
    for name in ("text.jpg", "empty.png", "half.png", "damaged.png", "absent.png", "."):
        with pytest.raises(ValueError, match="is not a readable photograph"):
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
@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_onnx_file_in_the_models_folder_is_used_where_it_is_of_its_weights(tiny_run, tmp_path):
    pytest.importorskip("onnxruntime")
    shutil.copytree(tiny_run.path / "model", tmp_path / "model")
    trained = load_model(tmp_path / "model")
    faces = np.random.default_rng(0).standard_normal((8, 3, 48, 48), np.float32)
    (tmp_path / "model" / ONNX_FILE).write_bytes(quantise(onnx_bytes(trained), faces))
    assert Predictor(tmp_path / "model", backend="onnx").backend.precision == "int8"
    trained.model.classifier.bias += 1
    (tmp_path / "model" / ONNX_FILE).write_bytes(quantise(onnx_bytes(trained), faces))
    assert Predictor(tmp_path / "model", backend="onnx").backend.precision == "float32"
    (tmp_path / "model" / ONNX_FILE).unlink()
    assert Predictor(tmp_path / "model", backend="torch").backend.name == "torch"


@pytest.mark.slow
def test_a_list_of_photographs_gives_a_list_of_their_faces(predictor, portrait, tmp_path):
    portrait.save(tmp_path / "photo.png")
    pair = Image.new("RGB", (2 * portrait.width, portrait.height))
    pair.paste(portrait, (0, 0))
    pair.paste(portrait, (portrait.width, 0))
    photos = [pair, Image.new("RGB", (200, 200)), tmp_path / "photo.png", np.asarray(portrait)]
    found = predictor.predict(photos)
    assert [len(faces) for faces in found] == [2, 0, 1, 1]
    for faces, photo in zip(found, photos, strict=True):
        for one, other in zip(faces, predictor.predict(photo), strict=True):
            assert one.box == other.box
            assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert predictor.predict(()) == []


def test_a_photograph_of_a_list_that_cannot_be_read_is_named_by_its_number(predictor, portrait):
    with pytest.raises(ValueError, match=r"photograph 1 of 2: absent\.png is not a readable"):
        predictor.predict([portrait, "absent.png"])


@pytest.mark.slow
def test_the_faces_of_many_photographs_go_through_the_model_together(
    predictor, portrait, monkeypatch
):
    passes = []
    views = predictor.backend.views

    def counted(images, **options):
        passes.append(len(images))
        return views(images, **options)

    monkeypatch.setattr(predictor.backend, "views", counted)
    predictor.predict([portrait] * 3)
    assert passes == [3]


def test_classify_takes_whatever_predict_takes_alone_or_in_a_list(predictor, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "face.png")
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)
    crops = [Image.fromarray(pixels), tmp_path / "face.png", str(tmp_path / "face.png"), pixels,
             pixels / 255, tensor, tensor / 255]  # fmt: skip
    together = predictor.classify(crops).probabilities
    assert together.shape == (7, 7)
    assert np.allclose(together, together[0], atol=1e-6)
    for crop in crops:
        alone = predictor.classify(crop)
        assert alone.probabilities.shape == (1, 7)
        assert np.allclose(alone.probabilities, together[0], atol=1e-5)


@pytest.mark.slow
def test_a_predictor_is_made_of_a_run_of_a_model_or_of_what_is_bundled(tiny_run, predictor):
    of_run = Predictor.from_pretrained(tiny_run.path, mirror=False)
    assert of_run.trained.facts == predictor.trained.facts
    assert not of_run.mirror
    bundled, named, older = Predictor.from_pretrained(), Predictor("bundled"), Predictor("embedded")
    assert bundled.trained.facts == named.trained.facts == older.trained.facts
    assert bundled.trained.facts != predictor.trained.facts


def test_auto_takes_the_gpu_for_pytorch_alone(predictor, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Predictor(predictor.trained).device.type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto", "torch").type == "cuda"
    assert choose_device("auto", "auto").type == "cuda"
    assert choose_device("auto", "onnx").type == "cpu"
    assert choose_device("cuda:1", "torch").index == 1


@pytest.mark.parametrize(
    ("device", "sentence"),
    [("gpu", "device must be auto, cpu, .*got 'gpu'"), ("cuda", "torch finds no GPU here")],
)
def test_a_device_that_is_not_there_is_refused(predictor, monkeypatch, device, sentence):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BackendError, match=sentence):
        Predictor(predictor.trained, device=device)


def test_a_prediction_is_shown_in_one_short_line(face):
    box = r"\(-?\d+, -?\d+, \d+, \d+\)"
    assert re.fullmatch(rf"FacePrediction\(\w+ \d+ %, box {box}\)", repr(face))


def test_a_prediction_is_plain_values_that_json_holds(face):
    values = json.loads(json.dumps(face.to_dict()))
    assert values["emotion"] == face.emotion
    assert values["box"] == list(face.box)
    assert values["confidence"] == pytest.approx(face.confidence)
    assert list(values["probabilities"]) == list(face.classes)
    assert sum(values["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert values["consistency"] == pytest.approx(face.consistency)
    assert "maps" not in values
    maps = json.loads(json.dumps(face.to_dict(maps=True)))["maps"]
    assert np.allclose(maps["fear"], face.map_of("fear"))


def test_a_cropped_face_goes_to_the_model_as_it_is(predictor, portrait):
    crop = portrait.resize((48, 60))
    (face,) = predictor.predict(crop, cropped=True)
    expected = predictor.classify(crop)
    assert face.box == (0, 0, 48, 60)
    assert np.allclose(face.probabilities, expected.probabilities[0])
    assert np.allclose(face.to_photo @ [1, 1, 1], [48, 60])
    assert (face.landmarks >= 0).all()
    assert (face.landmarks <= [48, 60]).all()
    several = predictor.predict([crop, portrait], cropped=True)
    assert [len(faces) for faces in several] == [1, 1]
    assert np.allclose(several[0][0].probabilities, face.probabilities, atol=1e-5)


def test_frames_are_not_searched_thoroughly_where_it_is_asked(predictor, portrait, monkeypatch):
    seen = []

    def detect(photos, *, thorough, device):
        seen.extend(thorough for _ in photos)
        return [[] for _ in photos]

    monkeypatch.setattr("fer_core.inference.predictor.detect_faces_in", detect)
    predictor.predict(portrait)
    predictor.predict([portrait, portrait], thorough=False)
    assert seen == [True, False, False]


def test_an_apple_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(BackendError, match="torch finds no Apple GPU here, use auto or cpu"):
        choose_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("mps").type == "mps"


def test_an_analyser_tells_of_every_face_and_changes_no_prediction(tiny_run, predictor, portrait):
    telling = Predictor(tiny_run.path / "model", analyser=smiling)
    (face,) = telling.predict(portrait)
    (plain,) = predictor.predict(portrait)
    assert face.analysis.text == "lip corners pulled"
    assert (face.probabilities == plain.probabilities).all()
    assert plain.analysis is None
    assert json.loads(json.dumps(face.to_dict()))["head_pose"]["yaw"] == 5.0
    assert "head_pose" not in plain.to_dict()


def test_an_analyser_also_sees_images_that_are_faces_and_several_photographs(tiny_run, portrait):
    telling = Predictor(tiny_run.path / "model", analyser=smiling)
    crop = portrait.resize((48, 48))
    for faces in telling.predict([crop, crop], cropped=True) + telling.predict([portrait]):
        assert [face.analysis.text for face in faces] == ["lip corners pulled"]


@pytest.mark.parametrize("given", [[], ["smile"]])
def test_an_analyser_that_gives_something_else_is_refused(tiny_run, portrait, given):
    telling = Predictor(tiny_run.path / "model", analyser=lambda photo, faces: given)
    with pytest.raises(ValueError, match="FaceAnalysis or None for each of the 1 faces"):
        telling.predict(portrait)
