import numpy as np
import pytest
from PIL import Image

from demo_app.analysis.explanation import (
    annotate,
    explain,
    overlay_all,
)
from demo_app.analysis.photo import (
    analyse,
    analyse_again,
    face_at,
    table,
    with_movements,
)
from demo_app.analysis.photo_reading import DISPLAY_SIDE
from demo_app.language import say
from fer_core.emotions import EIGHT_CLASSES
from tests.demo_app.conftest import pixels
from tests.made_analyses import smiling


def test_every_face_gets_a_row_with_all_probabilities(two):
    rows = table(two)
    assert [row["face"] for row in rows] == [1, 2]
    for row in rows:
        assert list(row["probabilities"]) == list(EIGHT_CLASSES)
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert row["probability"] == row["probabilities"][row["emotion"]]
    assert rows[0]["box"][0] > 360 > rows[1]["box"][2]


@pytest.mark.slow
def test_a_large_photograph_is_shown_reduced_with_boxes_in_its_own_pixels(
    pool, model, portrait, one
):
    large = analyse(pool, model, portrait.resize((2400, 2400)))
    assert large.photo.size == (DISPLAY_SIDE, DISPLAY_SIDE)
    assert large.faces[0].box[2] < DISPLAY_SIDE
    expected = [5 * value for value in table(one)[0]["box"]]
    assert table(large)[0]["box"] == pytest.approx(expected, abs=0.03 * 2400)
    changed = (pixels(explain(large).overlay) != pixels(large.photo)).any(2)
    rows, columns = np.nonzero(changed)
    x0, y0, x1, y1 = large.faces[0].box
    assert abs(columns.mean() - (x0 + x1) / 2) < (x1 - x0) / 3
    assert abs(rows.mean() - (y0 + y1) / 2) < (y1 - y0) / 3


def test_a_picture_without_a_face_comes_back_unchanged_with_a_sentence(pool, model, empty):
    result = analyse(pool, model, empty)
    assert result.sentence(0.5) == say("photo.no_face")
    assert (pixels(annotate(result)) == pixels(empty)).all()
    assert (pixels(overlay_all(result)) == pixels(empty)).all()
    assert explain(result) is None
    assert table(result) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 4000), (4000, 1)])
def test_a_tiny_or_thin_picture_is_a_picture_without_a_face(pool, model, size):
    result = analyse(pool, model, Image.new("RGB", size))
    assert result.sentence(0.5) == say("photo.no_face")
    assert max(result.photo.size) <= DISPLAY_SIDE


def test_broken_files_get_a_sentence(pool, model, tmp_path, portrait):
    text = tmp_path / "words.jpg"
    text.write_text("no image")
    cut = tmp_path / "cut.jpg"
    portrait.save(cut)
    cut.write_bytes(cut.read_bytes()[:3000])
    for path in (text, cut, tmp_path / "absent.png", tmp_path):
        result = analyse(pool, model, path)
        assert result.sentence(0.5) == say("photo.unreadable")
        assert annotate(result) is None
        assert overlay_all(result) is None
        assert table(result) == []


@pytest.mark.parametrize("mode", ["RGBA", "L", "LA", "P", "CMYK"])
@pytest.mark.slow
def test_faces_are_found_whatever_the_colour_mode(pool, model, portrait, mode, tmp_path):
    path = tmp_path / f"photo.{'tif' if mode == 'CMYK' else 'png'}"
    portrait.convert(mode).save(path)
    assert len(analyse(pool, model, path).faces) == 1


def test_a_photograph_turned_by_its_camera_is_shown_upright(pool, model, portrait, tmp_path, one):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    portrait.rotate(90, expand=True).save(path, exif=exif, quality=95)
    result = analyse(pool, model, path)
    assert result.photo.size == portrait.size
    assert result.faces[0].box == pytest.approx(one.faces[0].box, abs=15)


def test_a_point_belongs_to_the_face_under_it(two):
    for number, face in enumerate(two.faces, start=1):
        x0, y0, x1, y1 = face.box
        assert face_at(two, (x0 + x1) / 2, (y0 + y1) / 2) == number
    assert face_at(two, 1, 1) is None


def test_rows_have_the_consistency_of_the_face_and_its_mirror_image(one):
    assert table(one)[0]["consistency"] == pytest.approx(one.faces[0].consistency, abs=1e-4)


@pytest.mark.slow
def test_a_photograph_can_be_analysed_again_by_another_model(pool, model, portrait, tmp_path):
    path = tmp_path / "photo.png"
    portrait.save(path)
    first = analyse(pool, model, path)
    again = analyse_again(pool, "bundled", first)
    assert again.model == "bundled"
    assert again.faces[0].box == first.faces[0].box
    assert (again.faces[0].probabilities != first.faces[0].probabilities).any()


@pytest.mark.slow
def test_a_deleted_photograph_is_analysed_again_from_what_is_shown(pool, model, portrait, tmp_path):
    path = tmp_path / "photo.png"
    portrait.save(path)
    first = analyse(pool, model, path)
    path.unlink()
    assert len(analyse_again(pool, "bundled", first).faces) == 1


def test_an_unknown_model_is_a_sentence(pool, portrait):
    result = analyse(pool, "nobody/no model", portrait)
    assert result.photo is None
    assert "nobody/no model" in result.sentence(0.5)
    assert table(result) == []


def test_an_image_that_is_one_face_already_goes_to_the_model_as_it_is(pool, model, empty):
    crop = empty.resize((48, 48))
    assert not analyse(pool, model, crop).faces
    analysis = analyse(pool, model, crop, "bundled", cropped=True)
    (face,), (second,) = analysis.faces, analysis.second_faces
    (alone,) = pool.predict("bundled", crop, cropped=True)
    assert face.box == second.box == (0.0, 0.0, 48.0, 48.0)
    assert second.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    assert not analyse_again(pool, model, analysis).faces
    assert analyse_again(pool, model, analysis, cropped=True).faces


def test_the_rows_tell_what_faces_do_where_the_page_can(pool, two, monkeypatch):
    assert "pip install" in with_movements(pool, two).sentence(0)
    assert "movements" not in table(two)[0]
    monkeypatch.setattr(pool, "analyser", smiling)
    for row in table(with_movements(pool, two)):
        assert row["movements"] == ["lip corners pulled"]
        assert row["head_pose"]["roll"] == 11.0
