"""Image files and safely written files."""
