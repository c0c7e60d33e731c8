import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from fer_core.models.attention_model import AttentionModel
from fer_core.models.feature_maps import BackboneError
from fer_core.models.starting_weights import (
    LEAST,
    WeightsError,
    judge,
    read_weights,
    refuse_larger,
    unwrap,
)


def create(file, classes=7, **options):
    return AttentionModel("test_resnet", classes, image_size=64, pretrained=str(file), **options)


@pytest.fixture(scope="module")
def source():
    """Weights of timm's network, with its classifier of other classes."""
    torch.manual_seed(1)
    return timm.create_model("test_resnet", num_classes=11).state_dict()


def saved(state, file):
    if file.suffix == ".safetensors":
        save_file({name: value.contiguous() for name, value in state.items()}, file)
    else:
        torch.save(state, file)
    return file


def assert_from(model, source):
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, source[name]), name


@pytest.mark.parametrize(
    "wrapper", ["", "module.", "backbone.", "model.", "_orig_mod.", "module.backbone.", "encoder."]
)
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.slow
def test_the_name_of_a_wrapper_before_every_tensor_is_looked_through(
    source, tmp_path, wrapper, suffix
):
    state = {wrapper + name: value for name, value in source.items()}
    model = create(saved(state, tmp_path / f"weights{suffix}"))
    assert_from(model, source)
    assert model.match.to_json() == {"share": 1.0, "missing": [], "classifier": False}


@pytest.mark.parametrize(
    "nest", [("state_dict",), ("model",), ("model_state_dict",), ("model_ema",), ("net", "weights")]
)
@pytest.mark.slow
def test_weights_inside_a_checkpoint_are_found(source, tmp_path, nest):
    content = {f"module.{name}": value for name, value in source.items()}
    for key in nest:
        content = {key: content, "epoch": 3, "optimizer": {"lr": 0.1}}
    assert_from(create(saved(content, tmp_path / "checkpoint.pt")), source)


@pytest.mark.slow
def test_of_a_checkpoint_the_averaged_weights_count(source, tmp_path):
    other = {name: torch.zeros_like(value) for name, value in source.items()}
    content = {"state_dict": other, "state_dict_ema": source}
    assert_from(create(saved(content, tmp_path / "checkpoint.pt")), source)


@pytest.mark.parametrize("name", ["test_vit", "test_convnext"])
def test_weights_of_another_network_are_refused_with_what_each_side_has(tmp_path, name):
    file = saved(timm.create_model(name).state_dict(), tmp_path / "weights.safetensors")
    with pytest.raises(BackboneError) as refusal:
        create(file)
    message = str(refusal.value)
    assert f"no pretrained weights of test_resnet from {file}" in message
    assert "% of the parameters of test_resnet, at least 95% are needed" in message
    assert "fer-core convert-weights" in message


def test_tensors_of_another_shape_are_named_with_both(source, tmp_path):
    wide = {name: value.repeat(2, *[1] * (value.ndim - 1)) if value.ndim else value
            for name, value in source.items()}  # fmt: skip
    with pytest.raises(BackboneError) as refusal:
        create(saved(wide, tmp_path / "weights.safetensors"))
    shape = list(source["conv1.0.weight"].shape)
    both = f"conv1.0.weight {[2 * shape[0], *shape[1:]]} for {shape}"
    assert both in str(refusal.value)
    assert "tensors have another shape than those of test_resnet" in str(refusal.value)
    assert "more. Name the backbone" in str(refusal.value)


def test_names_that_fit_nothing_are_refused(source, tmp_path):
    state = {f"net_{index}": value for index, value in enumerate(source.values())}
    with pytest.raises(BackboneError, match=r"fits 0\.0% of the parameters"):
        create(saved(state, tmp_path / "weights.pth"))


def test_a_run_of_another_backbone_is_refused(tmp_path):
    other = AttentionModel("test_vit", 7, image_size=160)
    with pytest.raises(BackboneError, match=r"is another one: the file fits .* of test_resnet"):
        create(saved(other.state_dict(), tmp_path / "model.safetensors"))


def test_a_few_missing_tensors_start_at_random_and_are_told(source, tmp_path, caplog):
    lost = "bn1.bias" if "bn1.bias" in source else next(n for n in source if n.endswith("bias"))
    state = {name: value for name, value in source.items() if name != lost}
    with caplog.at_level(logging.WARNING, "fer_core.models.starting_weights"):
        model = create(saved(state, tmp_path / "weights.pth"))
    assert f"lacks {lost}: they start at random" in caplog.text
    assert model.match.missing == (lost,)
    assert LEAST < model.match.share < 1


def test_the_share_counts_parameters_not_tensors():
    sizes = {"large": 960, "small": 20, "bias": 20}
    assert judge("net", "file", sizes, ["small"], ["large"]).share == pytest.approx(0.98)
    with pytest.raises(WeightsError, match=r"4\.0%"):
        judge("net", "file", sizes, ["large"], ["small"])
    assert judge("net", "file", sizes, ["small", "bias", "mean"], []).share == pytest.approx(0.96)


def test_a_run_with_other_classes_gives_its_backbone_and_says_so(tmp_path, caplog):
    first = AttentionModel("test_resnet", 8, image_size=64)
    file = saved(first.state_dict(), tmp_path / "model.safetensors")
    with caplog.at_level(logging.WARNING, "fer_core.models.attention_model"):
        model = create(file)
    assert "has 8 classes, this model 7: its classifier starts at random" in caplog.text
    assert model.classifier.out_features == 7
    assert_from(model, first.backbone.state_dict())
    assert not model.match.classifier


def test_a_run_with_the_same_classes_gives_its_classifier_as_well(tmp_path):
    first = AttentionModel("test_resnet", 7, image_size=64)
    wrapped = {f"module.{name}": value for name, value in first.state_dict().items()}
    for file in (
        saved(first.state_dict(), tmp_path / "model.safetensors"),
        saved({"state_dict": wrapped}, tmp_path / "model.pt"),
    ):
        model = create(file)
        assert torch.equal(model.classifier.weight, first.classifier.weight)
        assert model.match.to_json() == {"share": 1.0, "missing": [], "classifier": True}


def test_grey_images_take_the_weights_of_colour_ones(source, tmp_path):
    model = create(saved(source, tmp_path / "weights.pth"), channels=1)
    assert model.match.share == 1
    first = next(iter(model.backbone.state_dict().values()))
    assert first.shape[1] == 1


@pytest.mark.slow
def test_the_file_leaves_no_trace_in_the_random_numbers_or_the_network(source, tmp_path):
    short = {name: value for name, value in source.items() if name != list(source)[1]}
    drawn = []
    for state in (source, short):
        torch.manual_seed(3)
        model = create(saved(state, tmp_path / "weights.pth"))
        drawn.append(model.classifier.weight)
        assert not (model.backbone.pretrained_cfg or {}).get("state_dict")
    assert torch.equal(*drawn)


def test_without_a_file_nothing_was_matched():
    assert create("none").match is None


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {"state_dict": {}}, torch.zeros(2)])
def test_a_file_without_a_state_dictionary_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "file.pth")
    with pytest.raises(WeightsError, match="holds no state dictionary: save model"):
        read_weights(tmp_path / "file.pth")


class Marked(torch.nn.Linear):
    """A model whose unpickling would be noticed."""

    def __setstate__(self, state):
        raise AssertionError("the pickle was opened")


def pickled_dictionary(file):
    file.write_bytes(pickle.dumps({"conv1.weight": np.zeros(3, np.float32)}))


def pickled_array(file):
    np.save(file, {"conv1.weight": np.zeros(3, np.float32)}, allow_pickle=True)


def arrays_in_a_checkpoint(file):
    torch.save({"state_dict": {"conv1.weight": np.zeros(3, np.float32)}}, file)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("model.pth", lambda file: torch.save(Marked(1, 1), file)),
        ("weights.pkl", pickled_dictionary),
        ("weights.npy", pickled_array),
        ("weights.pt", arrays_in_a_checkpoint),
    ],
)
def test_a_pickle_is_not_opened_and_the_lines_that_convert_it_are_given(
    tmp_path, monkeypatch, name, write
):
    file = tmp_path / name
    write(file)
    with pytest.raises(WeightsError) as refusal:
        read_weights(file)
    sentence, *lines = str(refusal.value).split("\n")
    assert "holds no weights that can be read" in sentence
    assert "\x1b" not in str(refusal.value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(Marked, "__setstate__")  # the user trusts the file
    exec("\n".join(line.strip() for line in lines), {"torch": torch, "numpy": np, "pickle": pickle})
    assert all(
        isinstance(value, torch.Tensor) for value in read_weights(Path("weights.pth")).values()
    )


def test_arrays_in_an_archive_come_with_the_lines_that_convert_them(tmp_path, monkeypatch):
    np.savez(tmp_path / "weights.npz", **{"conv1.weight": np.ones(3, np.float32)})
    with pytest.raises(WeightsError, match="holds arrays of numpy") as refusal:
        read_weights(tmp_path / "weights.npz")
    monkeypatch.chdir(tmp_path)
    lines = str(refusal.value).split("\n")[1:]
    exec("\n".join(line.strip() for line in lines), {"torch": torch, "numpy": np})
    assert read_weights(Path("weights.pth"))["conv1.weight"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("prefix", ["vision.", "x."])
def test_an_unknown_prefix_before_every_tensor_is_refused(source, tmp_path, prefix):
    state = {prefix + name: value for name, value in source.items()}
    with pytest.raises(BackboneError, match=rf"fits 0\.0%.*It has {prefix}conv1"):
        create(saved(state, tmp_path / "weights.pth"))


def test_the_file_of_a_deeper_network_of_the_family_is_refused(tmp_path):
    shallow, deep = (
        timm.models.resnet.ResNet(timm.models.resnet.BasicBlock, layers, channels=(8, 8, 16, 16))
        for layers in ((1, 1, 1, 1), (2, 3, 4, 2))
    )
    wanted = {n: v for n, v in shallow.state_dict().items() if not n.startswith("fc.")}
    assert set(wanted) <= set(deep.state_dict())  # each of its tensors is in the file
    with pytest.raises(WeightsError, match=r"larger network than small.*such as layer1\.1\.conv1"):
        refuse_larger("small", wanted, deep.state_dict())
    refuse_larger("small", wanted, shallow.state_dict())


def test_renamed_tensors_and_a_head_of_many_classes_are_no_larger_network():
    wanted = {"stages.conv_dw": torch.zeros(90), "norm": torch.zeros(10)}
    file = {"stages.dwconv": torch.zeros(90), "norm": torch.zeros(10), "head.fc": torch.zeros(999)}
    refuse_larger("net", wanted, file)


@pytest.mark.parametrize(("held", "wanted"), [(1, 3), (3, 1)])
@pytest.mark.parametrize("own", [True, False])
def test_grey_and_colour_weights_start_each_other_as_in_timm(tmp_path, held, wanted, own):
    first = AttentionModel("test_resnet", 7, image_size=64, channels=held)
    state = first.state_dict() if own else first.backbone.state_dict()
    model = create(saved(state, tmp_path / "weights.pth"), channels=wanted)
    assert model.match.share == 1
    assert model.match.missing == ()
    grey = torch.rand(2, 1, 64, 64)
    maps = [
        network.eval().features(grey.expand(-1, channels, -1, -1))
        for network, channels in ((first, held), (model, wanted))
    ]
    torch.testing.assert_close(*maps, atol=1e-4, rtol=1e-4)


def test_a_state_that_no_wrapper_explains_stays_as_it_is():
    state = {"module.other": torch.zeros(1), "more": torch.zeros(1)}
    assert unwrap(state, ["conv1.weight"]) == state
