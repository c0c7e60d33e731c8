"""What guards the server: login, size limits, visitors' files, addresses on the web."""
