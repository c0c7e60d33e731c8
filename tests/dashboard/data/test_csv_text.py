import csv
import io

import pandas as pd

from dashboard.data.csv_text import csv_text


def test_names_of_runs_and_columns_are_no_formulas():
    table = pd.DataFrame({"run": ["=cmd()", "plain"], "=sum": ["@x", None], "value": [-1.5, 2]})
    rows = list(csv.reader(io.StringIO(csv_text(table))))
    assert rows == [["run", "'=sum", "value"], ["'=cmd()", "'@x", "-1.5"], ["plain", "", "2.0"]]
    assert table["run"].tolist() == ["=cmd()", "plain"]
