"""Label audit: images whose label is probably wrong, from the folders of ``fer-core audit``."""

from pathlib import Path

import streamlit as st

from dashboard.analysis.audit import (
    SHOWN_ROWS,
    curve_points,
    figures_table,
    headline,
    origin,
    ranking_table,
    reliability_table,
    subset_names,
    transition_frame,
)
from dashboard.charts.audit import (
    MOST_CURVES,
    curve_figure,
    reliability_figure,
    transition_figure,
)
from dashboard.data.audits import AuditFolder, find_audits
from dashboard.views.foreign_text import foreign
from dashboard.views.sidebar import chosen_sources
from dashboard.views.tables import show_table
from dashboard.views.widgets import show_chart, show_empty
from fer_core.audit.folder import SCORE, AuditError, read_audit
from fer_core.audit.gallery import Thumbnails, gallery_html, read_thumbnails
from fer_core.audit.result import SCORES, Audit
from fer_core.io.wording import counted
from fer_core.taxonomy import taxonomy_of

ABOUT = (
    "Which training labels are probably wrong: the images of a data set, ranked by `fer-core audit`"
    " with the outputs of a model that was trained on these labels."
)
COMMANDS = (
    "fer-core audit folder:faces --backbone mobilenetv2_100 --image-size 48 --out runs/audit-faces"
    "\n"
    "fer-core audit runs/RUN"
)
Gallery = tuple[str, int, int]  # the page, how many images it shows, of how many thumbnails
GALLERY_IMAGES = 200  # as many as a page sends at once
GALLERY_HEIGHT = 900  # pixels
NUMBER = st.column_config.NumberColumn
COLUMNS = {
    "rank": NUMBER("Rank", format="%d"),
    "image": "Image",
    "noisy_label": "Label",
    "suggested_label": "Suggested",
    "flagged": st.column_config.CheckboxColumn("Flagged"),
    "probability": NUMBER("P(label) (%)", format="%.1f", help="By the model, with flip TTA"),
    "rank_in_class": NUMBER("Rank in class", format="%d"),
    "true_label": "True label",
    "votes_against": NUMBER(
        "Raters on another class (%)",
        format="%.0f",
        help="Share of the annotator votes for the strongest class other than the label",
    ),
}
FIGURES = {
    "score": "Score",
    "auroc": NUMBER("AUROC", format="%.3f"),
    "auroc_low": NUMBER("95 % from", format="%.3f"),
    "auroc_high": NUMBER("95 % to", format="%.3f"),
    "average_precision": NUMBER("Average precision", format="%.3f"),
}
RULES = """
- **Flagged** are the images that `exclude.txt` drops and `corrected_labels.txt` relabels. They are
  the model's opinion: it also "corrects" what it has not understood.
- **P(label is right)** is the mean probability that the model gives to the label. The model has
  learned from these labels, so it considers a convention learned from them right.
- **Known** values are available where noise was added to labels, or where better labels exist.
  FER2013's labels and those of FER+ differ in convention for sadness and fear, not only in care.
- **Precision by recall**: going down the ranking, how many of the images so far have a wrong label,
  against how many of all wrong labels have been found. Dotted: what guessing finds.
- **Clear cases** leave out wrong labels on whose right class fewer than 80 % of the raters agree.
"""


@st.cache_data(show_spinner="Reading the audit", max_entries=3)
def load(path: Path, modified: int) -> tuple[Audit, Gallery | None] | str:
    """An audit and its gallery, again only if it was written again; or the problem with it."""
    del modified
    try:
        audit, thumbnails = read_audit(path), read_thumbnails(path)
        if thumbnails is None:
            return audit, None
        count = min(GALLERY_IMAGES, len(thumbnails.names))
        few = Thumbnails(thumbnails.names[:count], thumbnails.pixels[:count])
        return audit, (gallery_html(audit, few, str(path)), count, len(thumbnails.names))
    except AuditError as error:
        return str(error)


def pick_audit(found: list[AuditFolder]) -> AuditFolder:
    """The chosen audit; the latest by default."""
    names = {audit.name: audit for audit in found}
    if len(names) == 1:
        return found[0]
    name = st.selectbox("Audit", list(names), key="audit", bind="query-params")
    return names[str(name)]


def show_ranking(audit: Audit, name: str) -> None:
    """The ranked images, filtered."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    labels = left.multiselect(
        "Labels", audit.classes, key="audit_label", bind="query-params", placeholder="all"
    )
    flagged = right.toggle("Flagged only", key="audit_flagged", bind="query-params")
    rows = ranking_table(audit, labels, flagged=flagged)
    if rows.empty:
        st.info("No image passes these filters.")
        return
    columns = COLUMNS | {
        f"{SCORE}{audit.ranking}": NUMBER(f"Score: {audit.ranking}", format="%.3f")
    }
    shown = rows[[column for column in columns if column in rows.columns]].head(SHOWN_ROWS)
    show_table(shown, f"ranking-{name}", columns, rows=rows)
    about = next(text for name, text in SCORES.items() if name == audit.ranking)
    text = f"{counted(len(rows), 'image')}, ranked by {audit.ranking}: {about}."
    if len(rows) > SHOWN_ROWS:
        text += f" The first {SHOWN_ROWS:,} are shown; the CSV has all."
    st.caption(text)


def show_classes(audit: Audit, caption: str) -> None:
    """How far each label can be trusted, and what labels become."""
    taxonomy = taxonomy_of(audit.classes)
    tints = {name: taxonomy.colour_of(name) for name in audit.classes}
    table = reliability_table(audit)
    show_chart(reliability_figure(table, tints), table, "reliability", caption=caption)
    frames = {"Labels after correction (%)": transition_frame(audit)}
    if audit.true_labels is not None:
        frames["True labels (%)"] = transition_frame(audit, true=True)
    for column, (title, frame) in zip(st.columns(len(frames)), frames.items(), strict=True):
        with column:
            figure = transition_figure(frame, title, tints)
            show_chart(figure, frame.reset_index(), title.split()[0].lower(), caption=caption)


def show_figures(audit: Audit, caption: str) -> None:
    """What each score finds of the labels that are known to be wrong."""
    names = subset_names(audit)
    if not names:
        st.info(
            "How well the ranking works is measured where true labels are known: "
            "`fer-core audit URI --noise symmetric --noise-rate 0.3` injects noise."
        )
        return
    subset = "all"
    if len(names) > 1:
        subset = st.segmented_control(
            "Measured on",
            list(names),
            format_func=lambda name: names[name],
            default="all",
            required=True,
            key="audit_subset",
            bind="query-params",
        )
    table = figures_table(audit, str(subset))
    columns = FIGURES | {
        column: NUMBER(f"Precision at {int(column.split('_')[1]):,} (%)", format="%.1f")
        for column in table.columns
        if column.startswith("first_")
    }
    show_table(table, "audit-scores", columns, caption=caption)
    chosen = st.multiselect(
        "Scores",
        list(table["score"]),
        default=list(table["score"])[:2],
        max_selections=MOST_CURVES,
        key="audit_score",
        bind="query-params",
    )
    part = (audit.measured or {})[str(subset)]
    points = curve_points(audit, str(subset), chosen)
    figure = curve_figure(points, 100 * part["wrong"] / part["images"])
    show_chart(figure, points, "precision-recall", caption=caption)


def show_gallery(gallery: Gallery | None) -> None:
    """The images, to keep, relabel or drop; only where the audit has left thumbnails."""
    if gallery is None:
        st.info("This audit has no thumbnails: run fer-core audit without `--gallery 0`.")
        return
    page, shown, images = gallery
    st.caption(
        f"The first {shown:,} of {images:,} images of `gallery.html`, which shows "
        "all. Click into the gallery, then decide by keyboard."
    )
    st.iframe(page, height=GALLERY_HEIGHT, alt="Images to keep, relabel or drop")


st.title("Label audit")
st.markdown(ABOUT)
found = find_audits(chosen_sources())
for audit_folder in found:
    if audit_folder.problem:
        st.warning(audit_folder.problem)
readable = [audit_folder for audit_folder in found if not audit_folder.problem]
if not readable:
    show_empty(
        "No audit yet. Audit a data set or a finished run; folders in the runs folder and in its "
        "runs are found:",
        COMMANDS,
    )
else:
    chosen = pick_audit(readable)
    loaded = load(chosen.path, chosen.modified)
    if isinstance(loaded, str):
        st.error(foreign(loaded))
    else:
        audit, gallery = loaded
        about = origin(audit)
        st.markdown(f"##### {foreign(headline(audit))}")
        st.caption(foreign(about))
        ranking, images, classes, scores = st.tabs(["Ranking", "Images", "Classes", "Scores"])
        with ranking:
            show_ranking(audit, chosen.path.name)
        with images:
            show_gallery(gallery)
        with classes:
            show_classes(audit, about)
        with scores:
            show_figures(audit, about)
        with st.expander("How to read this"):
            st.markdown(RULES)
