import pytest
from PIL import Image

from demo_app.analysis.photo import analyse, table
from demo_app.analysis.photo_reading import DISPLAY_SIDE, read_faces

pytestmark = pytest.mark.slow

TURNED = 6  # value of EXIF: turned by 90 degrees


@pytest.fixture
def write(tmp_path, portrait):
    """The function that writes a JPEG of 3600 x 2700 with a face of that side."""

    def make(side, orientation=1):
        photo = Image.new("RGB", (3600, 2700), "#8899aa")
        if side:
            photo.paste(portrait.resize((side, side)), (900, 300))
        if orientation == TURNED:
            photo = photo.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = orientation
        photo.save(tmp_path / "photo.jpg", quality=92, exif=exif)
        return tmp_path / "photo.jpg"

    return make


def in_full(pool, model, path):
    with pool.decoder.decoded(path) as (image, scale):
        assert scale == 1
        return image.size, pool.predict(model, image)


def test_a_photograph_of_a_large_face_is_decoded_reduced_and_gives_the_same_face(
    pool, model, write
):
    path = write(1800)
    with read_faces(pool, model, path) as (image, faces, reduction):
        assert reduction == 2
        assert image.size == (1800, 1350)
    (face,) = faces
    _, (wanted,) = in_full(pool, model, path)
    side = wanted.box[2] - wanted.box[0]
    assert [2 * value for value in face.box] == pytest.approx(wanted.box, abs=0.01 * side)
    assert 2 * face.landmarks == pytest.approx(wanted.landmarks, abs=0.01 * side)
    assert face.emotion == wanted.emotion
    assert face.probabilities == pytest.approx(wanted.probabilities, abs=0.02)
    (row,) = table(analyse(pool, model, path))
    assert row["box"] == pytest.approx(wanted.box, abs=0.01 * side)


def test_the_turn_of_a_camera_is_applied_to_a_reduced_photograph(pool, model, write):
    with read_faces(pool, model, write(1800, TURNED)) as (image, faces, reduction):
        assert reduction == 2
        assert image.size == (1800, 1350)
    assert len(faces) == 1


@pytest.mark.parametrize("side", [480, 160, 0])
def test_a_photograph_of_small_faces_or_none_is_read_in_full(pool, model, write, side):
    path = write(side)
    size, wanted = in_full(pool, model, path)
    with read_faces(pool, model, path) as (image, faces, reduction):
        assert (image.size, reduction) == (size, 1)
    assert len(faces) == len(wanted)
    for face, other in zip(faces, wanted, strict=True):
        width = other.box[2] - other.box[0]
        assert face.box == pytest.approx(other.box, abs=0.03 * width)
        assert face.emotion == other.emotion


def test_what_is_no_large_jpeg_or_is_a_face_already_is_read_as_it_is(
    pool, model, portrait, tmp_path, write
):
    portrait.resize((2 * DISPLAY_SIDE,) * 2).save(tmp_path / "large.png")
    for path, cropped in ((tmp_path / "large.png", False), (write(1800), True)):
        with read_faces(pool, model, path, cropped=cropped) as (image, _, reduction):
            assert reduction == 1
            assert max(image.size) > DISPLAY_SIDE
