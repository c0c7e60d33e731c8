"""Who looks at a page: somebody at this computer, or somebody elsewhere.

Those elsewhere see the sources that the dashboard was started with. They name no folders and no
data sets of the Hub, which would be read with the rights and the token of the one who started it.
"""

from collections.abc import Mapping

PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")


def is_elsewhere(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a visitor is at another computer.

    Args:
        address: IP address as Streamlit reports it; None for this computer.
        headers: of the request; a proxy on this computer names the client there.
    """
    return address is not None or any(name.lower() in PROXY_HEADERS for name in headers)


def is_stranger() -> bool:
    """Whether the page that is being drawn is for a visitor at another computer."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    if get_script_run_ctx(suppress_warning=True) is None:  # no page: the export, for example
        return False
    return is_elsewhere(st.context.ip_address, st.context.headers)
