"""The part of the batch tab that compares models, without a browser."""

import gradio as gr
import pytest

from demo_app.tabs.model_table import TableView


@pytest.fixture
def view():
    with gr.Blocks():
        buttons = (gr.Button(), gr.Button())
        return TableView(*buttons, gr.HTML(), gr.DownloadButton(), gr.DownloadButton(), gr.State())


def test_names_of_a_visitors_file_are_no_html(view):
    shown = view.show("no place <img src=x onerror=alert(1)>.jpg")[view.result]
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in shown
