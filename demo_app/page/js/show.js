/** The image that is shown now, a photograph's or the camera's, and how it is drawn. */

import { Camera } from "./camera.js";
import { Film } from "./film.js";
import { softmax } from "./classifier.js";
import { Fault } from "./faults.js";
import { Smoothing } from "./smoothing.js";
import { fill, found } from "./words.js";

const RATE_WINDOW = 2000; // milliseconds over which frames are counted
const SOON = 10; // milliseconds for which drawing waits until the next image is sent
const LEAP = 1000; // milliseconds of a video's time after which what was seen before is forgotten
const SAID_EVERY = 2000; // milliseconds between two sentences of the camera, for screen readers

export class Show {
  /**
   * @param {import("./analyst.js").Analyst} analyst
   * @param {import("./stage.js").Stage} stage
   * @param {import("./panel.js").Panel} panel
   * @param {any} facts of facts.json
   * @param {import("./second.js").Second} second
   * @param {import("./movements_box.js").MovementsBox} movements
   * @param {(error: unknown) => void} tell
   */
  constructor(analyst, stage, panel, facts, second, movements, tell) {
    Object.assign(this, { analyst, stage, panel, facts, second, movements, tell });
    /** @type {import("./stage.js").DrawOptions} */
    this.options = { chosen: 0, emotion: null, threshold: facts.threshold, opacity: facts.opacity };
    /** @type {{bitmap: ImageBitmap, faces: any[]} | null} */
    this.shown = null;
    this.said = 0;
    this.turn = 0; // of the image that was asked for last
    this.camera = new Camera(() => {
      this.stopCamera();
      tell(new Fault("camera_ended"));
    });
    this.film = new Film(document.querySelector("#film"), facts);
    this.tableButton = document.querySelector("#film_table");
    this.tableButton.addEventListener("click", () => this.#saveTable());
    this.button = document.querySelector("#camera");
    this.fault = document.querySelector("#fault");
    this.sentence = document.querySelector("#sentence");
    this.figures = document.querySelector("#figures");
  }

  /** Whether the image is one of many that follow each other by themselves. */
  get running() {
    return this.camera.running || (this.film.running && !this.film.still);
  }

  /** Redraw the same image with other options. */
  change(options) {
    Object.assign(this.options, options);
    if (this.shown) this.#draw(true);
    if ("chosen" in options) this.#lookAtStill();
  }

  /** @param {MouseEvent} event */
  click(event) {
    const number = this.stage.faceAt(event, this.shown?.faces ?? []);
    if (number >= 0) this.change({ chosen: number });
  }

  /**
   * Show a photograph; one that is asked for later wins.
   *
   * @param {() => Promise<ImageBitmap>} read
   */
  async photograph(read) {
    this.stopCamera();
    this.stopFilm();
    const turn = ++this.turn;
    this.fault.hidden = true;
    try {
      const bitmap = await read();
      const sight = await this.analyst.see(bitmap);
      if (turn !== this.turn) return;
      this.options.chosen = 0;
      this.#take(sight, sight.faces);
      this.figures.textContent = this.#took(sight);
      this.#draw(true);
      await this.#lookAtStill();
    } catch (error) {
      if (turn === this.turn) this.tell(error);
    }
  }

  /** See the same image again, as with another second model; what runs goes on by itself. */
  async again() {
    if (!this.shown || this.running) return;
    const turn = this.turn;
    const sight = await this.analyst.see(await createImageBitmap(this.shown.bitmap));
    if (turn !== this.turn) {
      sight.bitmap.close();
      return;
    }
    const numbered = this.film.running;
    this.#take(sight, sight.faces.map((face, index) => (
      numbered ? { ...face, number: this.shown.faces[index]?.number ?? index + 1 } : face)));
    this.#draw(true);
    await this.#lookAtStill();
  }

  /** Tell what the chosen face of a photograph, or of a video that stands still, does. */
  async #lookAtStill() {
    const { shown, turn, options: { chosen } } = this;
    if (!shown || this.running) return;
    if (!await this.movements.look(shown.faces, chosen, "still")) return;
    if (turn !== this.turn || shown !== this.shown) return;
    if (this.film.running) this.#keep();
    this.#draw(false);
  }

  /**
   * Show a video file: every image that is played or sought is seen.
   *
   * @param {Blob} file
   */
  async video(file) {
    this.stopCamera();
    this.stopFilm();
    const turn = ++this.turn;
    this.fault.hidden = true;
    this.options.chosen = 0;
    try {
      await this.film.open(file);
      if (turn !== this.turn) return;
      this.tableButton.hidden = false;
      await this.#play(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      this.stopFilm();
      this.tell(error);
    }
  }

  stopFilm() {
    this.film.stop();
    this.tableButton.hidden = true;
  }

  async #play(turn) {
    let smoothing = new Smoothing();
    let before = 0;
    while (this.film.running && turn === this.turn) {
      const bitmap = await this.film.next();
      if (!bitmap) {
        await this.#lookAtStill();
        continue;
      }
      // An image that stands still is searched as a whole, as a photograph is.
      const time = this.film.seen;
      const sight = await this.analyst.see(bitmap, this.film.still ? null : { stream: turn, time });
      if (turn !== this.turn) return;
      if (time < before || time - before > LEAP) {
        const { numbers } = smoothing;
        smoothing = Object.assign(new Smoothing(), { numbers }); // no number twice in the table
      }
      before = time;
      this.#take(sight, smoothing.add(sight.faces, time));
      const { faces } = this.shown;
      this.options.chosen = Math.min(this.options.chosen, Math.max(0, faces.length - 1));
      const kind = this.film.still ? "still" : "running";
      await this.movements.look(faces, this.options.chosen, kind);
      if (turn !== this.turn) return;
      this.#keep();
      this.figures.textContent =
        `${(time / 1000).toFixed(2)} s · ${this.#took(sight)}`;
      this.#draw(true);
    }
  }

  /** The image of the video that was seen last, in its table. */
  #keep() {
    const { faces, bitmap } = this.shown;
    this.film.keep(faces, bitmap.width, this.options.threshold);
  }

  /** What was seen of the video so far, as a file of the visitor's own. */
  #saveTable() {
    const blob = new Blob([this.film.table()], { type: "text/csv" });
    const link = document.createElement("a");
    Object.assign(link, { href: URL.createObjectURL(blob), download: "faces.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** Start or stop. */
  async switchCamera() {
    if (this.camera.running) {
      this.stopCamera();
      return;
    }
    this.stopFilm();
    const turn = ++this.turn;
    this.fault.hidden = true;
    this.button.disabled = true;
    try {
      await this.camera.start();
    } catch (error) {
      this.camera.stop();
      this.tell(error);
      return;
    } finally {
      this.button.disabled = false;
    }
    if (turn !== this.turn) { // a photograph was chosen while the browser asked
      this.stopCamera();
      return;
    }
    this.#name("stop_camera", true);
    this.options.chosen = 0;
    try {
      await this.#watch(turn);
    } catch (error) {
      this.stopCamera();
      this.tell(error);
    }
  }

  stopCamera() {
    this.camera.stop();
    this.#name("start_camera", false);
  }

  /** One frame after the other, as fast as they are seen; the camera's own pace is the limit. */
  async #watch(turn) {
    const smoothing = new Smoothing();
    /** @type {number[]} */
    const times = [];
    /** @type {{sent: Promise<unknown>, sight: Promise<import("./analyst.js").Sight | null>} | null} */
    let coming = this.#seeNext(turn);
    try {
      for (;;) {
        const sight = await coming.sight;
        coming = null;
        // The next image is seen while this one is drawn, unless the worker is asked about this one.
        const asks = this.movements.on;
        if (!asks && this.camera.running) {
          coming = this.#seeNext(turn);
          await Promise.race([coming.sent, new Promise((resolve) => setTimeout(resolve, SOON))]);
        }
        if (!this.camera.running || turn !== this.turn) {
          sight?.bitmap.close();
          return;
        }
        if (sight) await this.#showFrame(sight, smoothing, times, asks);
        coming ??= this.#seeNext(turn);
      }
    } finally {
      coming?.sight.then((sight) => sight?.bitmap.close(), () => {}); // nobody waits for it any more
    }
  }

  /** The camera's next image on its way to the worker, and what is seen in it; null for none. */
  #seeNext(turn) {
    const sent = this.camera.next();
    const sight = sent.then((bitmap) => (
      bitmap && this.analyst.see(bitmap, { stream: turn, time: performance.now(), averaged: true })));
    return { sent, sight };
  }

  async #showFrame(sight, smoothing, times, asks) {
    const { turn } = this;
    const now = performance.now();
    times.push(now);
    while (now - times[0] > RATE_WINDOW) times.shift();
    const faces = smoothing.add(sight.faces, now);
    this.options.chosen = Math.min(this.options.chosen, Math.max(0, faces.length - 1));
    this.#take(sight, faces);
    if (asks) await this.movements.look(this.shown.faces, this.options.chosen, "mirror");
    if (turn !== this.turn) return;
    const rate = times.length > 1 ? (1000 * (times.length - 1)) / (now - times[0]) : 0;
    const shown = fill(this.facts.texts["static.rate"], { rate: rate.toFixed(1) });
    this.figures.textContent = `${shown} · ${this.#took(sight)}`;
    this.#draw(now - this.said > SAID_EVERY);
  }

  #took({ duration }) {
    return fill(this.facts.texts["static.took"], { milliseconds: Math.round(duration) });
  }

  #take(sight, faces) {
    this.shown?.bitmap.close();
    this.shown = {
      bitmap: sight.bitmap,
      faces: faces.map((face) => ({
        ...face,
        probabilities: softmax(face.logits),
        second: face.second && { ...face.second, probabilities: softmax(face.second.logits) },
      })),
    };
  }

  /** @param {boolean} say whether to change the sentence as well */
  #draw(say) {
    const { bitmap, faces } = this.shown;
    this.stage.draw(bitmap, faces, this.options);
    this.panel.show(faces, this.options);
    this.second.show(bitmap, faces[this.options.chosen], this.options);
    const { chosen } = this.options;
    this.movements.show(faces[chosen], chosen + 1, this.running);
    if (!say) return;
    this.said = performance.now();
    const sentence = found(faces, this.options.threshold, this.facts, this.camera.running);
    if (this.sentence.textContent !== sentence) this.sentence.textContent = sentence;
    const label = fill(this.facts.texts["static.stage_alt"], { sentence });
    this.stage.canvas.setAttribute("aria-label", label);
  }

  #name(key, running) {
    this.button.textContent = this.facts.texts[`static.${key}`];
    this.button.classList.toggle("on", running);
  }
}
