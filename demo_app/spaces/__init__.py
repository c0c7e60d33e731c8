"""The Hugging Face Spaces, from one manifest: ``python -m demo_app.spaces``."""
