"""Recording of the live tab in the visitor's browser: camera, overlay and table, saved by hand.

Nothing of it is sent anywhere: the browser's MediaRecorder writes both videos into its own memory,
the rows come with the overlays, and links save the files to the visitor's disk.
"""

import json
import time
from html import escape
from typing import Any

from demo_app.language import say
from fer_core.io.csv_cells import no_formula
from fer_core.landmarks.analysis import cells
from fer_core.video.tracking import TrackedFace

MINUTES = 10  # longest recording: two videos of 640 x 480 are about 220 MB by then
TEXTS = ("start_camera", "unable", "recording", "limit", "ready", "nothing", "unsaved")


def record_panel() -> str:
    """Buttons, status, and the links that save; the texts that change wait as data."""
    texts = json.dumps({name: say(f"record.{name}", minutes=MINUTES) for name in TEXTS})
    links = "".join(
        f'<a class="record-save" data-kind="{kind}" hidden>{escape(say(f"record.save_{kind}"))}</a>'
        for kind in ("camera", "overlay", "faces")
    )
    return (
        f'<div class="record" data-minutes="{MINUTES}" data-texts="{escape(texts)}">'
        f'<button type="button" class="record-start">{escape(say("record.start"))}</button>'
        f'<button type="button" class="record-stop" hidden>{escape(say("record.stop"))}</button>'
        f'<span class="record-status" role="status"></span><div class="record-saves">{links}</div>'
        f"<p>{escape(say('record.hint', minutes=MINUTES))}</p></div>"
    )


def frame_rows(tracked: list[TrackedFace], threshold: float) -> str:
    """The faces of a frame for the table of a recording, as JSON that HTML can hold.

    Args:
        tracked: faces of the frame, boxes in pixels of the overlay.
        threshold: of "not sure", in [0, 1].
    """
    rows = [
        {
            "face": one.number,
            **_box(one.face.box),
            "emotion": no_formula(one.face.emotion),
            "probability": round(one.face.confidence, 4),
            "sure": one.face.confidence >= threshold,
            "classes": {
                str(no_formula(name)): round(float(value), 4)
                for name, value in zip(one.face.classes, one.face.probabilities, strict=True)
            },
            "does": {} if one.face.analysis is None else cells(one.face.analysis.to_dict()),
        }
        for one in tracked
    ]
    # Two frames without a face must differ: the page passes changes on, nothing else.
    return escape(json.dumps({"at": time.monotonic(), "rows": rows}))


def _box(box: tuple[float, float, float, float]) -> dict[str, Any]:
    names = ("x0", "y0", "x1", "y1")
    return {name: round(float(value), 1) for name, value in zip(names, box, strict=True)}


# Runs once, as the `js_on_load` of the part that gets `frame_rows` with every overlay.
FRAME_SCRIPT = """
watch("value", () => {
  const text = document.createElement("textarea");
  text.innerHTML = props.value;
  document.dispatchEvent(new CustomEvent("live-frame", { detail: text.value }));
});
"""

# Runs once, as the `js_on_load` of the part with `record_panel` (`element`).
RECORD_SCRIPT = """
const KINDS = ["video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS = 1500000; // a second, of each video
const find = (name) => element.querySelector(`.record-${name}`);
const panel = element.querySelector(".record");
const said = JSON.parse(panel.dataset.texts);
const longest = 60 * Number(panel.dataset.minutes);
let now = null; // the recording
let unsaved = new Set();
let urls = [];

const tell = (text) => { find("status").textContent = text; };
const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function record(stream, kind) {
  const parts = [];
  const recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: BITS });
  recorder.addEventListener("dataavailable", (event) => {
    if (event.data.size) parts.push(event.data);
  });
  const done = new Promise((resolve) => recorder.addEventListener("stop", () =>
    resolve(new Blob(parts, { type: kind.split(";")[0] }))));
  return { recorder, done };
}

function begin() {
  const camera = [...document.querySelectorAll("#camera video")].find((one) => one.srcObject);
  const tracks = camera ? camera.srcObject.getVideoTracks() : [];
  if (!tracks.some((track) => track.readyState === "live")) return tell(said.start_camera);
  const kind = window.MediaRecorder && KINDS.find((one) => MediaRecorder.isTypeSupported(one));
  if (!kind) return tell(said.unable);
  if (unsaved.size && !confirm(said.unsaved)) return;
  forget();
  const canvas = document.createElement("canvas");
  const shown = document.querySelector("#live_view img");
  canvas.width = (shown && shown.naturalWidth) || camera.videoWidth || 640;
  canvas.height = (shown && shown.naturalHeight) || camera.videoHeight || 480;
  const pen = canvas.getContext("2d");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const clean = record(new MediaStream(tracks), kind);
  const overlay = record(canvas.captureStream(), kind);
  now = { canvas, pen, clean, overlay, kind, rows: [], frames: 0, begun: performance.now() };
  observer.observe(document.querySelector("#live_view"),
    { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
  clean.recorder.start(1000);
  overlay.recorder.start(1000);
  clean.recorder.addEventListener("stop", () => end());
  now.timer = setInterval(tick, 500);
  find("start").hidden = true;
  find("stop").hidden = false;
  find("stop").focus();
  tick();
}

function tick() {
  const passed = (performance.now() - now.begun) / 1000;
  tell(said.recording.replace("TIME", clock(passed)));
  if (passed >= longest) end(said.limit);
}

async function end(text) {
  const done = now;
  if (!done) return;
  now = null;
  observer.disconnect();
  clearInterval(done.timer);
  for (const one of [done.clean, done.overlay])
    if (one.recorder.state !== "inactive") one.recorder.stop();
  const [camera, overlay] = await Promise.all([done.clean.done, done.overlay.done]);
  find("stop").hidden = true;
  find("start").hidden = false;
  const day = new Date(Date.now() - 60000 * new Date().getTimezoneOffset()).toISOString();
  const stem = `live-${day.slice(0, 19).replace("T", "-").replaceAll(":", "")}`;
  const ending = done.kind.startsWith("video/mp4") ? "mp4" : "webm";
  const table = new Blob([csv(done.rows)], { type: "text/csv" });
  offer("camera", camera, `${stem}-camera.${ending}`);
  offer("overlay", overlay, `${stem}-overlay.${ending}`);
  offer("faces", table, `${stem}-faces.csv`);
  tell(`${text ? text + " " : ""}${said.ready}${done.rows.length ? "" : " " + said.nothing}`);
}

function offer(kind, blob, name) {
  const link = element.querySelector(`[data-kind=${kind}]`);
  const url = URL.createObjectURL(blob);
  urls.push(url);
  unsaved.add(kind);
  Object.assign(link, { href: url, download: name, hidden: false });
}

function forget() {
  urls.forEach((url) => URL.revokeObjectURL(url));
  urls = [];
  unsaved = new Set();
  for (const link of element.querySelectorAll(".record-save")) link.hidden = true;
}

function csv(rows) {
  const classes = [...new Set(rows.flatMap((row) => Object.keys(row.classes)))];
  const plain = ["time_s", "frame", "face", "x0", "y0", "x1", "y1",
    "emotion", "probability", "sure"];
  // Columns of movements, where the visitor asked for them; empty in frames that were not analysed.
  const more = [...new Set(rows.flatMap((row) => Object.keys(row.does)))];
  const taken = new Set([...plain, ...more]);
  const names = classes.map((name) => {
    while (taken.has(name)) name = `p_${name}`;
    taken.add(name);
    return name;
  });
  const cell = (value) => {
    const text = typeof value === "boolean" ? (value ? "True" : "False") : String(value ?? "");
    return /[",\\n\\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) =>
    [...plain.map((name) => row[name]), ...classes.map((name) => row.classes[name]),
      ...more.map((name) => row.does[name])].map(cell));
  const header = [...plain, ...names, ...more].map(cell);
  return [header, ...lines].map((line) => line.join(",") + "\\n").join("");
}

// The rows of a frame, at the time at which its overlay is shown.
document.addEventListener("live-frame", (event) => {
  if (!now) return;
  const time = ((performance.now() - now.begun) / 1000).toFixed(3);
  for (const row of JSON.parse(event.detail).rows)
    now.rows.push({ time_s: time, frame: now.frames, ...row });
  now.frames += 1;
});
const observer = new MutationObserver(async () => {
  const source = document.querySelector("#live_view img");
  if (!now || !source) return;
  const { canvas, pen } = now, image = new Image(); // the one on the page changes meanwhile
  image.src = source.src;
  try { await image.decode(); } catch { return; } // the next one is on its way
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  pen.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
});
element.addEventListener("click", (event) => {
  if (event.target.closest(".record-start")) begin();
  if (event.target.closest(".record-stop")) { end(); find("start").focus(); }
  const link = event.target.closest(".record-save");
  if (link) unsaved.delete(link.dataset.kind);
});
window.addEventListener("beforeunload", (event) => {
  if (now || unsaved.size) event.preventDefault();
});
"""
