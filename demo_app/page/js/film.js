/** A video file of the visitor: its images as they are played, and a table of what was seen. */

import { Fault } from "./faults.js";

const LONGEST = 1280; // pixels of an analysed frame
const PATIENCE = 500; // milliseconds after which a wait for an image looks whether it is over

export class Film {
  /** @param {HTMLVideoElement} video the player on the page */
  constructor(video) {
    this.video = video;
    this.address = "";
    /** Rows of the table by the time of their frame in milliseconds: seen again, they are new. */
    this.rows = new Map();
    this.seen = -1; // time of the last image that was given
  }

  get running() {
    return this.address !== "";
  }

  /**
   * Show a file in the player, paused at its first image.
   *
   * @param {Blob} file
   */
  async open(file) {
    this.stop();
    this.address = URL.createObjectURL(file);
    this.rows.clear();
    this.seen = -1;
    const { video } = this;
    await new Promise((resolve, reject) => {
      video.onloadeddata = resolve;
      video.onerror = () => reject(new Fault("no_video", video.error?.message));
      video.src = this.address;
    });
    if (!video.videoWidth) throw new Fault("no_video", "no images");
    video.hidden = false;
  }

  stop() {
    if (!this.running) return;
    this.video.pause();
    this.video.onerror = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.video.hidden = true;
    URL.revokeObjectURL(this.address);
    this.address = "";
  }

  /** The next image that was not given yet; null when there is none for a while. */
  async next() {
    const { video } = this;
    if (Math.round(1000 * video.currentTime) === this.seen || video.seeking) await fresh(video);
    const time = Math.round(1000 * video.currentTime);
    if (!this.running || video.seeking || time === this.seen) return null;
    const { videoWidth, videoHeight } = video;
    const scale = Math.min(1, LONGEST / Math.max(videoWidth, videoHeight));
    const size = { resizeWidth: Math.round(videoWidth * scale),
      resizeHeight: Math.round(videoHeight * scale), resizeQuality: /** @type {const} */ ("high") };
    try {
      const bitmap = await (scale < 1 ? createImageBitmap(video, size) : createImageBitmap(video));
      this.seen = time;
      return bitmap;
    } catch (error) {
      if (/** @type {DOMException} */ (error).name !== "InvalidStateError") throw error;
      await fresh(video); // loaded, but not drawn yet
      return null;
    }
  }

  /**
   * Take what was seen in the image that was given last into the table.
   *
   * @param {(import("./analysis.js").Seen & {number: number, probabilities: number[]})[]} faces
   * @param {number} width of the image
   * @param {number} threshold
   * @param {string[]} classes
   */
  keep(faces, width, threshold, classes) {
    const scale = this.video.videoWidth / width;
    this.rows.set(this.seen, faces.map(({ number, box, probabilities }) => {
      const most = Math.max(...probabilities);
      return [(this.seen / 1000).toFixed(3), number, ...box.map((v) => (v * scale).toFixed(1)),
        classes[probabilities.indexOf(most)], most.toFixed(4), most >= threshold ? "True" : "False",
        ...probabilities.map((value) => value.toFixed(4))];
    }));
  }

  /**
   * The table as CSV, in the order of time.
   *
   * @param {string[]} classes
   */
  table(classes) {
    const head = ["time_s", "face", "x0", "y0", "x1", "y1", "emotion", "probability", "sure"];
    const taken = new Set(head);
    for (let name of classes) {
      while (taken.has(name)) name = `p_${name}`;
      taken.add(name);
    }
    const times = [...this.rows.keys()].sort((one, other) => one - other);
    const rows = [[...taken], ...times.flatMap((time) => this.rows.get(time))];
    return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
  }
}

/** A cell of a CSV file; text that spreadsheets would run as a formula gets an apostrophe. */
function cell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Waits for an image that was not shown before, or a moment. */
function fresh(video) {
  return new Promise((resolve) => {
    const last = setTimeout(resolve, PATIENCE);
    const go = () => {
      clearTimeout(last);
      resolve(true);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(go);
    else requestAnimationFrame(go);
  });
}
