import pytest
from huggingface_hub import SpaceCardData

from demo_app.spaces.manifest import Space
from demo_app.spaces.trial import TrialError, start_once


def space(**options):
    card = SpaceCardData(title="t", sdk="gradio")
    return Space("demo", card, ("python", "-m", "demo_app"), options)


SERVES = """
import http.server, os
print("at", os.environ["GRADIO_SERVER_PORT"], flush=True)
port = int(os.environ["GRADIO_SERVER_PORT"])
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.mark.slow
def test_a_space_that_answers_is_stopped_again(tmp_path):
    (tmp_path / "app.py").write_text(SERVES)
    start_once(space(), tmp_path)


def test_a_space_that_ends_at_once_is_told_with_its_last_words(tmp_path):
    (tmp_path / "app.py").write_text("print('so far'); raise SystemExit('error: no model at x')")
    with pytest.raises(TrialError, match="demo Space ends at once with code 1: error: no model"):
        start_once(space(), tmp_path)


@pytest.mark.slow
def test_a_space_that_never_answers_is_given_up(tmp_path):
    (tmp_path / "app.py").write_text("import time; time.sleep(60)")
    with pytest.raises(TrialError, match="does not answer within 1 seconds"):
        start_once(space(), tmp_path, patience=0.6)
