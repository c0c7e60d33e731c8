"""What happens to each class: confusion matrices."""

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.style import finish


def confusion_figure(table: pd.DataFrame, normalised: bool) -> go.Figure:
    """Heat map of `curves.confusion_frame`: rows are labels, columns predictions."""
    unit = " % of the label" if normalised else " images"
    shown = ".0f" if normalised else "d"
    heat = go.Heatmap(
        z=table.to_numpy(),
        x=list(table.columns),
        y=list(table.index),
        colorscale="Blues",
        zmin=0,
        zmax=100 if normalised else None,
        texttemplate=f"%{{z:{shown}}}",
        hovertemplate=f"label %{{y}}<br>answered %{{x}}<br>%{{z:.4g}}{unit}<extra></extra>",
        showscale=False,
        xgap=1,
        ygap=1,
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title="Prediction", showgrid=False, tickangle=-35)
    figure.update_yaxes(title="Label", autorange="reversed", showgrid=False)
    title = "Confusion matrix (% of each label)" if normalised else "Confusion matrix (images)"
    return finish(figure, title)
