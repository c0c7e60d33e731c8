"""The dashboard: streamlit run dashboard/app.py."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
# Streamlit puts this script's folder first on the path; the packages are one level up.
if str(ROOT) not in sys.path:
    sys.path.insert(1, str(ROOT))

from dashboard.views.sidebar import show_source  # noqa: E402 - needs the path above
from dashboard.views.widgets import mend_theme  # noqa: E402

VIEWS = Path(__file__).parent / "views"
SHARED = {"runs", "picture"}  # query parameters of every page


def main() -> None:
    """Lay out the navigation and the sidebar, then run the chosen page."""
    icon = Path(__file__).parent / "icon.svg"
    st.set_page_config(page_title="FER under label noise", page_icon=icon, layout="wide")
    home = st.Page(VIEWS / "home.py", title="Start", default=True)
    noise = st.Page(VIEWS / "noise.py", title="Noise robustness", url_path="noise")
    pages = [
        home,
        noise,
        st.Page(VIEWS / "curves.py", title="Training curves", url_path="curves"),
        st.Page(VIEWS / "classes.py", title="Classes", url_path="classes"),
        st.Page(VIEWS / "changes.py", title="Changed predictions", url_path="changes"),
        st.Page(VIEWS / "robustness.py", title="Robustness", url_path="robustness"),
        st.Page(VIEWS / "audit.py", title="Label audit", url_path="audit"),
        st.Page(VIEWS / "maps.py", title="Attention maps", url_path="looks"),
        st.Page(VIEWS / "runs.py", title="Runs", url_path="runs"),
        st.Page(VIEWS / "table.py", title="Results table", url_path="table"),
        st.Page(VIEWS / "cost.py", title="Cost", url_path="cost"),
        st.Page(VIEWS / "published.py", title="Published results", url_path="published"),
    ]
    page = st.navigation(pages)
    if page == home and set(st.query_params) - SHARED:
        # Noise robustness had this address, and links to its choices still open.
        st.switch_page(
            noise, query_params={name: st.query_params.get_all(name) for name in st.query_params}
        )
    mend_theme()
    show_source()
    page.run()


main()
