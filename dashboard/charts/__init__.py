"""Data frames -> Plotly figures, a module a page. No Streamlit here: pages lay a theme over."""
