"""Tables as CSV, to be saved by visitors."""

import pandas as pd

from fer_core.io.csv_cells import no_formula


def csv_text(table: pd.DataFrame) -> str:
    """The rows without their index; no cell and no column name is a formula."""
    return table.map(no_formula).rename(columns=no_formula).to_csv(index=False)
