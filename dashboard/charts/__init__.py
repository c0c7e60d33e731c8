"""Data frames -> Plotly figures and images, without Streamlit, whose pages add a theme."""
