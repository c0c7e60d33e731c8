"""JavaScript that ties the video to its timeline: a line at the video's time, a click goes there.

The line is a slider for the keyboard: arrows go a tenth of a second, Page Up and Down a second.
"""

from demo_app.language import say


def seek_hint() -> str:
    """What the timeline can do; the label is of the line."""
    label = say("video.seek_label")
    return f'<p data-label="{label}">{say("video.seek_hint")}</p>'


# Runs once, as the `js_on_load` of an HTML part with one paragraph (`element`). The plot and the
# video are made anew by every result, so they are looked up whenever something happens.
SEEK_SCRIPT = """
const film = () => document.querySelector("#video_drawn video");
const plot = () => document.querySelector("#video_timeline .js-plotly-plot");
const line = document.createElement("div");
line.className = "video-line";
line.tabIndex = 0;
line.setAttribute("role", "slider");

// The drawn part of the plot in pixels of the window, and its range in seconds.
function scale() {
  const chart = plot(), area = chart && chart.querySelector(".nsewdrag");
  const range = chart && chart.layout && chart.layout.xaxis && chart.layout.xaxis.range;
  return area && range ? { chart, box: area.getBoundingClientRect(), range } : null;
}

function place() {
  const at = scale(), video = film();
  if (!at || !video) { line.remove(); return; }
  const home = at.chart.parentElement;
  if (line.parentElement !== home) { home.style.position = "relative"; home.append(line); }
  const outer = home.getBoundingClientRect();
  const share = (video.currentTime - at.range[0]) / (at.range[1] - at.range[0]);
  const inside = Math.min(1, Math.max(0, share));
  line.style.left = `${at.box.left - outer.left + inside * at.box.width}px`;
  const text = element.querySelector("p");
  line.setAttribute("aria-label", text ? text.dataset.label : "");
  line.setAttribute("aria-valuemin", 0);
  line.setAttribute("aria-valuemax", at.range[1].toFixed(1));
  line.setAttribute("aria-valuenow", video.currentTime.toFixed(1));
  line.setAttribute("aria-valuetext", `${video.currentTime.toFixed(1)} s`);
}

function seek(seconds) {
  const video = film();
  if (!video) return;
  const end = Number.isFinite(video.duration) ? video.duration : seconds;
  video.currentTime = Math.min(end, Math.max(0, seconds));
  place();
}

function seekTo(event) {
  const at = scale();
  if (!at) return;
  const share = (event.clientX - at.box.left) / at.box.width;
  seek(at.range[0] + share * (at.range[1] - at.range[0]));
}

let dragged = false;
document.addEventListener("pointerdown", (event) => {
  if (event.button || !event.target.closest("#video_timeline .js-plotly-plot")) return;
  dragged = true;
  seekTo(event);
}, true);
document.addEventListener("pointermove", (event) => { if (dragged) seekTo(event); }, true);
for (const name of ["pointerup", "pointercancel"])
  document.addEventListener(name, () => { dragged = false; }, true);
document.addEventListener("click", (event) => {
  const button = event.target.closest("#video_events .seek");
  if (!button) return;
  seek(Number(button.dataset.time));
  film()?.scrollIntoView({ block: "nearest" });
});
const STEPS = { ArrowLeft: -0.1, ArrowRight: 0.1, ArrowDown: -0.1, ArrowUp: 0.1,
  PageDown: -1, PageUp: 1, Home: -Infinity, End: Infinity };
line.addEventListener("keydown", (event) => {
  const video = film();
  if (!(event.key in STEPS) || !video) return;
  event.preventDefault();
  const end = Number.isFinite(video.duration) ? video.duration : video.currentTime;
  seek(Math.min(end, video.currentTime + STEPS[event.key]));
});
// Events of a video do not bubble, but they can be captured.
for (const name of ["timeupdate", "seeked", "loadedmetadata"])
  document.addEventListener(name, (event) => { if (event.target === film()) place(); }, true);
let running = false;
document.addEventListener("play", (event) => {
  if (event.target !== film() || running) return;
  running = true;
  const step = () => {
    place();
    running = film() !== null && !film().paused;
    if (running) requestAnimationFrame(step);
  };
  step();
}, true);
window.addEventListener("resize", place);
// The plot may come after the video.
const observer = new MutationObserver(() => { if (plot() && !line.isConnected) place(); });
document.addEventListener("loadedmetadata", (event) => {
  const home = document.querySelector("#video_timeline");
  if (event.target === film() && home) observer.observe(home, { childList: true, subtree: true });
}, true);
"""
