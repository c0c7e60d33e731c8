/** A video file of the visitor: its images as they are played, and a table of what was seen. */

import { Fault } from "./faults.js";
import { cells } from "./movements.js";

const LONGEST = 1280; // pixels of an analysed frame
const PATIENCE = 500; // milliseconds after which a wait for an image looks whether it is over

export class Film {
  /**
   * @param {HTMLVideoElement} video the player on the page
   * @param {any} facts of facts.json
   */
  constructor(video, facts) {
    this.video = video;
    this.facts = facts;
    this.address = "";
    /** Rows of the table by the time of their frame in milliseconds: seen again, they are new. */
    this.rows = new Map();
    this.seen = -1; // time of the last image that was given
    this.moved = false; // whether the table tells what a face does
  }

  get running() {
    return this.address !== "";
  }

  /** Whether the image stands still. */
  get still() {
    return this.video.paused || this.video.ended;
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
    this.moved = false;
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
   * @param {(import("./analysis.js").Seen & {number: number, probabilities: number[],
   *   doing?: import("./landmarker.js").Doing | null})[]} faces
   * @param {number} width of the image
   * @param {number} threshold
   */
  keep(faces, width, threshold) {
    const { classes } = this.facts;
    const scale = this.video.videoWidth / width;
    this.moved ||= faces.some(({ doing }) => doing);
    this.rows.set(this.seen, faces.map(({ number, box, probabilities, doing }) => {
      const most = Math.max(...probabilities);
      const seen = [(this.seen / 1000).toFixed(3), number, ...box.map((v) => (v * scale).toFixed(1)),
        classes[probabilities.indexOf(most)], most.toFixed(4), most >= threshold ? "True" : "False",
        ...probabilities.map((value) => value.toFixed(4))];
      return { seen, doing };
    }));
  }

  /** The table as CSV, in the order of time; with movements where any were told. */
  table() {
    const { classes, movements: settings } = this.facts;
    const head = ["time_s", "face", "x0", "y0", "x1", "y1", "emotion", "probability", "sure"];
    const moving = this.moved ? settings.columns : [];
    const taken = new Set([...head, ...moving]);
    const names = classes.map((name) => {
      let own = name;
      while (taken.has(own)) own = `p_${own}`;
      taken.add(own);
      return own;
    });
    const times = [...this.rows.keys()].sort((one, other) => one - other);
    const rows = times.flatMap((time) => this.rows.get(time)).map(({ seen, doing }) => (
      this.moved ? [...seen, ...cells(doing, settings)] : seen));
    return [[...head, ...names, ...moving], ...rows]
      .map((row) => `${row.map(cell).join(",")}\n`).join("");
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
