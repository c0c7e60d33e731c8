"""What people and programs send that is not an ordinary photograph: each gets a sentence."""

import io
import zlib

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from demo_app.language import say


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


@pytest.fixture
def ask(client, model, address):
    """Sends a file to the page; gives its answer, and sees that it has not stopped answering."""

    def ask(path):
        answer, overlay = client.predict(
            photo=handle_file(path), model=model, threshold=0.0, api_name="/analyse"
        )
        assert httpx.get(address).status_code == 200
        assert answer["sentence"].endswith(".")
        return answer, overlay

    return ask


def saved(image, path, *arguments, **options):
    image.save(path, *arguments, **options)
    return path


def assert_one_face(answer, size):
    """One face, whose box lies in the middle of an original image of that size."""
    assert answer["sentence"].startswith("One face: ")
    (face,) = answer["faces"]
    x0, y0, x1, y1 = face["box"]
    assert 0 < x0 < size[0] / 2 < x1 < size[0]
    assert 0 < y0 < size[1] / 2 < y1 < size[1]


@pytest.mark.slow
def test_fifty_megapixels_are_a_photograph_and_boxes_are_in_its_own_pixels(ask, portrait, tmp_path):
    large = portrait.resize((8200, 6150))
    answer, overlay = ask(saved(large, tmp_path / "large.jpg", quality=60))
    assert_one_face(answer, (8200, 6150))
    assert answer["faces"][0]["box"][2] > 4100
    assert max(Image.open(overlay).size) == 1600


@pytest.mark.slow
def test_more_pixels_than_can_be_held_are_told(ask, tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(header_of_a_png(20_000, 20_000))
    answer, _ = ask(path)
    assert answer == {
        "sentence": "The image is too large: 400 megapixels, at most 52 megapixels are read.",
        "faces": [],
    }


def header_of_a_png(width, height):
    """The first bytes of an image that nobody has drawn."""
    stream = io.BytesIO()
    Image.new("L", (1, 1)).save(stream, "PNG")
    content = bytearray(stream.getvalue())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (8000, 2)])
@pytest.mark.slow
def test_a_picture_without_room_for_a_face_has_none(ask, tmp_path, size):
    answer, overlay = ask(saved(Image.new("RGB", size, "red"), tmp_path / "small.png"))
    assert answer == {"sentence": say("photo.no_face"), "faces": []}
    assert max(Image.open(overlay).size) <= 1600


@pytest.fixture(scope="module")
def crowd(portrait):
    """Forty people, eight beside each other, their faces safely above an eighth of the height."""
    close = portrait.crop((80, 60, 400, 380))
    image = Image.new("RGB", (1600, 1000), "white")
    for index in range(40):
        side = 200 - index % 5
        person = close.resize((side, side))
        image.paste(person, (200 * (index % 8), 200 * (index // 8)))
    return image


@pytest.mark.slow
def test_forty_people_are_forty_numbered_faces(ask, crowd, tmp_path):
    answer, overlay = ask(saved(crowd, tmp_path / "crowd.png"))
    assert [face["face"] for face in answer["faces"]] == list(range(1, 41))
    assert answer["sentence"].startswith("40 faces. ")
    places = {(int(f["box"][0] // 200), int(f["box"][1] // 200)) for f in answer["faces"]}
    assert len(places) == 40
    assert Image.open(overlay).size == crowd.size


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        *(("RGBA", "png"), ("L", "png"), ("LA", "png"), ("P", "png"), ("CMYK", "jpg")),
        *(("RGB", "tif"), ("RGB", "bmp"), ("RGBA", "webp")),
    ],
)
@pytest.mark.slow
def test_every_mode_is_a_photograph(ask, portrait, tmp_path, mode, suffix):
    path = saved(portrait.convert(mode), tmp_path / f"photo.{suffix}")
    assert_one_face(ask(path)[0], portrait.size)


@pytest.mark.slow
def test_sixteen_bits_a_pixel_are_a_photograph(ask, portrait, tmp_path):
    deep = np.asarray(portrait.convert("L")).astype(np.uint16) * 257
    assert_one_face(ask(saved(Image.fromarray(deep), tmp_path / "deep.png"))[0], portrait.size)


@pytest.mark.slow
def test_a_palette_with_transparency_is_a_photograph(ask, portrait, tmp_path):
    path = saved(portrait.convert("P"), tmp_path / "clear.png", transparency=0)
    assert ask(path)[0]["sentence"].startswith("One face: ")


@pytest.mark.slow
def test_a_photograph_stored_turned_is_answered_upright(ask, portrait, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    tall = portrait.crop((40, 0, 440, 480))
    turned = tall.transpose(Image.Transpose.ROTATE_90)
    answer, overlay = ask(saved(turned, tmp_path / "turned.jpg", exif=exif, quality=95))
    assert_one_face(answer, tall.size)
    assert Image.open(overlay).size == tall.size


@pytest.mark.parametrize("suffix", ["gif", "webp"])
@pytest.mark.slow
def test_of_a_moving_picture_the_first_one_is_answered(ask, portrait, empty, tmp_path, suffix):
    others = [empty.resize(portrait.size)] * 2
    path = saved(portrait, tmp_path / f"moving.{suffix}", save_all=True, append_images=others)
    assert_one_face(ask(path)[0], portrait.size)


@pytest.mark.slow
def test_heic_is_a_photograph(ask, portrait, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(portrait).save(tmp_path / "photo.heic")
    assert_one_face(ask(tmp_path / "photo.heic")[0], portrait.size)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("empty.jpg", b""), ("text.png", b"no image"), ("page.pdf", b"%PDF-1.7\n%%EOF")),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9'/></svg>"),
        *(("start.jpg", b"\xff\xd8\xff\xe0"), ("start.gif", b"GIF89a"), ("archive.zip", b"PK\3\4")),
        ("=cmd|' /C calc'!A0.jpg", b"no image"),
    ],
)
@pytest.mark.slow
def test_what_is_no_picture_is_told(ask, tmp_path, name, content):
    path = tmp_path / name.replace("/", "_")
    path.write_bytes(content)
    assert ask(path) == ({"sentence": say("photo.unreadable"), "faces": []}, None)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.slow
def test_a_photograph_cut_off_half_way_is_told(ask, portrait, tmp_path, suffix):
    path = saved(portrait, tmp_path / f"cut.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert ask(path)[0] == {"sentence": say("photo.unreadable"), "faces": []}


def test_no_photograph_at_all_is_told(client, model):
    answer, _ = client.predict(photo=None, model=model, threshold=0.0, api_name="/analyse")
    assert answer == {"sentence": say("photo.unreadable"), "faces": []}
