"""The HTML report: the charts and tables of all pages in one file."""
