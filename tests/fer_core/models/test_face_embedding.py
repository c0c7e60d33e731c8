import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from fer_core.models.face_embedding import PLACES, EmbeddingError, FaceEmbedder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=0)
    place = tmp_path_factory.mktemp("weights") / "faces.safetensors"
    save_file(network.state_dict(), place, metadata={"backbone": "test_resnet"})
    return place


def test_faces_become_unit_vectors_and_the_same_face_the_same_one(weights, portrait):
    embed = FaceEmbedder(weights)
    places = np.array(PLACES) * portrait.width
    both = embed(portrait, [places, places, places + 12])
    assert both.shape[0] == 3
    assert np.linalg.norm(both, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert both[0] @ both[1] == pytest.approx(1, abs=1e-5)
    assert both[0] @ both[2] < 1 - 1e-4


def test_no_face_is_no_vector(weights, portrait):
    assert len(FaceEmbedder(weights)(portrait, [])) == 0


def test_a_missing_file_and_one_of_something_else_are_refused_by_name(tmp_path, weights):
    with pytest.raises(EmbeddingError, match=r"nowhere\.safetensors"):
        FaceEmbedder(tmp_path / "nowhere.safetensors")
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    with pytest.raises(EmbeddingError, match=r"other\.safetensors"):
        FaceEmbedder(other)
    other.write_bytes(b"no weights")
    with pytest.raises(EmbeddingError, match=r"other\.safetensors"):
        FaceEmbedder(other)
