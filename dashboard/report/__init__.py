"""A page as a report: its parts, as HTML or as a file of figures and tables."""
