"""The parts of a face, drawn on a `Canvas` in the order in which they cover each other."""

import numpy as np

from fer_core.datasets.synthetic.canvas import (
    ARC,
    EYE_Y,
    MOUTH_Y,
    NOSE_Y,
    SIDES,
    Canvas,
    Colour,
    Looks,
    curve,
    outline,
    oval,
    tint,
)
from fer_core.datasets.synthetic.expressions import Actions

TEETH = (232, 226, 214)
THROAT = (58, 22, 24)
LENS_RIM = (38, 34, 36)


def draw_head(canvas: Canvas, looks: Looks, actions: Actions, clothes: Colour) -> None:
    """Hair behind the head, neck, shoulders, ears and the bare face."""
    if looks.long_hair:
        fall = oval(0, 0.25, 1.2 * looks.volume, 1.55)
        canvas.fill(fall, tint(looks.hair, 0.75), None, relief=60)
    neck = np.array([(-0.56, 0.7), (0.56, 0.7), (0.66, 2.1), (-0.66, 2.1)])
    canvas.fill(neck, tint(looks.skin, 0.86), None, relief=0)
    slope = 1.78 + 0.9 * np.abs(ARC) ** 3  # (13,) from the neck down to both arms
    slope[5:8] += (0.16, 0.22, 0.16)
    body = np.concatenate([np.stack([2.1 * ARC, slope], axis=1), [(2.3, 5.5), (-2.3, 5.5)]])
    canvas.fill(body, clothes, None, relief=0)
    for side in SIDES:
        ear = oval(side * (looks.width + 0.03), 0.08, 0.12, 0.28)
        canvas.fill(ear, tint(looks.skin, 0.88, 1.04), None, relief=90)
    skull = oval(0, -0.45, looks.width * looks.volume, 0.95 * looks.volume + 0.1)
    canvas.fill(skull, looks.hair, None, relief=110)
    rim = outline(looks, actions)
    canvas.shadow(rim * (0.85, 1.0) + (0, 0.16), 0.6, None)
    canvas.fill(rim, looks.skin, None, relief=255)
    canvas.spare(rim)


def draw_hair(canvas: Canvas, looks: Looks) -> None:
    """The hair over the forehead, with its parting."""
    parted = ARC * 0.97 * looks.width
    dip = 0.42 * np.abs(ARC - looks.parting) ** 1.5
    front = np.stack([parted, looks.hairline + dip], axis=1)  # (13, 2) hairline, left to right
    top = np.stack([np.cos(np.pi * (1 - ARC) / 2), -np.sin(np.pi * (1 - ARC) / 2)], axis=1)
    top = top * (looks.width * looks.volume, 0.95 * looks.volume + 0.1) + (0, -0.45)
    canvas.fill(np.concatenate([front, top[::-1]]), looks.hair, None, relief=110)
    for index, place in enumerate(np.linspace(-0.85, 0.85, 9)):
        strand = curve(looks.parting * 0.6, -1.42, place * looks.width, -0.98, -0.12)
        canvas.line(strand, tint(looks.hair, (1.25, 0.8, 1.1)[index % 3]), 0.03, None)


def draw_nose(canvas: Canvas, looks: Looks, actions: Actions) -> None:
    """Wings, nostrils and the folds that run from the nose to the mouth."""
    wide = looks.nose * (1 + 0.2 * actions.nose_wrinkle + 0.08 * max(actions.lip_corner, 0))
    base = NOSE_Y - 0.07 * actions.nose_wrinkle
    for side in SIDES:
        nostril = oval(side * wide * 0.52, base + 0.02, 0.055, 0.030 + 0.01 * actions.nose_wrinkle)
        canvas.fill(nostril, tint(looks.skin, 0.36), 0.08)
        canvas.crease(oval(side * wide * 0.86, base - 0.03, 0.07, 0.09)[:27], 0.28, 0.03)
        fold = max(actions.lip_corner, 0.0) + 1.1 * actions.nose_wrinkle + 0.6 * actions.upper_lip
        smile = curve(side * wide * 1.15, base - 0.02, side * 0.52, MOUTH_Y - 0.04, 0.0)
        canvas.crease(smile + (side * 0.06, 0) * (1 - ARC[:, None] ** 2), 0.10 + 0.42 * fold, 0.05)
        for row in (0.0, 0.10):
            wrinkle = curve(side * 0.03, -0.02 + row, side * 0.15, -0.10 + row, 0.02)
            canvas.crease(wrinkle, 0.6 * actions.nose_wrinkle, 0.035)
    canvas.crease(curve(-wide * 0.8, base + 0.03, wide * 0.8, base + 0.03, 0.04), 0.4, 0.05)


def draw_eyes(canvas: Canvas, looks: Looks, actions: Actions, gaze: tuple[float, float]) -> None:
    """White, iris, pupil, lids and lashes of both eyes."""
    wide = looks.eye_size
    upper = wide * np.clip(0.50 + 0.34 * actions.lid_open - 0.16 * actions.lid_tight, 0.10, 0.95)
    lower = wide * np.clip(0.30 + 0.08 * actions.lid_open - 0.26 * actions.lid_tight, 0.0, 0.45)
    iris = 0.47 * wide
    for side in SIDES:
        x = side * looks.eye_x
        top = curve(x - wide, EYE_Y + 0.01, x + wide, EYE_Y + 0.01, -upper)
        bottom = curve(x + wide, EYE_Y + 0.01, x - wide, EYE_Y + 0.01, lower)
        socket = oval(x, EYE_Y - 0.02, wide * 1.25, wide * 0.95)
        canvas.shadow(socket, 0.20)
        canvas.fill(np.concatenate([top, bottom]), (226, 222, 218))
        look = (x + gaze[0], EYE_Y - 0.02 + gaze[1])
        canvas.fill(oval(*look, iris, iris), tint(looks.iris, 0.8))
        canvas.fill(oval(*look, iris * 0.48, iris * 0.48), (12, 10, 12))
        canvas.fill(oval(look[0] - 0.03, look[1] - 0.035, 0.022, 0.022), (240, 240, 240))
        lid = tint(looks.skin, 0.93, 1.02)
        above = curve(x + wide, EYE_Y + 0.01, x - wide, EYE_Y + 0.01, -wide * 1.05)
        below = curve(x - wide, EYE_Y + 0.01, x + wide, EYE_Y + 0.01, wide * 0.75)
        canvas.fill(np.concatenate([top, above]), lid)
        canvas.fill(np.concatenate([bottom, below]), lid)
        canvas.line(top, tint(looks.skin, 0.22), 0.042)
        canvas.line(bottom, tint(looks.skin, 0.62), 0.018)
        canvas.crease(top - (0, 0.065), 0.5, 0.03)
        pouch = curve(x - wide * 0.9, EYE_Y + 0.10, x + wide * 0.9, EYE_Y + 0.10, 0.09)
        canvas.crease(pouch, 0.16 + 0.35 * max(actions.lid_tight, 0), 0.035)


def draw_brows(canvas: Canvas, looks: Looks, actions: Actions) -> None:
    """Brows, the furrow between them and the lines of the forehead."""
    lower = actions.brow_lower
    inner = looks.brow_y + 0.05 - 0.17 * actions.brow_inner + 0.16 * lower
    outer = looks.brow_y + 0.07 - 0.15 * actions.brow_outer + 0.05 * lower
    for side in SIDES:
        x0, x1 = side * (0.19 - 0.05 * lower), side * (looks.eye_x + 0.28)
        arch = -0.07 - 0.05 * actions.brow_outer + 0.03 * lower
        upper_edge = curve(x0, inner - looks.brow_thick * 0.5, x1, outer, arch - 0.02)
        lower_edge = curve(x1, outer, x0, inner + looks.brow_thick * 0.5, arch + 0.02)
        canvas.fill(np.concatenate([upper_edge, lower_edge]), tint(looks.hair, 0.75))
        furrow = np.array([(side * 0.07, inner - 0.05), (side * 0.05, inner + 0.16)])
        canvas.crease(furrow, 0.65 * lower, 0.035)
    for row in (0.16, 0.27):
        lift = 0.45 * actions.brow_inner + 0.25 * actions.brow_outer
        y = looks.brow_y - row - 0.1
        canvas.crease(curve(-0.45, y, 0.45, y, -0.03), 0.6 * lift, 0.03)


def draw_mouth(canvas: Canvas, looks: Looks, actions: Actions) -> float:
    """Lips, teeth and the open mouth; returns how far the mouth's centre moved down."""
    gap = 0.48 * max(actions.mouth_open - 0.08, 0.0)
    half = looks.mouth * (1 + 0.30 * actions.lip_stretch + 0.12 * max(actions.lip_corner, 0))
    half *= 1 - 0.34 * actions.mouth_open * (1 - 0.6 * max(actions.lip_corner, 0))
    full = looks.lip_full * (1 - 0.65 * min(actions.lip_press, 1.2))
    raised = 0.13 * max(actions.upper_lip - 0.12, 0.0)
    one = actions.lip_one_side
    corner = -0.03 - 0.17 * actions.lip_corner + 0.35 * gap  # y of the corners against the centre
    tilt = np.where(ARC * one > 0, -0.17 * abs(one) * np.abs(ARC) ** 1.5, 0.0)
    x = ARC * half * (1 + 0.12 * abs(one) * (ARC * one > 0))
    bow = 1 - ARC**2
    line = MOUTH_Y + corner * np.abs(ARC) ** 1.7 + tilt  # (13,) where closed lips meet
    inner_top = line - raised * bow * 0.9
    inner_low = line + gap * bow + 0.12 * raised * bow
    outer_top = inner_top - full * bow**0.7 * (1 - 0.22 * np.exp(-((ARC / 0.16) ** 2)))
    outer_low = inner_low + full * 1.25 * bow**0.8

    def band(top: np.ndarray, low: np.ndarray) -> np.ndarray:
        return np.concatenate([np.stack([x, top], 1), np.stack([x, low], 1)[::-1]])

    canvas.shadow(band(outer_low - 0.02, outer_low + 0.10 * bow), 0.30)
    canvas.fill(band(outer_top, inner_top + 0.01), tint(looks.lips, 0.88))
    canvas.fill(band(inner_low - 0.01, outer_low), looks.lips)
    opening = inner_low - inner_top
    if opening.max() > 0.03:
        canvas.fill(band(inner_top, inner_low), THROAT)
        teeth = np.minimum(opening, 0.11) * (np.abs(ARC) < 0.95)
        canvas.fill(band(inner_top, inner_top + teeth), TEETH)
        tongue = np.maximum(inner_low - 0.10, inner_top + teeth)
        canvas.fill(band(np.minimum(tongue, inner_low), inner_low), (150, 70, 72))
    else:
        canvas.line(np.stack([x, line], 1), tint(looks.lips, 0.42), 0.03)
    for side in (0, -1):
        spot = oval(x[side], line[side], 0.05, 0.05)
        canvas.shadow(spot, 0.35)
    return float((outer_top[6] + outer_low[6]) / 2 - MOUTH_Y)


def draw_glasses(canvas: Canvas, looks: Looks) -> None:
    """Round-ish rims, a bridge and the arms."""
    for side in SIDES:
        rim = oval(side * looks.eye_x, EYE_Y + 0.03, 0.34, 0.27)
        canvas.line(np.concatenate([rim, rim[:2]]), LENS_RIM, 0.04, 0.10)
        arm = np.array([(side * (looks.eye_x + 0.34), EYE_Y), (side * 0.98, EYE_Y - 0.04)])
        canvas.line(arm, LENS_RIM, 0.04, 0.05)
    canvas.line(curve(-0.10, EYE_Y, 0.10, EYE_Y, -0.05), LENS_RIM, 0.04, 0.15)
