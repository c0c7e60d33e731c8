"""The static page, which predicts in the visitor's browser: ``python -m demo_app.page.build``."""
