"""The static page's own modules against Python's predictor."""

import numpy as np
import pytest
from PIL import Image

from fer_core.faces.detect import detect_faces
from fer_core.faces.near import follow_faces
from fer_core.inference.predictor import Predictor
from tests.demo_app.page.conftest import serve

pytestmark = pytest.mark.browser

SEE = """async (address) => {
  const { Network, startRuntime } = await import("/js/networks.js");
  const { download } = await import("/js/download.js");
  const { Analysis } = await import("/js/analysis.js");
  const { softmax } = await import("/js/classifier.js");
  if (!window.analysis) {
    const facts = await (await fetch("/facts.json")).json();
    const { runtime, ...models } = facts.files;
    const files = [runtime, ...Object.values(models)];
    const [program, ...contents] = await download(files, new URL("/", location), () => {});
    startRuntime(program);
    const networks = {};
    for (const [index, name] of Object.keys(models).entries()) {
      networks[name] = await Network.open(contents[index]);
    }
    window.analysis = new Analysis(networks, facts);
  }
  const bitmap = await createImageBitmap(await (await fetch(address)).blob());
  const faces = await window.analysis.see(bitmap);
  return faces.map(({ box, landmarks, score, logits, maps }) => (
    { box, landmarks, score, probabilities: softmax(logits), maps: maps.map((map) => [...map]) }
  ));
}"""


@pytest.fixture(scope="module")
def see(server, chromium):
    """The function that asks the page's own modules what they see in an image."""
    page = chromium.new_page()
    page.goto(f"{server.address}/icon.svg")

    def ask(name):
        return page.evaluate(SEE, f"/images/{name}.png")

    ask.page = page
    yield ask
    page.close()


@pytest.mark.parametrize("name", ["portrait", "pair", "turned", "small", "cut", "empty"])
def test_the_browser_sees_what_python_sees(see, images, name):
    found = see(name)
    expected = Predictor().predict(images / f"{name}.png")
    assert len(found) == len(expected) == {"pair": 2, "empty": 0}.get(name, 1)
    for one, other in zip(found, expected, strict=True):
        assert np.abs(np.subtract(one["box"], other.box)).max() < 2
        assert np.abs(np.subtract(one["landmarks"], other.landmarks)).max() < 1
        assert abs(one["score"] - other.score) < 0.01
        assert np.abs(np.subtract(one["probabilities"], other.probabilities)).max() < 0.03
        maps = np.corrcoef(np.ravel(one["maps"]), np.ravel(other.maps))[0, 1]
        assert maps > 0.999


FOLLOW = """async ([before, names]) => {
  const pixels = async (name) => {
    const bitmap = await createImageBitmap(await (await fetch(`/images/${name}.png`)).blob());
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    return pen.getImageData(0, 0, bitmap.width, bitmap.height);
  };
  const { Follower } = await import("/js/follower.js");
  const { detector } = window.analysis.follower;
  const faces = before.map(([box, landmarks, score]) => ({ box, landmarks, score }));
  const followed = await detector.follow(await pixels(names[0]), faces);
  const searches = [];
  const counted = Object.assign(Object.create(detector), {
    detect: (image) => { searches.push(image); return detector.detect(image); },
    follow: (image, known) => detector.follow(image, known),
  });
  const follower = new Follower(counted, 500);
  const counts = [];
  for (const [name, stream, time] of names[1]) {
    const found = await follower.find(await pixels(name), stream && { stream, time });
    counts.push([found.length, searches.length]);
  }
  return { followed, counts };
}"""


def test_faces_are_followed_as_in_python(see, images):
    see("pair")  # the networks are loaded
    (before,) = [detect_faces(Image.open(images / "pair.png"))]
    moved = Image.open(images / "moved.png")
    stream = [
        *(("pair", 1, 0), ("moved", 1, 100), ("moved", 1, 499), ("moved", 1, 500)),
        *(("pair", 2, 510), ("empty", 2, 600), ("pair", 2, 700), ("pair", None, 710)),
    ]
    given = [[face.box, face.landmarks.tolist(), face.score] for face in before]
    found = see.page.evaluate(FOLLOW, [given, ["moved", stream]])
    expected = follow_faces(moved, before)
    assert len(found["followed"]) == len(expected) == 2
    for one, other in zip(found["followed"], expected, strict=True):
        assert np.abs(np.subtract(one["box"], other.box)).max() < 2
        assert np.abs(np.subtract(one["landmarks"], other.landmarks)).max() < 1
        assert abs(one["score"] - other.score) < 0.01
    # Faces, and searches of whole images so far: none while a stream goes on for half a second.
    assert found["counts"] == [[2, 1], [2, 1], [2, 1], [2, 2], [2, 3], [0, 4], [2, 5], [2, 6]]


def test_a_model_that_sees_colours_is_asked_as_in_python(
    chromium, build_site, model_folder, images, tmp_path
):
    folder = build_site(tmp_path / "page", str(model_folder))
    (folder / "images").symlink_to(images)
    running, colour_server = serve(folder)
    page = chromium.new_page()
    page.goto(f"{colour_server.address}/icon.svg")
    found = page.evaluate(SEE, "/images/pair.png")
    running.shutdown()
    page.close()
    expected = Predictor(model_folder).predict(images / "pair.png")
    for one, other in zip(found, expected, strict=True):
        assert np.abs(np.subtract(one["probabilities"], other.probabilities)).max() < 0.02
        assert np.corrcoef(np.ravel(one["maps"]), np.ravel(other.maps))[0, 1] > 0.999


IN_TURN = """async (steps) => {
  const { analysis } = window;
  const { classifier, input } = analysis;
  const { classify } = await import("/js/classifier.js");
  const counts = [];
  analysis.classifier = {
    run: (values, dims) => { counts.push(dims[0]); return classifier.run(values, dims); },
  };
  try {
    for (const [name, time, averaged] of steps) {
      const bitmap = await createImageBitmap(await (await fetch(`/images/${name}.png`)).blob());
      await analysis.see(bitmap, { stream: 9, time, averaged });
    }
  } finally {
    analysis.classifier = classifier;
  }
  const values = (seed) => Float32Array.from(
    { length: input.size ** 2 }, (_, at) => 127 + 120 * Math.sin(seed + at * at / 99));
  const crops = [1, 2].map((seed) => Array.from({ length: input.channels }, () => values(seed)));
  const sides = [];
  for (const views of [[false], [true], [false, true]]) {
    const found = await classify(classifier, crops, input, views);
    sides.push(found.map(({ logits, maps }) => ({ logits, maps: maps.map((map) => [...map]) })));
  }
  return { counts, sides };
}"""


def test_views_of_a_face_take_turns_where_they_are_averaged_over_time(see):
    see("pair")  # the networks are loaded
    times = (0, 100, 200, 499, 500)
    fewer = [["portrait", 600, True], ["empty", 1200, True], ["portrait", 1800, True]]
    steps = [*(["pair", time, True] for time in times), *fewer, ["portrait", 1900, False]]
    found = see.page.evaluate(IN_TURN, steps)
    # Both views of faces that come, or that nothing averages; of the others one.
    assert found["counts"] == [4, 2, 2, 2, 2, 1, 2, 2]
    for one, other, both in zip(*found["sides"], strict=True):
        for key in ("logits", "maps"):
            views = np.array([one[key], other[key]])
            assert views.mean(0) == pytest.approx(np.array(both[key]), abs=1e-3)
            assert np.ptp(views, 0).max() > 0.1
