"""What all that talk to the Hugging Face Hub share, without torch: names, and why it refuses.

A refusal is one sentence, and never contains an access token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

# The Hub's own rules for names, of a user and of a repository each.
NAME_PART = r"[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?"


class Wanted(NamedTuple):
    """What is asked for.

    Attributes:
        noun: what it is, as ``model``.
        name: what messages call it.
        repository: ``USER/NAME``.
        revision: branch, tag or commit; empty for the newest.
        page: address of the repository's page.
    """

    noun: str
    name: str
    repository: str
    revision: str
    page: str


def is_refusal(error: Exception) -> bool:
    """Whether the Hub itself answered, and not with a failure of its own."""
    from huggingface_hub.errors import HfHubHTTPError

    return isinstance(error, HfHubHTTPError) and error.response.status_code < 500


def no_answer(wanted: Wanted, error: Exception) -> str:
    """Why the Hub does not tell what a repository holds."""
    from huggingface_hub import errors

    noun, name = wanted.noun, wanted.name
    if isinstance(error, errors.GatedRepoError):
        return f"the {noun} {name} asks for consent to its terms: give it at {wanted.page}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"no {noun} {name} on the Hub that may be read here: check the spelling; a private "
            "one needs `hf auth login`"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"the {noun} {wanted.repository} has no revision {wanted.revision!r}: leave it out to "
            "get the newest one"
        )
    if isinstance(error, errors.HfHubHTTPError):
        code = error.response.status_code
        if code == 401:
            return f"the Hub refuses the stored access token, asked for {name}: `hf auth login`"
        return f"the Hub answers HTTP {code}, asked for {name}: try again later"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return f"the {noun} {name} is not on this computer, and HF_HUB_OFFLINE forbids to fetch it"
    return f"{unreachable(error)}, asked for {name}: check the network, or try again later"


def unreachable(error: Exception) -> str:
    """That the Hub cannot be reached, and by what kind of error; the start of a sentence."""
    from huggingface_hub import constants

    return f"the Hub at {constants.ENDPOINT} cannot be reached ({type(error).__name__})"


@contextmanager
def quiet_client() -> Iterator[None]:
    """No progress bars of the Hub's client."""
    from huggingface_hub import utils

    if utils.are_progress_bars_disabled():
        yield
        return
    utils.disable_progress_bars()
    try:
        yield
    finally:
        utils.enable_progress_bars()
