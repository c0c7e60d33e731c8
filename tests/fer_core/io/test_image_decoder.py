import io
import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.io import image_decoder
from fer_core.io.image_decoder import ImageDecoder
from fer_core.io.images import ImageError, open_upright

HANGING = (sys.executable, "-c", "import time; time.sleep(60)")
DYING = (sys.executable, "-c", "import os; os.abort()")


@pytest.fixture(scope="module")
def decoder():
    made = ImageDecoder()
    yield made
    made.close()


@pytest.fixture
def path(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 4), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    return tmp_path / "noise.png"


@pytest.mark.slow
def test_an_image_is_what_it_is_when_it_is_read_here(decoder, path):
    wanted = np.asarray(open_upright(path))
    for source in (path, str(path), path.read_bytes()):
        with decoder.decoded(source) as (image, scale):
            assert np.array_equal(np.asarray(image), wanted)
            assert scale == 1


@pytest.mark.slow
def test_what_is_wrong_with_an_image_is_told_and_the_next_one_is_read(decoder, path, tmp_path):
    (tmp_path / "broken.png").write_bytes(path.read_bytes()[:60])
    for source, error in ((tmp_path / "broken.png", ValueError), (b"no image", ValueError),
                          (b"", ValueError), (tmp_path / "absent.png", OSError)):  # fmt: skip
        with pytest.raises(error), decoder.decoded(source):
            pass
    with decoder.decoded(path) as (image, _):
        assert image.size == (60, 40)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_image_is_reduced_ends_its_process_and_gives_its_memory_back(kind):
    decoder = ImageDecoder()
    try:
        stream = io.BytesIO()
        Image.new("RGB", (8000, 6000)).save(stream, kind)
        for _ in range(2):
            with decoder.decoded(stream.getvalue()) as (image, scale):
                assert image.size == (4000, 3000)
                assert scale == 2
                assert decoder._large.locked()
            assert not decoder._large.locked()
            assert decoder._slow._process.poll() == 0
        assert decoder._quick._process is None
    finally:
        decoder.close()


@pytest.mark.slow
def test_large_images_do_not_take_all_places_of_a_server(decoder):
    large = bytes(image_decoder.QUICK_BYTES + 1)
    for _ in range(image_decoder.MOST_LARGE):
        assert decoder._places.acquire(blocking=False)
    try:
        with pytest.raises(ImageError, match=r"4 large images .* 12 megapixels"):
            decoder.decoded(large).__enter__()
    finally:
        for _ in range(image_decoder.MOST_LARGE):
            decoder._places.release()
    with pytest.raises(ValueError, match="identify"), decoder.decoded(large):
        pass


@pytest.mark.parametrize(("program", "words"), [(HANGING, "too much time"), (DYING, "too much m")])
@pytest.mark.slow
def test_a_process_that_hangs_or_dies_is_a_sentence_and_the_next_image_is_read(
    path, program, words
):
    decoder = ImageDecoder(0.5, program)
    try:
        with pytest.raises(ImageError, match=words), decoder.decoded(path):
            pass
        decoder._quick._program, decoder._quick._seconds = image_decoder.PROGRAM, 30
        with decoder.decoded(path) as (image, _):
            assert image.size == (60, 40)
    finally:
        decoder.close()


@pytest.mark.slow
def test_heic_without_its_package_is_told_with_the_command(tmp_path):
    hidden = (
        "import sys; sys.modules['pillow_heif'] = None\n"  # importing it raises ImportError
        "from fer_core.io.decode_worker import main; main()"
    )
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    decoder = ImageDecoder(program=(sys.executable, "-c", hidden))
    try:
        with (
            pytest.raises(ImageError, match="pip install pillow-heif"),
            decoder.decoded(tmp_path / "photo.heic"),
        ):
            pass
    finally:
        decoder.close()
