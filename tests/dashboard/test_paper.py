"""Charts as figures for papers."""

import io
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from dashboard.analysis.audit import reliability_table
from dashboard.analysis.classes import confusion_frame, recall_table
from dashboard.analysis.comparison import noise_points, noise_summary, paired_gaps
from dashboard.analysis.noise import MEASURES, noise_caption
from dashboard.analysis.published import read_published
from dashboard.analysis.published_curves import reference_curves
from dashboard.charts.audit import curve_figure, reliability_figure, transition_figure
from dashboard.charts.changes import changes_figure
from dashboard.charts.classes import confusion_figure, recall_figure
from dashboard.charts.noise import noise_figure
from dashboard.charts.noise_rows import noise_rows_figure
from dashboard.charts.paper import PaperError, draw_page, paper_figure
from dashboard.charts.paper_traces import plain
from dashboard.charts.parallel import parallel_figure
from dashboard.charts.published import published_figure
from dashboard.charts.style import PAPER_WIDTHS, can_be_on_paper
from dashboard.data.names import read_folders
from dashboard.views.widgets import file_stem
from tests.dashboard.made_audits import CLASSES, make_audit

COLUMN, PAGE = PAPER_WIDTHS.values()
LONG = "a method with a very long name and options · " * 3
ACCURACY = MEASURES["Accuracy"]


@pytest.fixture(scope="module")
def runs(eight_records):
    return read_folders([eight_records])


@pytest.fixture(scope="module")
def charts(runs):
    """Charts with two panels one below the other, side by side, with categories; a matrix."""
    points = noise_points(runs.table)
    references = reference_curves(read_published(), points)
    noise = noise_figure(points, noise_summary(points), references, ACCURACY)
    noise.data[1].name = LONG
    run, *_ = runs.confusions
    confusion = runs.confusions[run]
    recalls = recall_table(runs.confusions, {run: "$ 50 % <b>"})
    tints = confusion.tints()
    changed = pd.DataFrame(
        {"class": ["anger", "fear"], "images": [40, 5], "gained": [8, 0], "lost": [0, 3]}
    )
    noisy = points[points["noise_percent"] == 30]
    rows = (noisy, noise_summary(noisy), references.head(0), MEASURES["Chosen epoch, flip TTA"])
    trust = dict.fromkeys(CLASSES, "#1F83C4")
    return {
        "noise": noise,
        "rows": noise_rows_figure(*rows, paired_gaps(noisy)),
        "recall": recall_figure(recalls, {run: "#1F83C4"}, tints),
        "confusion": confusion_figure(confusion_frame(confusion, True), True, tints),
        "changes": changes_figure(changed, "class", ("baseline · 30 % noise · 3 seeds", LONG)),
        "reliability": reliability_figure(reliability_table(make_audit()), trust),
    }


@pytest.mark.slow
@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("name", ["noise", "rows", "recall", "confusion", "changes", "reliability"])
def test_legend_caption_and_all_texts_are_inside_the_page(charts, name, width):
    with mpl.rc_context():
        page = draw_page(charts[name], width, "Data, split, noise, n, measure. " * 6)
        canvas = FigureCanvasAgg(page)
        canvas.draw()
        renderer = canvas.get_renderer()
        wide, high = page.bbox.width, page.bbox.height
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        parts = [*page.axes, *page.legends, *page.texts]
        boxes = [part.get_tightbbox(renderer) for part in parts]
    assert page.get_size_inches()[0] == pytest.approx(width)
    assert len(page.legends) == (name not in ("rows", "confusion"))
    for box in boxes:
        assert -1 <= box.x0 <= box.x1 <= wide + 1
        assert -1 <= box.y0 <= box.y1 <= high + 1
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_legend_and_caption_overlap_neither_each_other_nor_the_axes(charts):
    with mpl.rc_context():
        page = draw_page(charts["noise"], COLUMN, "A caption. " * 12)
        canvas = FigureCanvasAgg(page)
        canvas.draw()
        renderer = canvas.get_renderer()
        (legend,) = (one.get_window_extent(renderer) for one in page.legends)
        (caption,) = (one.get_window_extent(renderer) for one in page.texts)
        lowest = min(axes.get_tightbbox(renderer).y0 for axes in page.axes)
    assert caption.y1 <= legend.y0 + 1
    assert legend.y1 <= lowest + 1


@pytest.mark.slow
@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_panels_side_by_side_share_their_rows_and_have_titles_that_do_not_touch(charts, width):
    with mpl.rc_context():
        page = draw_page(charts["rows"], width, "")
        canvas = FigureCanvasAgg(page)
        canvas.draw()
        left, right = page.axes
        labels = [text.get_text() for text in left.get_yticklabels()]
        titles = [axes.xaxis.label.get_window_extent(canvas.get_renderer()) for axes in page.axes]
    assert labels == ["EAC\nmobilenetv2_100 · n = 2", "baseline\nmobilenetv2_100 · n = 2"]
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] > left.get_ylim()[1]
    assert titles[0].x1 < titles[1].x0


@pytest.mark.slow
def test_fonts_are_embedded_in_a_pdf(charts):
    pdf = paper_figure(charts["noise"], "PDF", COLUMN, "caption")
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    (box,) = set(re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", pdf))
    assert float(box) == pytest.approx(72 * COLUMN)


@pytest.mark.slow
def test_letters_are_outlined_in_an_svg(charts):
    svg = paper_figure(charts["noise"], "SVG", PAGE, "caption").decode()
    assert "<text" not in svg
    assert 'width="504pt"' in svg


@pytest.mark.slow
def test_the_ground_is_white_and_the_lines_are_in_the_colours_of_the_chart(charts):
    image = Image.open(io.BytesIO(paper_figure(charts["noise"], "PNG", COLUMN, "caption")))
    pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (pixels[0] == 255).all()
    assert (pixels == [0x1F, 0x83, 0xC4]).all(axis=1).any()


@pytest.mark.slow
def test_the_same_chart_gives_the_same_file(charts):
    first, second = (paper_figure(charts["recall"], "PDF", COLUMN) for _ in range(2))
    assert first == second


def test_parallel_coordinates_are_refused(charts):
    figure = go.Figure(go.Parcoords(dimensions=[{"label": "a", "values": [1, 2]}]))
    assert not can_be_on_paper(figure)
    with pytest.raises(PaperError, match="parcoords"):
        paper_figure(figure, "PDF", COLUMN)
    with pytest.raises(PaperError, match="EPS"):
        paper_figure(charts["recall"], "EPS", COLUMN)


def test_texts_lose_their_html_and_keep_their_letters():
    assert (
        plain('<span style="color:#fff">\N{BLACK SQUARE}</span> a &lt; b<br><b>c</b>') == "a < b\nc"
    )


def test_file_names_come_from_the_selection():
    assert file_stem("noise", ["FERPlus · 8 classes", "Mean class accuracy"]) == (
        "noise-ferplus-8-classes-mean-class-accuracy"
    )
    assert file_stem("a", ["эмоции/../../x"]) == "a-эмоции-..-..-x"
    assert len(file_stem("a", ["x" * 300])) < 100


def test_the_caption_has_data_split_noise_number_and_measure(runs):
    points = noise_points(runs.table)
    caption = noise_caption(points, noise_summary(points), ACCURACY)
    for words in ("Accuracy (%)", points["comparison"].iloc[0], "n = 2", "Symmetric noise: 30 %"):
        assert words in caption


@pytest.mark.slow
def test_bars_that_lie_are_drawn_in_rows_from_top_to_bottom_with_their_numbers(charts):
    with mpl.rc_context():
        (axes,) = draw_page(charts["changes"], COLUMN, "").axes
        gained, lost = ([bar.get_width() for bar in group] for group in axes.containers)
        texts = [text.get_text() for text in axes.texts]
    assert gained == [20, 0]
    assert lost == [0, -60]
    assert texts == ["8", "0", "0", "3"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_upright_bars_of_a_class_stand_side_by_side_at_its_name(charts):
    with mpl.rc_context():
        (axes,) = draw_page(charts["reliability"], COLUMN, "").axes
        estimated, known = ([bar.get_bbox() for bar in group] for group in axes.containers)
        labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels == list(CLASSES)
    for place, (left, right) in enumerate(zip(estimated, known, strict=True)):
        assert left.x1 == pytest.approx(right.x0) == pytest.approx(place)
    heights = [box.height for box in known]
    assert heights == pytest.approx(list(reliability_table(make_audit())["true"]))


@pytest.mark.parametrize("axis", ["Year", "Parameters"])
def test_names_of_published_results_are_written_beside_their_points(axis):
    facts = {"backbone": "resnet18", "trust": "paper", "kind": "other methods", "params_m": 11.2}
    points = pd.DataFrame([{"method": name, "year": 2022, "value": 90.0, **facts} for name in "ab"])
    with mpl.rc_context():
        (axes,) = draw_page(published_figure(points, "accuracy", axis), COLUMN, "").axes
        names = [text.get_text() for text in axes.texts]
        places = [tuple(text.xy) for text in axes.texts]
    assert names == ["a", "b"]
    assert places == [pytest.approx((2022 if axis == "Year" else 11.2, 90.0))] * 2


def test_the_line_of_guessing_and_decimals_of_cells_are_as_on_the_screen():
    points = pd.DataFrame({"recall": [0, 100], "precision": [90, 30], "score": "combined"})
    points = points.assign(low=points["precision"] - 5, high=points["precision"] + 5)
    tints = dict.fromkeys("ab", "#1F83C4")
    frame = pd.DataFrame([[99.7, 0.3], [50.0, 50.0]], index=list("ab"), columns=list("ab"))
    exact = transition_figure(frame, "Labels", tints)
    exact.update_traces(texttemplate="%{z:.1f}")
    with mpl.rc_context():
        (axes,) = draw_page(curve_figure(points, 12.5), COLUMN, "").axes
        dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
        (cells,) = draw_page(exact, COLUMN, "").axes
        texts = [text.get_text() for text in cells.texts]
    assert [list(line.get_ydata()) for line in dotted] == [[12.5, 12.5]]
    assert texts == ["99.7", "0.3", "50.0", "50.0"]


def test_an_axis_that_the_screen_hides_is_hidden_on_paper():
    drawn = pd.DataFrame({"run": ["a", "b"], "seed": [0, 1], "accuracy_percent": [70.0, 80.0]})
    with mpl.rc_context():
        (axes,) = draw_page(parallel_figure(drawn, "accuracy_percent"), COLUMN, "").axes
        assert not axes.xaxis.get_visible()
        assert axes.yaxis.get_visible()
