"""Run records -> tables: what each page shows, as pandas data frames."""
