"""JavaScript of the panel that tells what the faces of a video do where the video is."""

# Runs once, as the `js_on_load` of the part that gets `demo_app.render.movements.moments_panel`.
MOMENTS_SCRIPT = """
const film = () => document.querySelector("#video_drawn video");
let known = null; // the texts and moments of the panel that is shown
let shown = null;

function read() {
  const panel = element.querySelector(".moments");
  known = panel ? { ...JSON.parse(panel.dataset.moments), none: panel.dataset.none } : null;
  shown = null;
}

// The last moment at or before a time; none where it is too long ago.
function moment(time) {
  let low = 0, high = known.moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known.moments[middle][0] <= time + 1e-3) low = middle + 1;
    else high = middle;
  }
  const found = known.moments[low - 1];
  return found && time - found[0] < known.holds ? found : null;
}

function show() {
  const place = element.querySelector(".moments .doing");
  if (!known || !place || !film()) return;
  const found = moment(film().currentTime);
  const html = found ? found[1].map((number) => known.texts[number]).join("") : "";
  if (html === shown) return;
  shown = html;
  if (html) place.innerHTML = html;
  else place.textContent = known.none;
}

watch("value", () => { read(); show(); });
read(); // the part may be on the page before this runs
show();
// Events of a video do not bubble, but they can be captured.
for (const name of ["timeupdate", "seeked", "loadedmetadata"])
  document.addEventListener(name, (event) => { if (event.target === film()) show(); }, true);
"""
