"""The sentences of the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from fer_core.inference.predictor import FacePrediction
from fer_core.taxonomy import Taxonomy

UNSURE_COLOUR = "#f5f5f5"  # not grey: that is neutral's

NO_FACE = (
    "No face found in this picture. A face should look towards the camera, stand upright, and "
    "fill at least a twentieth of the picture's shorter side."
)
UNREADABLE = (
    "This file cannot be read as a photograph. Please choose a JPEG, PNG or WebP picture; "
    "it may be damaged, or of another kind."
)
FACES_ALT = "The photograph with a numbered box around every face"
MAP_ALT = "The photograph with the map of the chosen class on the chosen face"
MODEL_INFO = "or type the USER/NAME of one on the Hugging Face Hub"
BESIDE_INFO = "or type the USER/NAME of one on the Hub"
BESIDE_INFO_FREE = "or type hf:USER/NAME of any image classifier of the Hub, or its folder"
THRESHOLD_INFO = "least probability for an answer"
CROP_ALTS = (
    "The aligned face as the model saw it",
    "The aligned face with its map",
    "The aligned face with the map of its mirror image, flipped back",
)
NO_PREDICTIONS = "What its probabilities are worth was not measured."
NO_LIVE_FACE = "No face in the picture. Look towards the camera, or come nearer."
UNREADABLE_FRAME = "A picture of the camera could not be read; the next one is tried."
LIVE_ALT = "The camera's picture with a numbered box and the map of every face"
LIVE_HINT = (
    "Start the camera: every picture is analysed by the computer that runs this page, drawn, and "
    "thrown away. Answers are smoothed over about half a second."
)
LIVE_NUMBER = "0: the largest. Or click on a face."
CAMERA_FAULTS = {
    "NotAllowedError": "The browser does not let this page use the camera. Allow it beside the "
    "address of the page, then try again.",
    "NotFoundError": "There is no camera. Connect one, then try again.",
    "NotReadableError": "The camera gives no picture: another program may be using it. Close that "
    "program, then try again.",
}
CAMERA_FORBIDDEN = (
    "Browsers lend the camera only to pages with an https:// address, and to pages of the computer "
    "itself (http://127.0.0.1)."
)
LIVE_WAITING = "<p>Frames per second, the last ten seconds and the probabilities appear here.</p>"
FAILED = "This did not work, and nothing was kept; the reason stands in the log of the program."
NOT_SURE = "not sure"
BATCH_NO_FACE = "no face found"
BATCH_NONE = "Choose some photographs first."
BATCH_STOPPED = "Stopped; nothing was kept."
BATCH_ENDPOINT = (
    "Analyse many photographs. Takes picture files, the name of a model (see /models) and the "
    "probability below which an answer is not sure. Returns a dictionary with a sentence and rows "
    "(one a face, as /analyse, with the file's name; a file without a face has a row whose problem "
    "says why), the rows as a CSV file, and a ZIP file of the photographs with boxes and maps."
)
BESIDE_ALT = "The chosen face with the map of the chosen class, as one of two models sees it"
FOREIGN_FILE = (
    "A file is read only after it was uploaded. Programs upload with handle_file of gradio_client, "
    "or by POST to /gradio_api/upload, and send the path that comes back."
)
FORGOTTEN = "The server no longer holds this photograph. Please choose it again."
ENDPOINT = (
    "Find every face of a photograph and name its class: with most models an expression. Takes a "
    "picture file, the name of a "
    "model (see /models) and the probability below which an answer is not sure. Returns a "
    "dictionary with a sentence and one row per face (face, emotion: its class, probability, sure, "
    "consistency of the maps of the face and its mirror image, box in pixels of the upright "
    "photograph, probabilities of all classes), and the photograph with the attention map of every "
    "face's class; a picture without a face gives no rows."
)
EXPLAIN_ENDPOINT = (
    "Draw the attention map of one class for one face. Takes a picture file, the name of a "
    "model, the number of the face (1 is the largest), a class (empty: the predicted one) and "
    "the opacity of the map in [0, 1]. Returns a sentence, the photograph with the map, and the "
    "face as the model saw it with the map."
)
MODELS_ENDPOINT = (
    "The models that can be asked: a list of name and card (Markdown), the default first."
)
ABOUT = """
**What the map means.** The model gives every class a map over the face. The mean of this map plus
one constant (the bias) is exactly the class's score, its logit; the percentages are the softmax of
the scores. So the map is not a guess made afterwards: it is the score, laid out in space. Drawn is
its positive part, smoothed, and scaled to its own strongest place: brightness tells places of one
map apart, it does not compare two maps.

**What it does not mean.** It shows where evidence comes from, not why a person feels something. An
expression is not a feeling: people smile when they are sad, and look stern when they concentrate.
The model learned how other people labelled faces, with their mistakes and their habits.

**Mirror check.** The model looks at every face and at its mirror image, and answers the mean of
both. Consistency says how far the two agree: what the two answers share, times the correlation of
the two maps. A low value is a warning. A high one is no proof, least of all of a model that was
trained to agree with itself (EAC): on test images the probability tells right answers from wrong
ones better (docs/experiments.md), so "not sure" goes by the probability.

**Privacy.** Photographs are analysed by the computer that runs this page and are sent nowhere else.
Nothing is kept: picture files are deleted after some minutes, what stands in memory within an
hour of closing the page, and everything when the program stops.

**Responsible use.** Inferring emotions of people at work or in education is prohibited in the
European Union (AI Act, Article 5(1)(f)), except for medical or safety reasons; elsewhere, people
must be told (Article 50(3)). Public models learn from research data such as FER2013, which does
not represent all people. Decide nothing about a person with this page.
"""


def title(taxonomy: Taxonomy) -> str:
    """Heading of the page, by the classes of its first model."""
    return f"Which {taxonomy.noun}, and where is the evidence?"


def introduction(taxonomy: Taxonomy) -> str:
    """What the page does, by the classes of its first model."""
    kind = "an expression" if taxonomy.emotions else f"one of {len(taxonomy.names)} classes"
    return f"Every face of a photograph gets {kind}, and a map of the places that spoke for it."


def sentence(text: str) -> str:
    """An error message as a sentence: a capital letter first, one full stop at the end."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def threshold_fault(threshold: float | None) -> str:
    """Why a threshold that a program sent is none; empty where it is one."""
    if threshold is not None and 0 <= threshold <= 1:
        return ""
    return f"threshold must be a number in [0, 1], got {threshold}."


def batch_hint(most: int) -> str:
    """What the batch tab does."""
    return (
        f"Up to {most} photographs are analysed one after the other. You get a table, the table as "
        "CSV with all probabilities, and the photographs with boxes and maps as ZIP."
    )


def batch_progress(done: int, every: int) -> str:
    """Where a batch stands."""
    return f"{done} of {every} photographs …"


def too_many_files(count: int, most: int) -> str:
    """Why a batch is not begun."""
    return f"These are {count} files; at most {most} are taken at once. Choose fewer."


def percent(probability: float) -> str:
    """A probability as whole percent; never 0 % or 100 % where that would be untrue."""
    if 0 < probability < 0.005:
        return "<1 %"
    if 0.995 <= probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"


def is_sure(face: FacePrediction, threshold: float) -> bool:
    """Whether the most probable class reaches the threshold, in [0, 1]."""
    return face.confidence >= threshold


def answer(face: FacePrediction, threshold: float) -> str:
    """The model's answer in a few words: ``anger 81 %`` or ``not sure (anger 38 %)``."""
    likeliest = f"{face.emotion} {percent(face.confidence)}"
    return likeliest if is_sure(face, threshold) else f"{NOT_SURE} ({likeliest})"


def colour(face: FacePrediction, threshold: float) -> str:
    """``#rrggbb`` of the answer on a photograph; nearly white where the model is not sure."""
    return face.taxonomy.colour_of(face.emotion) if is_sure(face, threshold) else UNSURE_COLOUR


def found(faces: Sequence[FacePrediction], threshold: float) -> str:
    """What was found in a photograph."""
    if not faces:
        return NO_FACE
    if len(faces) == 1:
        return f"One face: {answer(faces[0], threshold)}."
    unsure = sum(not is_sure(face, threshold) for face in faces)
    not_sure = f" Not sure of {unsure} of them." if unsure else ""
    return f"{len(faces)} faces. Choose one by its number, or click on it.{not_sure}"


def face_name(face: FacePrediction, number: int, threshold: float) -> str:
    """A face in the list of choices."""
    return f"{number} · {answer(face, threshold)}"


def only_beside(name: str) -> str:
    """Why a model of another project is not taken alone."""
    shown = name if len(name) <= 60 else f"{name[:60]}..."
    return (
        f"{shown} is a model of another project and has no attention maps: choose it under "
        "'Side by side with'"
    )


def foreign_model(library: str, labels: str) -> str:
    """What is to be known of a model of another project that stands beside.

    Args:
        library: that made it.
        labels: how its labels are read, as sentences.
    """
    return (
        f"A model of another project ({library}): it has no attention maps, so only its answer is "
        f"shown, and what its probabilities are worth is not known here. {labels}"
    )


def beside_fault(reason: str) -> str:
    """Why there is no second model beside."""
    return f" **No second model:** {sentence(reason)}"


def model_fault(reason: str, kept: str) -> str:
    """Why another model was not taken, and which one goes on answering."""
    return f"**Not changed:** {sentence(reason)} The answers still come from {kept}."


def sureness(threshold: float, answered: float, right: float, split: str) -> str:
    """What the threshold means on the model's evaluation split.

    Args:
        threshold: of "not sure", in [0, 1].
        answered: share of the images answered at it.
        right: share of these answered right; nan when none is answered.
        split: what the images are called, as ``the val split``.
    """
    if not answered:
        return f"At {percent(threshold)} this model answers none of the images of {split}."
    return (
        f"At {percent(threshold)} this model answers {percent(answered)} of the images of {split}, "
        f"and {percent(right)} of these answers are right."
    )


def model_line(facts: Mapping[str, Any], size: int) -> str:
    """One sentence about the model, from the facts it was saved with; no fact is made up.

    Args:
        facts: `TrainedModel.facts`.
        size: side of the input in pixels.
    """
    parts = [f"Model: sees faces at {size} x {size} pixels"]
    if "data" in facts:
        method = f" with {facts['method']}" if "method" in facts else ""
        parts.append(f"trained on {facts['data']}{method}")
    if facts.get("noise", "none") != "none":
        parts.append(
            f"{100 * float(facts.get('noise_rate', 0)):.0f} % {facts['noise']} label noise"
        )
    if "accuracy" in facts:
        split = f" on the {facts['eval_split']} split" if "eval_split" in facts else ""
        parts.append(f"accuracy {100 * float(facts['accuracy']):.1f} %{split}")
    if "mean_class_accuracy" in facts:
        parts.append(f"mean class accuracy {100 * float(facts['mean_class_accuracy']):.1f} %")
    return "; ".join(parts) + "."
