"""JavaScript that Gradio's camera lacks: why there is no image, and no backlog of frames."""

import json

from demo_app.render.text import CAMERA_FAULTS, CAMERA_FORBIDDEN

# Runs once, as the `js_on_load` of an HTML part with one paragraph (`element`).
# Gradio does not report when asking for the camera fails; the promise's reason names the cause.
# It also sends frames at fixed times: over a slow connection they would queue up in the browser.
# Where browsers offer no camera at all, over plain http, Gradio would show the name of a text that
# it lacks ("image.no_webcam_support"): a camera that is refused stands in, so that our sentence is
# the only one. It is shown in the tab that asked, Live or Photo.
# So while one frame is on its way, those that follow are dropped; so are all while another tab is
# shown.
CAMERA_SCRIPT = """
const told = element.querySelector("p");
const faults = {...FAULTS, SecurityError: FORBIDDEN};
if (!navigator.mediaDevices) {
  told.textContent = FORBIDDEN;
  const refuse = () => Promise.reject(new DOMException("no camera over http", "SecurityError"));
  Object.defineProperty(navigator, "mediaDevices", {
    value: {getUserMedia: refuse, enumerateDevices: () => Promise.resolve([])},
  });
}
window.addEventListener("unhandledrejection", (event) => {
  const fault = faults[event.reason && event.reason.name];
  if (!fault) return;
  const places = [...document.querySelectorAll("#camera_fault p, #photo_fault p")];
  (places.find((place) => place.offsetParent !== null) || told).textContent = fault;
});
const fetchAsIs = window.fetch;
let sending = false;
window.fetch = (resource, options) => {
  const path = new URL(resource.url || resource, document.baseURI).pathname;
  if (!/\\/stream\\/[0-9a-f]+$/.test(path)) return fetchAsIs(resource, options);
  told.textContent = "";
  const hidden = element.closest("[role=tabpanel]").offsetParent === null;
  if (sending || hidden) return Promise.resolve(new Response('{"msg": "dropped"}'));
  sending = true;
  return fetchAsIs(resource, options).finally(() => { sending = false; });
};
""".replace("FAULTS", json.dumps(CAMERA_FAULTS)).replace("FORBIDDEN", json.dumps(CAMERA_FORBIDDEN))
