"""Where the project lies."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
APP = PROJECT / "dashboard" / "app.py"
