import numpy as np
import pytest
import torch
from facenet_pytorch import MTCNN
from torch.nn.functional import interpolate

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces import area_sums, mtcnn, mtcnn_networks

LEAST = 40


@pytest.fixture(scope="module")
def crowd():
    """A photograph of 360 x 240 pixels with faces of three sizes, one of them at the edge."""
    image = np.full((240, 360, 3), 110, np.uint8)
    generator = np.random.default_rng(3)
    for side, left, top in ((140, 10, 60), (100, 170, 20), (70, 290, 150)):
        portrait = np.asarray(draw_portrait("happiness", side, generator).convert("RGB"))
        image[top : top + side, left : left + side] = portrait[:, : 360 - left]
    return image


@pytest.fixture(scope="module", params=["torch", "best"])
def networks(request):
    return (
        mtcnn_networks.torch_networks() if request.param == "torch" else mtcnn_networks.networks()
    )


@pytest.mark.slow
def test_faces_are_those_of_facenet_pytorch_to_a_thousandth_of_a_pixel(crowd, networks):
    reference = MTCNN(keep_all=True, min_face_size=LEAST, device="cpu")
    with torch.no_grad():
        boxes, scores, points = reference.detect(torch.from_numpy(crowd.copy()), landmarks=True)
    found = mtcnn.find(area_sums.summed(crowd), LEAST, networks)
    assert len(found) == len(boxes) >= 2
    for one, box, score, five in zip(found, boxes, scores, points, strict=True):
        assert one.box == pytest.approx(np.asarray(box, float), abs=1e-3)
        assert one.points == pytest.approx(np.asarray(five, float), abs=1e-3)
        assert one.score == pytest.approx(float(score), abs=1e-5)


def test_an_image_without_a_face_gives_none(networks):
    grey = np.full((60, 80, 3), 128, np.uint8)
    assert mtcnn.find(area_sums.summed(grey), LEAST, networks) == []
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    assert mtcnn.find(area_sums.summed(noise), LEAST, networks) == []


def test_images_that_go_through_the_networks_together_have_the_same_faces(crowd, networks):
    images = [area_sums.summed(one) for one in (crowd, crowd[:, ::-1], np.full_like(crowd, 128))]
    together = mtcnn.find_in_each(images, LEAST, networks)
    for image, found in zip(images, together, strict=True):
        alone = mtcnn.find(image, LEAST, networks)
        assert len(found) == len(alone)
        for one, other in zip(found, alone, strict=True):
            assert one.box == pytest.approx(other.box, abs=1e-3)
            assert one.points == pytest.approx(other.points, abs=1e-3)
    assert len(together[0]) >= 2
    assert together[2] == []


def test_on_another_device_the_networks_are_those_of_pytorch_on_it(crowd):
    there = mtcnn_networks.networks("cpu:0")  # a device that is no "cpu" by its name
    here = mtcnn.find(area_sums.summed(crowd), LEAST)
    for one, other in zip(mtcnn.find(area_sums.summed(crowd), LEAST, there), here, strict=True):
        assert one.box == pytest.approx(other.box, abs=1e-3)
    assert mtcnn_networks.weights().pnet.conv1.weight.device.type == "cpu"


@pytest.mark.parametrize("box", [(0, 0, 31, 23), (4, 2, 30, 21), (7, 7, 12, 10)])
@pytest.mark.parametrize(("height", "width"), [(23, 31), (8, 9), (24, 24), (48, 48), (1, 1)])
def test_a_part_is_reduced_or_enlarged_by_area_as_pytorch_does_it(box, height, width):
    image = np.random.default_rng(1).integers(0, 256, (23, 31, 3), np.uint8)
    left, top, right, bottom = box
    part = torch.from_numpy(image[top:bottom, left:right].transpose(2, 0, 1)[None].copy()).float()
    expected = (interpolate(part, (height, width), mode="area")[0] - 127.5) / 128
    found = area_sums.reduced(area_sums.summed(image), box, height, width)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected.numpy(), abs=1e-5)


@pytest.mark.parametrize("side", [1, 24, 48])
def test_parts_are_reduced_together_as_alone(side):
    sums = area_sums.summed(np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8))
    boxes = np.array([[0, 0, 90, 60], [4, 2, 30, 21], [7, 7, 8, 8], [20, 0, 90, 3]])
    together = area_sums.reduced_parts(sums, boxes, side)
    assert together.flags.c_contiguous
    for found, box in zip(together, boxes, strict=True):
        assert (found == area_sums.reduced(sums, box.tolist(), side, side)).all()


def test_sums_that_wrap_around_still_have_the_right_differences():
    sums = np.array([[[0, 2**32 - 100], [0, 155]]], np.uint32)
    wrapped = sums[:, 1, 1:] - sums[:, 0, 1:]
    assert wrapped.item() == 255


def test_a_better_box_suppresses_one_inside_it():
    boxes = np.float32([[0, 0, 99, 99], [10, 10, 49, 49], [200, 0, 250, 50]])
    scores = np.float32([0.9, 0.95, 0.8])
    assert mtcnn._best_of_smaller(boxes, scores, 0.7) == [1, 2]
    assert mtcnn._best_of_smaller(boxes[:0], scores[:0], 0.7) == []


def test_without_onnx_the_networks_are_those_of_pytorch(monkeypatch, crowd):
    def missing(name):
        raise mtcnn_networks.ExportError(f"ONNX needs {name}")

    monkeypatch.setattr(mtcnn_networks, "require", missing)
    found = mtcnn_networks.networks.__wrapped__()
    images = np.zeros((2, 3, 24, 24), np.float32)
    assert [output.shape for output in found.rnet(images)] == [(2, 4), (2, 2)]


@pytest.mark.parametrize("size", [(24, 24), (41, 58)])
def test_the_first_network_answers_the_same_with_its_pooling_first(size):
    pnet = mtcnn_networks.weights().pnet
    assert (pnet.prelu1.weight < 0).any()
    assert (pnet.prelu1.weight > 0).any()
    images = 2 * torch.rand((2, 3, *size), generator=torch.Generator().manual_seed(4)) - 1
    with torch.no_grad():
        expected = mtcnn_networks.Ordered(pnet)(images)
        found = mtcnn_networks.PooledProposals(pnet)(images)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_several_threads_find_what_one_finds(monkeypatch, crowd, networks):
    sums = area_sums.summed(crowd)
    one = mtcnn.find(sums, LEAST, networks)
    monkeypatch.setattr(mtcnn, "count_threads", lambda: 3)
    for found, expected in zip(mtcnn.find(sums, LEAST, networks), one, strict=True):
        assert found.box == pytest.approx(expected.box, abs=1e-3)


def test_faces_that_are_known_are_left_out_and_others_are_found(crowd, networks):
    sums = area_sums.summed(crowd)
    everyone = mtcnn.find(sums, LEAST, networks)
    known = np.stack([everyone[0].box])
    (found,) = mtcnn.find_in_each([sums], LEAST, networks, [known])
    assert len(found) == len(everyone) - 1
    for one, other in zip(found, everyone[1:], strict=True):
        assert one.box == pytest.approx(other.box, abs=1e-3)
    (nobody,) = mtcnn.find_in_each(
        [sums], LEAST, networks, [np.stack([one.box for one in everyone])]
    )
    assert nobody == []
