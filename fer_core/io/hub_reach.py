"""Whether the Hugging Face Hub can be reached: asked once and briefly.

Its client tries again for most of a minute, in silence, for each file that timm or `datasets` wants
of it. Where nothing answers, the client is told not to ask any more: what it has downloaded before
is used, and all else is refused at once.
"""

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds until the Hub must answer
Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """What a call gives, unless it takes too long; a name server that is silent counts as well.

    Args:
        seconds: that it may take.
        call: to make; when it takes longer its result is lost.

    Raises:
        TimeoutError: when it has not ended by then.
        Exception: what the call raises.
    """
    results: list[Result] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as error:  # handed to whoever waits
            errors.append(error)

    thread = threading.Thread(target=work, name="asking the Hub", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def ask_hub_once(wanted: str, seconds: float = PATIENCE) -> bool:
    """Ask the Hub for its front page; without any answer this process asks it no more.

    Args:
        wanted: what is asked for, as the log names it.
        seconds: until it must answer.

    Returns:
        Whether it answered, or the client is told to stay offline by HF_HUB_OFFLINE.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    if constants.HF_HUB_OFFLINE:
        return True
    try:
        within(seconds, lambda: get_session().head(constants.ENDPOINT, timeout=seconds))
    except Exception as error:  # the transport's own errors differ between versions of the client
        logger.warning(
            "The Hub at %s cannot be reached (%s): %s must have been downloaded before",
            constants.ENDPOINT,
            type(error).__name__,
            wanted,
        )
        _stay_offline()
        return False
    return True


def _stay_offline() -> None:
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = True
    library: Any = sys.modules.get("datasets")
    if library is not None:
        library.config.HF_HUB_OFFLINE = True


def is_not_downloaded(error: BaseException | None) -> bool:
    """Whether an error says that the client is offline and has no such file."""
    from huggingface_hub import errors

    kinds = (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled)
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__ or error.__context__
    return False
