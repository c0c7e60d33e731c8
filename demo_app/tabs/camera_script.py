"""JavaScript that Gradio's camera lacks: why there is no image, and no backlog of frames."""

import json
from html import escape

from demo_app.language import say
from demo_app.render import text as words


def camera_status() -> str:
    """The paragraph that tells what is wrong with the camera; its texts wait as data."""
    faults = escape(json.dumps(words.camera_faults()))
    forbidden = escape(say("camera.forbidden"))
    return f'<p role="status" data-faults="{faults}" data-forbidden="{forbidden}"></p>'


# Runs once, as the `js_on_load` of an HTML part with one paragraph (`element`).
# Gradio does not report when asking for the camera fails; the promise's reason names the cause.
# It also sends frames at fixed times: over a slow connection they would queue up in the browser.
# So while one frame is on its way, those that follow are dropped; so are all while another tab is
# shown.
CAMERA_SCRIPT = """
const told = element.querySelector("p");
const faults = JSON.parse(told.dataset.faults);
if (!navigator.mediaDevices) told.textContent = told.dataset.forbidden;
window.addEventListener("unhandledrejection", (event) => {
  const fault = faults[event.reason && event.reason.name];
  if (fault) told.textContent = fault;
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
"""
