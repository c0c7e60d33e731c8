"""The scripts that put movements into words, against Python's own, without any network."""

import json

import numpy as np
import pytest

from demo_app.language import LANGUAGES, catalogue, speaking
from demo_app.page.movement_facts import movement_facts
from demo_app.render.movements import pose_in_words
from fer_core.landmarks.analysis import COLUMNS, HeadPose, cells
from fer_core.landmarks.head_pose import head_pose
from fer_core.landmarks.movements import BLENDSHAPES
from fer_core.landmarks.task_file import Task
from tests.made_analyses import make_analysis

pytestmark = pytest.mark.browser
RANDOM = np.random.default_rng(0)
HEAD = RANDOM.normal(size=(468, 3)) * (7, 9, 4)
WEIGHTS = np.where(np.arange(468) % 14 == 0, RANDOM.random(468), 0)


@pytest.fixture(scope="module")
def settings():
    return json.loads(json.dumps(movement_facts(Task(b"", b"", HEAD, WEIGHTS))))


@pytest.fixture(scope="module")
def call(server, chromium):
    """The function that calls one of the page's own functions."""
    page = chromium.new_page()
    page.goto(f"{server.address}/icon.svg")
    source = "async ([module, name, given]) => (await import(`/js/${module}.js`))[name](...given)"
    yield lambda module, name, *given: page.evaluate(source, [module, name, given])
    page.close()


def as_doing(analysis):
    scores = [analysis.blendshapes[name] for name in BLENDSHAPES]
    return {"blendshapes": scores, "pose": analysis.pose._asdict()}


def made(seed):
    random = np.random.default_rng(seed)
    scores = dict(zip(BLENDSHAPES, random.random(52).tolist(), strict=True))
    return make_analysis(scores, tuple(random.uniform(-80, 80, 3).tolist()))


ANALYSES = [make_analysis(), make_analysis({}), *map(made, range(6))]


@pytest.mark.parametrize("analysis", ANALYSES)
def test_cells_of_the_table_are_those_of_python(call, settings, analysis):
    told = call("movements", "cells", as_doing(analysis), settings)
    found = dict(zip(COLUMNS, told, strict=True))
    expected = cells(analysis.to_dict())
    for name in ("movements", "note"):
        assert found[name] == expected[name]
    for name in HeadPose._fields:
        assert float(found[name]) == pytest.approx(expected[name], abs=0.11)
    for name in BLENDSHAPES:
        assert float(found[name]) == pytest.approx(expected[name], abs=1.1e-4)


def test_a_face_that_was_not_analysed_has_empty_cells(call, settings):
    assert call("movements", "cells", None, settings) == [""] * len(COLUMNS)


def test_a_mirror_s_image_has_the_person_s_own_sides(call, settings):
    analysis = made(9)
    found = call("movements", "ofMirrorImage", as_doing(analysis), settings)
    assert found == as_doing(analysis.of_mirror_image())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("pose", [(12.4, -3.2, 11.0), (-31.0, 40.0, -0.2), (0.0, 0.0, 0.0)])
def test_a_pose_is_said_as_in_python(call, language, pose):
    with speaking(language):
        expected = pose_in_words(HeadPose(*pose))
    given = dict(zip(HeadPose._fields, pose, strict=True))
    assert call("movements", "poseInWords", given, 1, catalogue(language)) == expected


@pytest.mark.parametrize("seed", range(5))
def test_the_pose_is_python_s(call, settings, seed):
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    seen = (HEAD @ turn.T * 20 + random.normal(size=HEAD.shape)) * (1, -1, -1) + (300, 200, 0)
    expected = head_pose(seen, HEAD, WEIGHTS)
    used = settings["head"]
    points = [seen[one["at"]].tolist() for one in used]
    model, weights = ([one[key] for one in used] for key in ("place", "weight"))
    found = call("head_pose", "headPose", points, model, weights)
    assert [found[name] for name in HeadPose._fields] == pytest.approx(expected, abs=1e-6)


WATCH = """async ([count, cost, rest, seconds]) => {
  const { MovementWatch } = await import("/js/movement_watch.js");
  let now = 0;
  const watch = new MovementWatch(0.25, 2000, () => now);
  const faces = Array.from({ length: count }, (_, index) => ({ number: index + 1 }));
  const seen = [];
  while (now < 1000 * seconds) {
    const one = await watch.look(faces, async () => { now += cost; return "done"; });
    if (one) seen.push(one.number);
    now += rest;
  }
  const known = watch.last(1);
  now += 2001;
  return { seen, known, later: watch.last(1) ?? "unknown" };
}"""


def test_analyses_take_a_quarter_of_the_time_and_faces_take_turns(server, chromium):
    page = chromium.new_page()
    page.goto(f"{server.address}/icon.svg")
    one = page.evaluate(WATCH, [1, 40, 10, 10])
    two = page.evaluate(WATCH, [2, 40, 10, 2])
    page.close()
    assert 0.2 * 10_000 <= 40 * len(one["seen"]) <= 0.25 * 10_000 + 40
    assert two["seen"][:4] == [1, 2, 1, 2]
    assert (one["known"], one["later"]) == ("done", "unknown")
