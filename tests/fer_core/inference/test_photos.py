import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.errors import FerError
from fer_core.inference.photos import PhotoError, open_photo, open_photos

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_convention_arrays_are_rgb_with_channels_last_and_tensors_with_channels_first():
    red = np.zeros((4, 6, 3), np.uint8)
    red[..., 0] = 255
    for photo in (red, torch.from_numpy(red).permute(2, 0, 1)):
        image = open_photo(photo)
        assert (image.mode, image.size) == ("RGB", (6, 4))
        assert image.getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_point_in_0_to_1_is_uint8_in_0_to_255(dtype):
    opened = np.asarray(open_photo((PIXELS / 255).astype(dtype)))
    assert np.array_equal(opened, PIXELS)


@pytest.mark.parametrize(("bits", "shape"), [(8, (4, 4)), (12, (4, 4, 3)), (16, (4, 4, 3))])
def test_arrays_of_sixteen_bits_are_read_by_the_bits_that_they_use(bits, shape):
    array = np.zeros(shape, np.uint16)
    array[0], array[1] = 2**bits - 1, 2 ** (bits - 1)
    opened = np.asarray(open_photo(array))
    assert opened[:3, 0].tolist() == [[255] * 3, [128] * 3, [0] * 3]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors_of_floating_point_are_read_alike(dtype):
    tensor = torch.from_numpy(PIXELS).permute(2, 0, 1).to(dtype) / 255
    assert np.array_equal(np.asarray(open_photo(tensor.requires_grad_())), PIXELS)


def test_bfloat16_tensors_are_read():
    opened = np.asarray(open_photo(torch.full((3, 4, 4), 0.5, dtype=torch.bfloat16)))
    assert (opened == 128).all()


def test_grey_of_every_shape_is_the_same_image():
    grey = PIXELS[..., 0].copy()
    expected = np.repeat(grey[..., None], 3, 2)
    photos = (grey, grey[..., None], grey / 255, torch.from_numpy(grey), torch.tensor(grey[None]))
    for photo in photos:
        assert np.array_equal(np.asarray(open_photo(photo)), expected)


def test_transparent_arrays_and_tensors_become_white():
    clear = np.zeros((4, 4, 4), np.uint8)
    for photo in (clear, torch.from_numpy(clear)):
        assert np.asarray(open_photo(photo)).min() == 255


@pytest.mark.parametrize(
    ("photo", "sentence"),
    [
        (np.zeros((32, 32, 5), np.uint8), r"array must be .*got \(32, 32, 5\) uint8"),
        (np.zeros((3, 32, 32), np.uint8), r"array must be .*got \(3, 32, 32\)"),
        (np.zeros((32,), np.uint8), "array must be"),
        (np.zeros((0, 0, 3), np.uint8), "array must be"),
        (np.zeros((2, 32, 32, 3), np.uint8), "pass several photographs as a list"),
        (np.zeros((32, 32), np.int64), "uint8, uint16 or floating point in .* got .* int64"),
        (np.zeros((32, 32), bool), "got .* bool"),
        (np.full((8, 8, 3), 255.0), r"values in \[0, 1\], got 255 to 255: divide by 255"),
        (np.full((8, 8, 3), -0.5), "undo the normalisation"),
        (np.full((8, 8, 3), np.nan), "got nan to nan"),
        (torch.zeros(32, 32, 3), r"tensor must be .*\(3, H, W\).*got \(32, 32, 3\) torch.float32"),
        (torch.zeros(2, 3, 32, 32), "pass several photographs as a list"),
        (torch.zeros(3, 8, 8, dtype=torch.int32), "got .*int32"),
        (torch.zeros(3, 8, 8, dtype=torch.complex64), "got .*complex64"),
        (7, "must be a path, .* or a torch tensor, got int"),
        (None, "got NoneType"),
        ([PIXELS], "got list"),
    ],
)
def test_what_is_no_photograph_is_refused_with_what_is_taken(photo, sentence):
    with pytest.raises(PhotoError, match=sentence) as refused:
        open_photo(photo)
    assert isinstance(refused.value, FerError)
    assert isinstance(refused.value, ValueError)


def test_values_that_leave_the_range_by_rounding_alone_are_taken():
    opened = np.asarray(open_photo(np.array([[-1e-7, 1 + 1e-7]])))
    assert opened[..., 0].tolist() == [[0, 255]]


def test_one_of_several_that_cannot_be_read_is_named_by_its_number():
    sizes = [image.size for image in open_photos([PIXELS, Image.new("L", (5, 7))])]
    assert sizes == [(32, 24), (5, 7)]
    with pytest.raises(PhotoError, match=r"photograph 1 of 2: absent\.png is not a readable"):
        open_photos([PIXELS, "absent.png"])


def test_the_bytes_of_a_file_are_read_as_the_file(tmp_path):
    Image.new("RGB", (3, 2), (1, 2, 3)).save(tmp_path / "a.png")
    assert open_photo((tmp_path / "a.png").read_bytes()).getpixel((0, 0)) == (1, 2, 3)


def test_bytes_that_are_no_image_are_a_short_sentence():
    with pytest.raises(PhotoError, match=r"^3,000 bytes are not a readable photograph: no image"):
        open_photo(b"x" * 3000)
