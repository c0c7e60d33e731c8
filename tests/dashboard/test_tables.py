"""The button that copies a table."""

from streamlit.testing.v1 import AppTest


def page():
    import pandas as pd
    import streamlit as st

    from dashboard.views.tables import show_table

    frame = pd.DataFrame({"accuracy": [79.04], "method": ["EAC"]})
    columns = {"accuracy": st.column_config.NumberColumn("Accuracy (%)", format="%.1f")}
    show_table(frame, "some", columns, rows=frame.assign(seed=1), caption="FERPlus")


def code_of(app, kind):
    app.session_state["copy-some"] = True
    app.session_state["copy-format-some"] = kind
    app.run()
    assert not app.exception
    return app.code[0].value


def test_the_text_is_made_when_the_button_is_pressed():
    app = AppTest.from_function(page).run()
    assert not app.code
    latex = code_of(app, "LaTeX")
    assert r"$79.0$ & EAC" in latex
    assert r"\caption{FERPlus}" in latex
    assert "| 79.0 | EAC |" in code_of(app, "Markdown")


def test_the_csv_has_every_column_under_its_own_name_in_full_precision():
    app = AppTest.from_function(page).run()
    assert code_of(app, "CSV").splitlines() == ["accuracy,method,seed", "79.04,EAC,1"]
