import threading

import pytest
from huggingface_hub import constants, hf_hub_download

from fer_core.io.hub_reach import ask_hub_once, is_not_downloaded, within


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def test_what_ends_in_time_gives_its_result_or_its_error():
    assert within(60, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0)


def test_a_call_that_never_ends_is_not_waited_for():
    never = threading.Event()
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        within(0.01, never.wait)
    never.set()


@pytest.mark.usefixtures("online")
def test_a_hub_that_cannot_be_reached_is_told_of_once_and_not_asked_again(monkeypatch, caplog):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert not ask_hub_once("the weights of x")
    assert constants.HF_HUB_OFFLINE
    assert "http://127.0.0.1:9 cannot be reached (ConnectError): the weights of x" in caplog.text
    with pytest.raises(Exception, match="cannot find") as found:
        hf_hub_download("somebody/x", "model.safetensors")
    assert is_not_downloaded(found.value)


@pytest.mark.usefixtures("online")
def test_a_hub_that_is_silent_is_given_up_after_the_time(monkeypatch):
    monkeypatch.setattr(
        "fer_core.io.hub_reach.within", lambda _, call: within(0.01, threading.Event().wait)
    )
    assert not ask_hub_once("the weights of x")
    assert constants.HF_HUB_OFFLINE


def test_an_offline_client_is_left_alone(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("fer_core.io.hub_reach.within", None)
    assert ask_hub_once("the weights of x")


def test_other_errors_are_no_lack_of_a_download():
    assert not is_not_downloaded(ValueError("x"))
    assert not is_not_downloaded(None)
