"""The pages of the dashboard: pick, call, show. Each file is one page, run by `app.py`."""
