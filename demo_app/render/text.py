"""The sentences of the page that hold figures, and those for programs, which are English."""

from collections.abc import Mapping, Sequence
from typing import Any

from demo_app.language import class_name, say, say_count
from fer_core.inference.face_prediction import FacePrediction
from fer_core.taxonomy import Taxonomy
from fer_core.video.series import person_label

UNSURE_COLOUR = "#f5f5f5"  # not grey: that is neutral's
NOT_SURE = "not sure"  # in tables and files; people read `class_name` of it
CAMERA_FAULTS = ("NotAllowedError", "NotFoundError", "NotReadableError")
BATCH_ENDPOINT = (
    "Analyse many photographs. Takes image files, the name of a model (see /models), the "
    "probability below which a prediction is not sure, and whether each image is one face already "
    "(cropped). Returns a dictionary with a sentence and "
    "rows (one per face, as in /analyse, with the file name; a file without a face has a row whose "
    "problem says why), the rows as a CSV file, and a ZIP file of the photographs with boxes and "
    "attention maps."
)
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
    "aligned face with the map. The map adds up to the score of the class, but is only partly "
    "local: a bright place is no proof that the face was judged by it."
)
MODELS_ENDPOINT = (
    "The models this page offers: a list of name and card (Markdown), the default first."
)


def title(taxonomy: Taxonomy) -> str:
    """Heading of the page, by the classes of its first model."""
    if taxonomy.emotions:
        return say("head.title_emotions")
    return say("head.title_classes", nouns=taxonomy.nouns.capitalize())


def introduction(taxonomy: Taxonomy) -> str:
    """What the page does, by the classes of its first model."""
    if taxonomy.emotions:
        return say("head.introduction_emotions")
    return say("head.introduction_classes", count=len(taxonomy.names))


def sentence(text: str) -> str:
    """An error message as a sentence: a capital letter first, one full stop at the end."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def camera_faults() -> dict[str, str]:
    """What to do about a camera that cannot be had, by the name of the browser's error."""
    return {name: say(f"camera.{name}") for name in CAMERA_FAULTS}


def threshold_fault(threshold: object) -> str:
    """Why a threshold that a program sent is none; empty where it is one."""
    if isinstance(threshold, int | float) and 0 <= threshold <= 1:
        return ""
    return say("page.threshold_fault", threshold=threshold)


def batch_hint(most: int) -> str:
    """What the batch tab does."""
    return say("batch.hint", most=most)


def batch_progress(done: int, every: int) -> str:
    """How far a batch is."""
    return say_count("batch.progress", every, done=done)


def too_many_files(count: int, most: int) -> str:
    """Why a batch is not started."""
    return say("page.too_many_files", count=count, most=most)


def slow_addresses(seconds: float) -> str:
    """Why the files of a request's web addresses are not waited for."""
    return say("page.slow_addresses", seconds=f"{seconds:.0f}")


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
    likeliest = f"{class_name(face.emotion)} {percent(face.confidence)}"
    return likeliest if is_sure(face, threshold) else f"{class_name(NOT_SURE)} ({likeliest})"


def colour(face: FacePrediction, threshold: float) -> str:
    """``#rrggbb`` of the prediction on a photograph; nearly white where the model is not sure."""
    return face.taxonomy.colour_of(face.emotion) if is_sure(face, threshold) else UNSURE_COLOUR


def found(faces: Sequence[FacePrediction], threshold: float) -> str:
    """What was found in a photograph."""
    if not faces:
        return say("photo.no_face")
    if len(faces) == 1:
        return say("photo.one_face", prediction=prediction(faces[0], threshold))
    unsure = sum(not is_sure(face, threshold) for face in faces)
    not_sure = f" {say('photo.faces_not_sure', count=unsure)}" if unsure else ""
    return f"{say('photo.faces', count=len(faces))}{not_sure}"


def face_name(face: FacePrediction, number: int, threshold: float) -> str:
    """A face in the list of choices."""
    return f"{number} · {prediction(face, threshold)}"


def person_name(face: int, person: str) -> str:
    """Who a face is in the visitor's language: the name that they gave, or "Face 3".

    Args:
        face: its number.
        person: as in the files, see `fer_core.video.series.person_label`.
    """
    return say("timeline.face", number=face) if person == person_label(face) else person


def only_second(name: str) -> str:
    """Why a model of another project cannot be used alone."""
    return say("photo.only_second", name=name if len(name) <= 60 else f"{name[:60]}...")


def foreign_model(library: str, labels: str) -> str:
    """What to know about a model of another project that is compared with ours.

    Args:
        library: transformers or timm.
        labels: how its labels are read, as sentences.
    """
    return say("photo.foreign", library=library, labels=labels)


def second_model_fault(reason: str) -> str:
    """Why there is no second model."""
    return f" {say('photo.no_second_model', reason=sentence(reason))}"


def model_fault(reason: str, kept: str) -> str:
    """Why the model was not changed, and which one is still used."""
    return say("controls.not_changed", reason=sentence(reason), kept=kept)


def coverage(threshold: float, covered: float, accuracy: float, images: str) -> str:
    """What the threshold means on the model's evaluation split.

    Args:
        threshold: of "not sure", in [0, 1].
        covered: share of the images whose probability reaches it.
        accuracy: on these images; nan when there are none.
        images: what the images are called, as ``the images of the val split``.
    """
    if not covered:
        return say("controls.nothing_covered", threshold=percent(threshold), images=images)
    shares = {"covered": percent(covered), "accuracy": percent(accuracy)}
    return say("controls.covered", threshold=percent(threshold), images=images, **shares)


def model_line(facts: Mapping[str, Any], size: int) -> str:
    """One sentence about the model, from the facts it was saved with; no fact is made up.

    Args:
        facts: `TrainedModel.facts`.
        size: side of the input in pixels.
    """
    parts = [say("controls.line_input", size=size)]
    if "data" in facts:
        key = "controls.line_data_method" if "method" in facts else "controls.line_data"
        parts.append(say(key, data=facts["data"], method=facts.get("method")))
    if facts.get("noise", "none") != "none":
        rate = float(facts.get("noise_rate") or 0)  # noise of raters or of a file has none
        key = "controls.line_noise" if rate else "controls.line_noise_kind"
        parts.append(say(key, rate=f"{100 * rate:.0f}", noise=facts["noise"]))
    if "accuracy" in facts:
        key = "controls.line_accuracy_split" if "eval_split" in facts else "controls.line_accuracy"
        value = f"{100 * float(facts['accuracy']):.1f}"
        parts.append(say(key, value=value, split=facts.get("eval_split")))
    if "mean_class_accuracy" in facts:
        value = f"{100 * float(facts['mean_class_accuracy']):.1f}"
        parts.append(say("controls.line_mean", value=value))
    return "; ".join(parts) + "."
