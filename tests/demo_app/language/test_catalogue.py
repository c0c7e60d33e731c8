import ast
import re
import string
import unicodedata
from pathlib import Path

import pytest

import demo_app
from demo_app.language import (
    DEFAULT,
    LANGUAGES,
    catalogue,
    movement_name,
    say,
    say_count,
    speaking,
)
from demo_app.render.text import NOT_SURE
from demo_app.tabs.video_layout import DOWNLOADS
from fer_core.emotions import EIGHT_CLASSES
from fer_core.landmarks.movements import MOVEMENTS
from fer_core.reporting.map_files import MAPS_FILE, read_maps
from fer_core.weights import BUNDLED

SOURCES = sorted(
    path for path in Path(demo_app.__file__).parent.rglob("*.py") if "spaces" not in path.parts
)
SCRIPTS = sorted(
    path
    for kind in ("js/*.js", "*.html")
    for path in (Path(demo_app.__file__).parent / "page").glob(kind)
)
SPEAKERS = {"say", "say_count", "fixed"}


def holes(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_every_language(language):
    assert set(catalogue(language)) == set(catalogue(DEFAULT))
    assert all(catalogue(language).values())


@pytest.mark.parametrize("language", set(LANGUAGES) - {DEFAULT})
def test_a_translation_shows_the_same_values(language):
    for key, text in catalogue(DEFAULT).items():
        assert holes(catalogue(language)[key]) == holes(text), key


@pytest.mark.parametrize("language", set(LANGUAGES) - {DEFAULT})
def test_a_translation_keeps_markup_and_numbers_of_articles(language):
    marks = re.compile(r"</?[a-z]+>|\*\*|`[^`]+`|\d+\(\d\)|docs/\w+\.md")
    for key, text in catalogue(DEFAULT).items():
        assert sorted(marks.findall(catalogue(language)[key])) == sorted(marks.findall(text)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_movement_has_a_name_in_every_language(language):
    with speaking(language):
        names = [movement_name(one.words) for one in MOVEMENTS]
    assert len(set(names)) == len(MOVEMENTS)
    english = {one.words for one in MOVEMENTS}
    assert set(names) == english if language == DEFAULT else not set(names) & english


def test_vietnamese_letters_are_composed_as_keyboards_and_fonts_have_them():
    for key, text in catalogue("vi").items():
        assert unicodedata.normalize("NFC", text) == text, key


def calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def spoken(path):
    """The keys that a module asks for; None for one that is put together."""
    for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
        if getattr(call.func, "id", "") in SPEAKERS and call.args:
            key = call.args[0]
            counted = call.func.id == "say_count"
            if isinstance(key, ast.Constant):
                yield from ([f"{key.value}_one", f"{key.value}_many"] if counted else [key.value])


def test_every_text_that_the_page_asks_for_is_there():
    asked = {key for path in SOURCES for key in spoken(path)}
    assert len(asked) > 150
    assert asked - set(catalogue(DEFAULT)) == set()


def test_every_text_that_the_page_without_a_server_asks_for_is_there():
    keys = re.compile(r"(?:\{\{|texts\[\")(\w+\.\w+)")
    asked = {key for path in SCRIPTS for key in keys.findall(path.read_text(encoding="utf-8"))}
    assert len(asked) > 20
    assert asked - set(catalogue(DEFAULT)) == set()


def test_no_text_is_there_for_nothing():
    """Keys that are put together are looked for by their last part, as a word of its own."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (*SOURCES, *SCRIPTS))
    moves = (one.words.replace(" ", "_").replace("'", "") for one in MOVEMENTS)
    source += " ".join((*EIGHT_CLASSES, *DOWNLOADS, NOT_SURE.replace(" ", "_"), *moves))
    asked = {key for path in SOURCES for key in spoken(path)}
    parts = ("save_", "column_", "download_")
    for key in set(catalogue(DEFAULT)) - asked:
        name = key.split(".")[1].removesuffix("_none")
        for part in parts:
            name = name.removeprefix(part)
        assert re.search(rf"\b{name}\b", source), key


SHOWN = {"label", "info", "placeholder", "alt_text", "headers"}
FOR_PROGRAMS = {"_add_endpoint", "_add_analyse", "_add_explain", "_add_models", "add_endpoints"}


def layout_texts(path):
    """Texts that a tab writes itself where Gradio shows them; endpoints are English."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in FOR_PROGRAMS
        for call in calls(node)
    }
    for call in calls(tree):
        if id(call) in hidden:
            continue
        for keyword in call.keywords:
            if keyword.arg in SHOWN and isinstance(keyword.value, ast.Constant | ast.JoinedStr):
                yield ast.unparse(keyword.value)
        name = getattr(call.func, "attr", "")
        if name in {"Button", "DownloadButton", "Tab", "Accordion", "Markdown"} and call.args:
            first = call.args[0]
            if isinstance(first, ast.JoinedStr) or getattr(first, "value", None):
                yield ast.unparse(first)


def test_no_tab_writes_a_text_of_its_own():
    tabs = [path for path in SOURCES if "tabs" in path.parts or path.name == "app.py"]
    written = {text for path in tabs for text in layout_texts(path)}
    assert written - {"'0-2.5, 1:05-1:10'"} == set()


def test_numbers_choose_between_one_and_many():
    assert say_count("batch.photographs", 1) == "1 photograph"
    assert say_count("batch.photographs", 3) == "3 photographs"
    assert say_count("batch.photographs", 0) == "0 photographs"
    assert say_count("video_review.events", 0, rule="x") == "No event (x)."
    with speaking("vi"):
        assert say_count("batch.photographs", 3) == "3 ảnh"


def test_an_unknown_text_is_an_error():
    with pytest.raises(KeyError, match=r"no\.text"):
        say("no.text")


def test_the_explanation_has_the_measured_locality_of_the_bundled_model():
    (found,) = read_maps(BUNDLED / MAPS_FILE)
    share = f"{100 * found.values['locality'].value:.0f} %"
    for language in LANGUAGES:
        with speaking(language):
            assert share in say("about.text")
