"""What is written from run records and measurements: text, JSON, tables, figures."""
