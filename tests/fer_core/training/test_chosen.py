import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fer_core.training.checkpoint import CheckpointError
from fer_core.training.chosen import (
    CHOSEN_FILE,
    PREVIOUS_CHOSEN_FILE,
    load_chosen,
    read_chosen,
    save_chosen,
)


def layer(value):
    made = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    nn.init.constant_(made[0].weight, value)
    return made


def weight(folder, epoch):
    made = layer(0.0)
    load_chosen(folder, made, epoch)
    return float(made[0].weight.detach().mean())


def test_the_weights_of_the_choice_before_stay_beside_those_of_the_last(tmp_path):
    for epoch in (1, 3, 4):
        save_chosen(tmp_path, layer(float(epoch)), epoch)
    assert weight(tmp_path, 4) == 4
    assert weight(tmp_path, 3) == 3  # a run killed before its fourth checkpoint goes on with them
    with pytest.raises(CheckpointError, match=r"epoch 1 cannot be read.*is of epoch 4"):
        read_chosen(tmp_path, 1)


def test_saving_an_epoch_again_keeps_the_choice_before(tmp_path):
    for epoch in (1, 2, 2):
        save_chosen(tmp_path, layer(float(epoch)), epoch)
    assert weight(tmp_path, 1) == 1


def test_a_byte_that_has_changed_is_noticed(tmp_path):
    save_chosen(tmp_path, layer(1.0), 1)
    file = tmp_path / CHOSEN_FILE
    whole = bytearray(file.read_bytes())
    for place in (3, 20, len(whole) // 2, len(whole) - 1):
        broken = whole.copy()
        broken[place] ^= 1
        file.write_bytes(broken)
        with pytest.raises(CheckpointError, match="chosen weights of epoch 1"):
            read_chosen(tmp_path, 1)


def test_absent_weights_are_named_and_those_of_earlier_versions_are_read(tmp_path):
    with pytest.raises(CheckpointError, match="start the run again"):
        read_chosen(tmp_path, 2)
    (tmp_path / CHOSEN_FILE).parent.mkdir()
    save_file({"weight": torch.ones(2)}, tmp_path / CHOSEN_FILE)
    assert torch.equal(read_chosen(tmp_path, 2)["weight"], torch.ones(2))
    save_chosen(tmp_path, layer(1.0), 3)
    assert (tmp_path / PREVIOUS_CHOSEN_FILE).is_file()
