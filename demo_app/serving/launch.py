"""The options with which Gradio launches the page, its guards among them."""

from collections.abc import Collection
from typing import Any

from starlette.middleware import Middleware

from demo_app.render.theme import CSS, THEME
from demo_app.serving.body_limit import RequestLimit
from demo_app.serving.language_guard import LanguageGuard
from demo_app.serving.login_guard import LoginGuard
from demo_app.serving.route_guard import RouteGuard
from demo_app.serving.tools_guard import ToolsGuard


def launch_options(hosts: Collection[str] | None = ()) -> dict[str, Any]:
    """Options of `gradio.Blocks.launch`; new ones for every launch, for Gradio changes them.

    Args:
        hosts: names under which the page is reached, see `RouteGuard`.
    """
    guards = [
        Middleware(RequestLimit),
        Middleware(RouteGuard, hosts=hosts),
        Middleware(LoginGuard),
        Middleware(ToolsGuard),
        Middleware(LanguageGuard),
    ]
    return {
        "theme": THEME,
        "css": CSS,
        "max_file_size": "200mb",  # a video; see `Limits`
        "app_kwargs": {"middleware": guards},
        "run_history": False,
        "enable_monitoring": False,
        "share": False,
        "ssr_mode": False,
        "footer_links": ["api", "settings"],
        "state_session_capacity": 50,  # the state of a session holds one photograph
    }
