"""Where records come from: folders, the Hub, other programs; read once and cached."""
