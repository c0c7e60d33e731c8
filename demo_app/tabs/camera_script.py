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


# Each runs once, as the `js_on_load` of an HTML part with one paragraph (`element`).
#
# Why there is no camera image, in the tab that asked for it, Photo or Live. Gradio does not report
# when asking for the camera fails; the promise's reason names the cause. Where browsers offer no
# camera at all, over plain http, Gradio would show the name of a text that it lacks
# ("image.no_webcam_support"): a camera that is refused stands in, so that our sentence is the only
# one. Part of the first tab: others run when they are opened.
FAULT_SCRIPT = """
const told = element.querySelector("p");
const faults = {...JSON.parse(told.dataset.faults), SecurityError: told.dataset.forbidden};
if (!navigator.mediaDevices) {
  const refuse = () => Promise.reject(new DOMException("no camera over http", "SecurityError"));
  Object.defineProperty(navigator, "mediaDevices", {
    value: {getUserMedia: refuse, enumerateDevices: () => Promise.resolve([])},
  });
}
window.addEventListener("unhandledrejection", (event) => {
  const fault = faults[event.reason && event.reason.name];
  if (!fault) return;
  const shown = (tab) => tab && tab.closest("[role=tabpanel]").offsetParent !== null;
  const live = document.querySelector("#camera_fault");
  (shown(live) ? live.querySelector("p") : told).textContent = fault;
});
"""

# Gradio sends frames at fixed times: over a slow connection they would queue up in the browser, and
# those that the server leaves out would be encoded for nothing. So no frame is taken while one is
# on its way, while the server has two whose overlays are not there yet (one that it analyses, and
# the next one), or while another tab is shown. Of a video without a width Gradio takes none.
CAMERA_SCRIPT = """
const FRAMES = 2, PATIENCE = 500; // at the server; milliseconds after which one counts as dropped
const APART = 40; // milliseconds: a camera has no more new images, and the browser other work
const told = element.querySelector("p");
if (!window.isSecureContext) told.textContent = told.dataset.forbidden;
const fetchAsIs = window.fetch;
let sending = false;
let sent = []; // when the frames were sent whose overlays are not there yet
let last = -Infinity; // when the last one was
const hidden = () => element.closest("[role=tabpanel]").offsetParent === null;
const busy = () => {
  const now = performance.now();
  sent = sent.filter((time) => now - time < PATIENCE);
  if (sending || now - last < APART || sent.length >= FRAMES) return true;
  return hidden(); // which may lay the page out
};
document.addEventListener("live-frame", () => sent.shift());
const width = Object.getOwnPropertyDescriptor(HTMLVideoElement.prototype, "videoWidth");
Object.defineProperty(HTMLVideoElement.prototype, "videoWidth", {
  ...width,
  get() { return this.closest("#camera") && busy() ? 0 : width.get.call(this); },
});
window.fetch = (resource, options) => {
  const path = new URL(resource.url || resource, document.baseURI).pathname;
  if (!/\\/stream\\/[0-9a-f]+$/.test(path)) return fetchAsIs(resource, options);
  told.textContent = "";
  if (busy()) return Promise.resolve(new Response('{"msg": "dropped"}'));
  sending = true;
  last = performance.now();
  sent.push(last);
  return fetchAsIs(resource, options).finally(() => { sending = false; });
};
"""
