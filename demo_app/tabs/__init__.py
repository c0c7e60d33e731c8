"""One module per tab of the page: ``build`` lays it out and connects its events, nothing more."""
