"""The options with which Gradio launches the page, its guards among them."""

from typing import Any

from starlette.middleware import Middleware

from demo_app.render.theme import CSS, THEME
from demo_app.serving.body_limit import RequestLimit
from demo_app.serving.login_guard import LoginGuard
from demo_app.serving.tools_guard import ToolsGuard

# What Gradio 6 takes at launch. The state of a session holds one photograph.
LAUNCH: dict[str, Any] = {
    "theme": THEME,
    "css": CSS,
    "max_file_size": "200mb",  # a video; see `Limits`
    "app_kwargs": {
        "middleware": [
            Middleware(RequestLimit),
            Middleware(LoginGuard),
            Middleware(ToolsGuard),
        ],
    },
    "run_history": False,
    "share": False,
    "ssr_mode": False,
    "footer_links": ["api", "settings"],
    "state_session_capacity": 50,
}
