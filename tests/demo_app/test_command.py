import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from gradio_client import Client, handle_file

from demo_app.__main__ import main
from demo_app.render.text import introduction
from fer_core.emotions import EIGHT_CLASSES
from fer_core.models.saved_model import WEIGHTS_FILE
from fer_core.taxonomy import taxonomy_of
from tests.demo_app.conftest import free_port
from tests.project import PROJECT


@pytest.fixture(scope="session")
def start(warm_server):
    """``start(*arguments, **environment)``: the program, in a process of its own."""

    def call(*arguments, **environment):
        return subprocess.Popen(
            [warm_server, "-m", "demo_app", *map(str, arguments)],
            env={**os.environ, **environment},
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call


@pytest.fixture(scope="session")
def running(start):
    """The program with its page; gives the process and the address."""

    @contextmanager
    def run(*arguments, **environment):
        port = free_port()
        program = start("--port", port, *arguments, **environment)
        try:
            address = f"http://127.0.0.1:{port}"
            said = []  # libraries may speak first
            for line in program.stderr:
                said.append(line)
                if line.startswith(f"The demo is at {address}"):
                    break
            else:
                pytest.fail(f"the program ended without a page: {''.join(said)}")
            yield program, address
        finally:
            program.kill()
            program.communicate()

    return run


def run_main(monkeypatch, *arguments):
    """The message with which the program ends."""
    words = ("demo_app", "--port", str(free_port()), *arguments)
    monkeypatch.setattr(sys, "argv", list(words))
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


@pytest.mark.slow
def test_a_taken_port_is_one_sentence(start, address):
    port = address.rpartition(":")[2]
    program = start("--port", port)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 1
    assert errors.startswith(f"error: cannot listen on 127.0.0.1:{port}")
    assert "choose another with --port" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--help",), ("--port", "0")])
@pytest.mark.slow
def test_what_needs_no_model_waits_for_none(arguments):
    code = (
        "import sys; from demo_app.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print('torch' in sys.modules, 'gradio' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        timeout=60,
        check=True,
    )
    assert done.stdout.endswith("False False\n")


def test_a_folder_without_a_model_is_one_sentence(monkeypatch, tmp_path, model_folder):
    message = run_main(monkeypatch, "--model", str(model_folder), str(tmp_path))
    assert message.startswith(f"error: no model at {tmp_path}")


@pytest.mark.slow
def test_a_model_that_breaks_when_it_is_loaded_ends_the_program_with_one_sentence(
    start, tmp_path, model_folder
):
    folder = tmp_path / "broken"
    shutil.copytree(model_folder, folder)
    (folder / WEIGHTS_FILE).write_bytes(b"none")
    program = start("--port", free_port(), "--model", folder)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 1
    assert re.search(r"^error: the model at broken cannot be loaded: .+$", errors, re.MULTILINE)
    assert "Traceback" not in errors


def test_a_model_that_the_hub_cannot_give_is_one_sentence(monkeypatch):
    message = run_main(monkeypatch, "--model", "some/model")
    assert message.startswith(
        "error: the model some/model is not on this computer, and HF_HUB_OFFLINE"
    )


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_port_out_of_range_is_one_sentence(monkeypatch, port):
    assert run_main(monkeypatch, "--port", port) == f"error: port must be in [1, 65535], got {port}"


def test_a_host_of_another_computer_is_one_sentence(monkeypatch):
    message = run_main(monkeypatch, "--host", "203.0.113.1")
    assert message.startswith("error: cannot listen on 203.0.113.1:")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--max-video-seconds", "0", "max_video_seconds must be a number above 0, got 0"),
        ("--max-video-seconds", "nan", "max_video_seconds must be a number above 0, got nan"),
        ("--max-file-megabytes", "0", "max_file_megabytes must be at least 1, got 0"),
        ("--auth", "/nowhere", "cannot read the accounts in /nowhere: No such file or directory"),
    ],
)
def test_limits_that_let_nothing_through_are_one_sentence(monkeypatch, option, value, words):
    assert run_main(monkeypatch, option, value) == f"error: {words}"


def test_without_the_library_of_mcp_the_option_is_one_sentence(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "mcp" else find(name, *rest),
    )
    message = run_main(monkeypatch, "--mcp")
    assert re.search(r"--mcp needs .*pip install --group mcp", message)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.slow
def test_a_stopped_program_leaves_no_files_behind(running, model_folder, tmp_path):
    with running("--model", model_folder, TMPDIR=str(tmp_path)) as (program, _):
        assert list(tmp_path.rglob("*.jpeg"))
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
        assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def closed_page(running, model_folder):
    """A page for one account that takes files of one megabyte."""
    options = ("--model", model_folder, "--max-file-megabytes", 1)
    with running(*options, FER_DEMO_AUTH="ada:s3cret-word") as (_, address):
        yield address


@pytest.mark.slow
def test_without_an_account_nothing_of_the_page_can_be_had(closed_page):
    for path in ("/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=a"):
        assert httpx.get(f"{closed_page}{path}").status_code == 401
    assert httpx.post(f"{closed_page}/gradio_api/upload").status_code == 401
    assert introduction(taxonomy_of(EIGHT_CLASSES)) not in httpx.get(closed_page).text
    with pytest.raises(ValueError, match="Could not login"):
        Client(closed_page, auth=("ada", "wrong"), verbose=False)


@pytest.mark.slow
def test_an_account_opens_the_page(closed_page, portrait, tmp_path):
    portrait.save(tmp_path / "photo.png")
    client = Client(
        closed_page, auth=("ada", "s3cret-word"), verbose=False, download_files=tmp_path
    )
    answer, _ = client.predict(handle_file(tmp_path / "photo.png"), api_name="/analyse")
    assert len(answer["faces"]) == 1


@pytest.mark.slow
def test_after_the_login_the_page_is_there_and_refuses_files_above_the_limit(closed_page):
    with httpx.Client(base_url=closed_page) as visitor:
        visitor.post("/login", data={"username": "ada", "password": "s3cret-word"})
        assert introduction(taxonomy_of(EIGHT_CLASSES)) in visitor.get("/").text
        for size, status in ((900_000, 200), (1_200_000, 413)):
            sent = visitor.post("/gradio_api/upload", files={"files": ("a.jpg", b"0" * size)})
            assert sent.status_code == status
