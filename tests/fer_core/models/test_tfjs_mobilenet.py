import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from fer_core.models.backbones import create_backbone
from fer_core.models.convert import Faces, ForeignWeightsError, convert_weights
from fer_core.records.provenance import weights_origin
from tests.fer_core.models.tfjs_files import change, mobilenet_blocks, write_graph

CAFFE_BGR = (103.939, 116.779, 123.68)
NAME = "tf_mobilenetv1_100"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A graph of MobileNetV1 with made-up weights; change copies only."""
    return write_graph(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def faces():
    return Faces(np.random.default_rng(1).integers(0, 256, (8, 64, 64, 3), np.uint8), "noise train")


@pytest.fixture(scope="module")
def converted(source, faces, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "weights.safetensors"
    convert_weights(NAME, source[0], out, faces=faces)
    return out


@pytest.fixture
def copied(tmp_path):
    return write_graph(tmp_path)[0]


def same(images, kernel, stride, groups):
    """A convolution with TensorFlow's padding, from its definition; kernel (k, k, I, O)."""
    side, reach = images.shape[-1], kernel.shape[0]
    total = max((-(-side // stride) - 1) * stride + reach - side, 0)
    before, after = total // 2, total - total // 2
    padded = F.pad(images, (before, after, before, after))
    return F.conv2d(padded, kernel.permute(3, 2, 0, 1), stride=stride, groups=groups)


def run_graph(tensors, images):
    """Features (B, 1024) of RGB images of 0 to 255, by the equations, in float64."""
    weights = {name: torch.from_numpy(value).double() for name, value in tensors.items()}

    def finish(name, values):
        scale = weights.get(f"{name}/mul", torch.ones(1, dtype=torch.float64))
        return (values * scale[:, None, None] + weights[f"{name}/sub"][:, None, None]).clamp(0, 6)

    mean = torch.tensor(CAFFE_BGR, dtype=torch.float64)[:, None, None]
    values = finish("conv1", same(images.double().flip(1) - mean, weights["conv1/kernel"], 2, 1))
    for index, (inputs, _, stride) in enumerate(mobilenet_blocks()):
        kernel = weights[f"dw{index}/kernel"].transpose(2, 3)
        values = finish(f"dw{index}", same(values, kernel, stride, inputs))
        values = finish(f"pw{index}", same(values, weights[f"pw{index}/kernel"], 1, 1))
    return values.mean((2, 3))


def backbone_of(file, **options):
    made = create_backbone(
        NAME, pretrained=str(file), channels=3, image_size=64, **{"stride": None, **options}
    )
    mean, std = (torch.tensor(v)[:, None, None] for v in (made.mean, made.std))
    return made, lambda images: (images / 255 - mean) / std


@pytest.mark.slow
def test_convention_our_input_gives_the_features_of_the_graph(source, converted):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255
    made, normalise = backbone_of(converted)
    assert made.match.share == 1
    with torch.no_grad():
        found = made.network.eval()(normalise(images)).mean((2, 3))
    wanted = run_graph(source[1], images).float()
    assert wanted.std() > 0.01
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_first_training_step_sees_what_evaluation_sees(faces, converted):
    made, normalise = backbone_of(converted)
    images = normalise(torch.from_numpy(faces.images).permute(0, 3, 1, 2))
    with torch.no_grad():
        evaluated = made.network.eval()(images)
        trained = made.network.train()(images)
    torch.testing.assert_close(trained, evaluated, rtol=1e-2, atol=1e-2)


@pytest.mark.slow
def test_batch_norm_is_measured_at_the_stride_of_the_training(source, faces, tmp_path):
    out = tmp_path / "weights.safetensors"
    convert_weights(NAME, source[0], out, faces=Faces(faces.images, "noise train", stride=16))
    made, normalise = backbone_of(out, stride=16)
    images = normalise(torch.from_numpy(faces.images).permute(0, 3, 1, 2))
    with torch.no_grad():
        torch.testing.assert_close(
            made.network.train()(images), made.network.eval()(images), rtol=1e-2, atol=1e-2
        )
    assert "stride 16" in weights_origin(str(out)).change


def test_the_file_states_source_licence_and_digest(converted):
    origin = weights_origin(str(converted))
    assert "VGGFace2" in origin.source
    assert origin.licence == "Apache-2.0"
    assert len(origin.source_sha256) == 64
    assert "8 images of noise train" in origin.change
    assert "research" in origin.terms
    assert len(load_file(converted)) == 162


def refused(file, tmp_path, backbone=NAME, faces=None, words=()):
    out = tmp_path / "out.safetensors"
    with pytest.raises(ForeignWeightsError) as refusal:
        convert_weights(backbone, file, out, faces=faces)
    for word in words:
        assert word in str(refusal.value)
    assert not out.exists()


def test_a_backbone_with_other_padding_is_refused_with_the_right_name(source, tmp_path):
    refused(source[0], tmp_path, "mobilenetv1_100", words=["mobilenetv1_100", NAME])


@pytest.mark.slow
def test_without_faces_batch_norm_cannot_be_measured(source, tmp_path):
    refused(source[0], tmp_path, words=["BatchNorm", "--data"])


def test_a_network_of_other_layers_is_refused(tmp_path, faces):
    file, _ = write_graph(tmp_path, blocks=[(32, 64, 1)])
    refused(file, tmp_path, faces=faces, words=["3 convolutions", "27"])


def test_a_graph_of_an_unknown_project_is_refused(tmp_path, faces):
    file, _ = write_graph(tmp_path, blocks=[(32, 64, 1)], generated_by="somebody")
    refused(file, tmp_path, faces=faces, words=["somebody", "HSE_FaceRec_tf"])


def edit_node(name, **values):
    def edit(content):
        nodes = content["modelTopology"]["node"]
        next(node for node in nodes if node["name"] == name).update(values)

    return edit


@pytest.mark.parametrize(
    ("node", "values", "word"),
    [
        ("dw3", {"attr": {"padding": {"s": "VkFMSUQ="}}}, "VALID"),
        ("dw3", {"op": "MaxPool"}, "MaxPool"),
        ("pw5/relu", {"op": "Elu"}, "Elu"),
        ("pw5/least", {"input": ["pw5/relu", "pw5/0"]}, "ReLU6"),
        ("pw5/add", {"input": ["pw5", "gone"]}, "gone"),
        ("pw5/add", {"input": ["gone", "pw5/sub"]}, "gone"),
        ("pool", {"op": "Max"}, "0 global average poolings"),
        ("dw0", {"input": ["pw12/out", "dw0/kernel"]}, "cycle"),
    ],
)
@pytest.mark.slow
def test_another_graph_is_refused_with_what_differs(copied, tmp_path, node, values, word):
    change(copied, edit_node(node, **values))
    refused(copied, tmp_path, words=["graph.json is no", "another graph", word])
