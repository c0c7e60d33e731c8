"""The options with which Gradio launches the page, its guards among them."""

from typing import Any

from starlette.middleware import Middleware

from demo_app.render.theme import CSS, THEME
from demo_app.serving.body_limit import RequestLimit
from demo_app.serving.login_guard import LoginGuard
from demo_app.serving.tools_guard import ToolsGuard


def launch_options() -> dict[str, Any]:
    """Options of `gradio.Blocks.launch`; new ones for every launch, for Gradio changes them."""
    guards = [Middleware(RequestLimit), Middleware(LoginGuard), Middleware(ToolsGuard)]
    return {
        "theme": THEME,
        "css": CSS,
        "max_file_size": "200mb",  # a video; see `Limits`
        "app_kwargs": {"middleware": guards},
        "run_history": False,
        "share": False,
        "ssr_mode": False,
        "footer_links": ["api", "settings"],
        "state_session_capacity": 50,  # the state of a session holds one photograph
    }
