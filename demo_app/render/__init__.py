"""What a visitor sees: text, theme, boxes, panels and timelines."""
