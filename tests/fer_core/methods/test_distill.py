"""The loss against a numpy transcription of Hinton et al., 2014 (arXiv 1503.02531)."""

import logging

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.config import RunConfig, from_json, to_json, without_folders
from fer_core.config.input_spec import InputSpec
from fer_core.config.methods.distill import DistillOptions
from fer_core.datasets import Decoding, load_data
from fer_core.emotions import SEVEN_CLASSES
from fer_core.methods import Batch, create_method
from fer_core.methods.distill import TeacherError, distillation_loss, fit_input, load_teacher
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import ModelError, save_model
from fer_core.records.provenance import weights_digest
from fer_core.records.run import RecordError, read_run
from fer_core.training.checkpoint import load_checkpoint
from fer_core.training.engine import train

EYES = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))


def spec_of(model, size, *, grey=False):
    return InputSpec(size, len(model.mean), model.mean, model.std, size, grey, EYES)


@pytest.fixture
def teacher(tmp_path):
    """``teacher(name, seed, ...)``: the folder of a saved model of random weights, and itself."""

    def make(name="teacher", *, seed=5, size=64, channels=3, classes=SEVEN_CLASSES, grey=False):
        torch.manual_seed(seed)
        options = {"image_size": size, "channels": channels}
        model = AttentionModel("test_resnet", len(classes), **options).eval()
        with torch.no_grad():
            model.classifier.weight.mul_(20)  # random weights that know what they want
        model.mean, model.std = (0.4,) * channels, (0.3,) * channels
        save_model(
            tmp_path / name,
            model,
            backbone="test_resnet",
            stride=None,
            classes=classes,
            spec=spec_of(model, size, grey=grey),
            facts={},
        )
        return tmp_path / name, model

    return make


def made(model, *folders, **options):
    """The method over a model, its teachers loaded."""
    config = from_json(
        {
            "method": "distill",
            "teachers": [str(folder) for folder in folders],
            "erase_probability": 1.0,
            **options,
        }
    )
    method = create_method(model, config, torch.arange(7))
    method.facts = method.begin(SEVEN_CLASSES)
    return method


def softmax(rows):
    exponents = np.exp(rows - rows.max(1, keepdims=True))
    return exponents / exponents.sum(1, keepdims=True)


def logits_of(model, images):
    with torch.no_grad():
        return model(images).logits.double().numpy()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
@pytest.mark.slow
def test_the_loss_is_the_papers(model, batch, with_regions, teacher, share, temperature):
    (first, one), (second, other) = teacher("first", seed=5), teacher("second", seed=6)
    method = made(model, first, second, teacher_share=share, temperature=temperature)
    drawn = with_regions(batch, method.config)
    mean, std = (np.array(v)[:, None, None] for v in (model.mean, model.std))
    pixels = batch.images.double().numpy() * std + mean
    as_teachers_see_it = torch.from_numpy((pixels - 0.4) / 0.3).float()
    q = sum(softmax(logits_of(t, as_teachers_see_it) / temperature) for t in (one, other)) / 2
    output = method(drawn)
    logits = output.logits.double().numpy()
    distillation = -(q * np.log(softmax(logits / temperature))).sum(1).mean() * temperature**2
    labels = batch.noisy_labels.numpy()
    classification = -np.log(softmax(logits)[np.arange(len(labels)), labels]).mean()
    parts = {name: value.item() for name, value in output.parts.items()}
    assert parts == pytest.approx(
        {"classification": classification, "distillation": distillation}, rel=1e-4
    )
    expected = share * distillation + (1 - share) * classification
    assert output.loss.item() == pytest.approx(expected, rel=1e-4)


def test_the_gradient_keeps_its_scale_over_temperatures():
    generator = torch.Generator().manual_seed(0)
    teachers = 0.01 * torch.randn(64, 7, generator=generator)
    sizes = []
    for temperature in (1.0, 10.0):
        logits = torch.zeros(64, 7, requires_grad=True)
        wanted = (teachers / temperature).softmax(1)
        distillation_loss(logits, wanted, temperature).backward()
        sizes.append(logits.grad.norm().item())
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)


@pytest.mark.slow
def test_teachers_see_whole_images_and_the_student_erased_ones(model, batch, with_regions, teacher):
    folder, _ = teacher()
    method = made(model, folder)
    drawn = with_regions(batch, method.config)
    assert drawn.regions.any()
    whole = method.teachers_average(drawn.images.clone())
    seen = []
    real = method.teachers_average
    method.teachers_average = lambda images: seen.append(images.clone()) or real(images)
    method(drawn)
    assert torch.equal(seen[0], batch.images)
    assert not torch.equal(drawn.images, batch.images)  # erased after that
    torch.testing.assert_close(whole.sum(1), torch.ones(6))


@pytest.mark.slow
def test_classes_in_another_order_are_put_in_the_students(model, batch, teacher):
    (straight, network), (turned, _) = teacher("straight"), teacher("turned")
    network.classifier.weight.data = network.classifier.weight.flip(0)
    network.classifier.bias.data = network.classifier.bias.flip(0)
    save_model(
        turned,
        network,
        backbone="test_resnet",
        stride=None,
        classes=SEVEN_CLASSES[::-1],
        spec=spec_of(network, 64),
        facts={},
    )
    answers = [made(model, folder).teachers_average(batch.images) for folder in (straight, turned)]
    torch.testing.assert_close(*answers)


@pytest.mark.parametrize(
    "classes", [SEVEN_CLASSES[:6], (*SEVEN_CLASSES[:6], "bored"), (*SEVEN_CLASSES, "contempt")]
)
def test_other_classes_are_refused_with_those_of_both(teacher, classes):
    folder, _ = teacher(classes=classes)
    with pytest.raises(TeacherError) as refusal:
        load_teacher(str(folder), SEVEN_CLASSES)
    for word in (str(folder), ", ".join(classes), ", ".join(SEVEN_CLASSES)):
        assert word in str(refusal.value)


def test_a_teacher_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no model at"):
        load_teacher(str(tmp_path / "nothing"), SEVEN_CLASSES)


@pytest.mark.parametrize(("size", "channels"), [(96, 3), (64, 1), (128, 1)])
@pytest.mark.slow
def test_teachers_may_have_another_size_and_other_channels(model, batch, teacher, size, channels):
    folder, network = teacher(size=size, channels=channels)
    method = made(model, folder)
    mean, std = model.statistics()
    pixels = fit_input(batch.images * std + mean, spec_of(network, size))
    assert pixels.shape == (6, channels, size, size)
    expected = softmax(logits_of(network, (pixels - 0.4) / 0.3))
    found = method.teachers_average(batch.images).numpy()
    assert found == pytest.approx(expected, abs=1e-5)


def test_convention_grey_is_what_pillow_makes_of_colours():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    expected = np.asarray(Image.fromarray(pixels).convert("L"), float) / 255
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    for channels in (1, 3):
        zeros = (0.0,) * channels
        spec = InputSpec(16, channels, zeros, zeros, 16, True, EYES)
        grey = fit_input(images, spec)
        assert grey.shape == (1, channels, 16, 16)
        assert np.abs(grey[0].numpy() - expected).max() < 1 / 255


def test_grey_images_are_repeated_for_a_teacher_of_colours():
    images = torch.rand(2, 1, 16, 16)
    spec = InputSpec(16, 3, (0.0,) * 3, (1.0,) * 3, 16, False, EYES)
    assert torch.equal(fit_input(images, spec), images.expand(2, 3, 16, 16))


def test_teachers_are_neither_trained_nor_part_of_the_checkpoint(model, batch, teacher):
    folder, _ = teacher()
    method = made(model, folder).train()
    own = {f"model.{name}" for name in model.state_dict()}
    assert set(method.state_dict()) == own
    assert len(list(method.parameters())) == len(list(model.parameters()))
    taught = method.teachers[0].model
    assert not taught.training
    before = {name: value.clone() for name, value in taught.state_dict().items()}
    method(batch._replace(images=batch.images.clone())).loss.backward()
    assert all(torch.equal(value, before[name]) for name, value in taught.state_dict().items())
    assert all(parameter.grad is None for parameter in taught.parameters())


@pytest.mark.slow
def test_votes_and_mixtures_may_be_the_labels(model, batch, teacher):
    folder, _ = teacher()
    shares = torch.full((6, 7), 1 / 7)
    output = made(model, folder)(batch._replace(noisy_labels=shares, images=batch.images.clone()))
    assert torch.isfinite(output.loss)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"teachers": ()}, "at least one"),
        ({"teachers": ("a", "")}, "''"),
        ({"teacher_share": 1.2}, "teacher_share must be in"),
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"temperature": float("inf")}, "finite"),
    ],
)
def test_options_out_of_range_are_refused(values, word):
    with pytest.raises(ValueError, match=word):
        DistillOptions(**values)


def test_records_keep_no_folder_of_a_teacher():
    teachers = ("/home/me/runs/one/model", "/home/me/two", "USER/NAME@v1", "bundled")
    config = RunConfig(method="distill", options=DistillOptions(teachers=teachers))
    published = to_json(without_folders(config))
    assert published["teachers"] == ["one", "two", "USER/NAME@v1", "bundled"]


CONFIG = {
    "data": "synthetic?train=140&test=56",
    "image_size": 64,
    "backbone": "test_resnet",
    "method": "distill",
    "learning_rate": 5e-3,
    "batch_size": 28,
    "epochs": 2,
    "erase_probability": 0.0,
}


def run(folder, teachers, **options):
    config = from_json(CONFIG | {"teachers": [str(name) for name in teachers]} | options)
    return train(config, folder, device="cpu", progress=False), config


@pytest.mark.slow
def test_the_record_names_the_teachers_with_their_digests(tmp_path, teacher, caplog):
    folder, _ = teacher()
    with caplog.at_level(logging.INFO, "fer_core.methods.distill"):
        record, config = run(tmp_path / "run", [folder], epochs=1)
    assert f"teacher {folder}: test_resnet" in caplog.text
    (stated,) = record.model["teachers"]
    assert stated == {
        "name": "teacher",
        "sha256": weights_digest(str(folder / "model.safetensors")),
        "backbone": "test_resnet",
        "image_size": 64,
    }
    assert record.config["teachers"] == ["teacher"]
    assert record.epochs[0]["train_parts"]["distillation"] > 0
    kept = load_checkpoint(record.path, config).method
    assert all(name.startswith("model.") for name in kept)


@pytest.mark.slow
def test_other_classes_stop_a_run_before_anything_is_written(tmp_path, teacher):
    folder, _ = teacher(classes=SEVEN_CLASSES[:6])
    with pytest.raises(TeacherError):
        run(tmp_path / "run", [folder])
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_resumed_run_refuses_other_weights_of_a_teacher(tmp_path, teacher):
    folder, _ = teacher()
    record, config = run(tmp_path / "run", [folder], epochs=1)
    teacher(seed=9)  # into the same folder
    with pytest.raises(RecordError, match="teachers"):
        train(config, record.path, resume=True, device="cpu", progress=False)
    assert read_run(record.path).status == "finished"


def fitted(method, images, labels, steps=60):
    """The model of a method after some steps on the same images, in evaluation mode."""
    none = torch.zeros(len(images), 4, dtype=torch.long)
    optimizer = torch.optim.AdamW(method.parameters(), 3e-3)
    method.train()
    for _ in range(steps):
        batch = Batch(images.clone(), labels, labels, torch.arange(len(images)), none, none)
        optimizer.zero_grad()
        method(batch).loss.backward()
        optimizer.step()
    return method.model.eval()


@pytest.mark.slow
def test_the_student_learns_what_its_teacher_says_and_not_the_wrong_labels(tmp_path, teacher):
    faces = load_data("synthetic?train=28&test=14", Decoding(64, 3)).train
    images = torch.from_numpy(np.asarray(faces.images)).permute(0, 3, 1, 2) / 255
    images = (images - 0.4) / 0.3
    right = torch.from_numpy(faces.true_labels)
    folder, network = teacher()
    config = from_json({"method": "cross_entropy"})
    fitted(create_method(network, config, right), images, right)
    options = {"backbone": "test_resnet", "stride": None, "classes": SEVEN_CLASSES, "facts": {}}
    save_model(folder, network, spec=spec_of(network, 64), **options)
    _, student = teacher("student", seed=8)
    method = made(student, folder, teacher_share=1.0, erase_probability=0.0)
    wrong = (right + 1) % 7
    learnt = logits_of(fitted(method, images, wrong), images).argmax(1)
    taught = logits_of(network, images).argmax(1)
    assert (taught == right.numpy()).mean() > 0.9
    assert (learnt == taught).mean() > 0.9
    assert (learnt == wrong.numpy()).mean() < 0.1


@pytest.mark.parametrize(
    ("teachers", "said"),
    [
        ((), "at least one model"),
        (("bundled", ""), "names or folders of models"),
        (("bundled", 3), r"teachers must be a list of text, got \('bundled', 3\)"),
        ("bundled", "teachers must be a list of text, got 'bundled'"),
    ],
)
def test_teachers_that_name_no_model_are_refused(teachers, said):
    with pytest.raises(ValueError, match=said):
        DistillOptions(teachers=teachers)
