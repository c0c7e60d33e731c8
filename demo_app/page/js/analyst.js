/**
 * The page's side of the worker.
 *
 * @typedef {object} Sight what was seen in one image
 * @property {import("./analysis.js").Seen[]} faces
 * @property {ImageBitmap} bitmap the image
 * @property {number} duration milliseconds
 */

import { Fault } from "./faults.js";

export class Analyst {
  /** @param {(share: number) => void} progress of the download */
  constructor(progress) {
    this.waiting = new Map();
    this.count = 0;
    // A worker from a file would be free of this page's security policy; one from a blob inherits
    // it, so its requests cannot leave this server either.
    const script = new URL("worker.js", import.meta.url);
    const blob = new Blob([`import ${JSON.stringify(script)};`], { type: "text/javascript" });
    const address = URL.createObjectURL(blob);
    this.worker = new Worker(address, { type: "module" });
    this.begun = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => {
        if (data.ready) resolve(true);
        else if ("progress" in data) progress(data.progress);
        else this.#answer(data);
      };
      this.worker.onerror = (event) => {
        const fault = new Fault("missing_file", event.message ?? "the worker did not start");
        reject(fault);
        for (const { refuse } of this.waiting.values()) refuse(fault);
        this.waiting.clear();
      };
    });
  }

  /** @param {any} facts of facts.json */
  async load(facts) {
    if (typeof WebAssembly !== "object") throw new Fault("no_webassembly");
    await this.begun;
    await this.#ask({ task: "load", facts });
  }

  /**
   * Use a second model from now on, or none.
   *
   * @param {any} facts of it in facts.json; null for none
   */
  async compare(facts) {
    await this.#ask({ task: "second", facts });
  }

  /**
   * Load what tells what faces do, or leave it out again.
   *
   * @param {any} settings `movements` of facts.json; null to leave it out
   */
  async watch(settings) {
    await this.#ask({ task: "watch", settings });
  }

  /**
   * What a face of the image that was seen last does.
   *
   * @param {import("./geometry.js").Point[]} landmarks of it
   * @returns {Promise<import("./landmarker.js").Doing | null>} null where the network sees no face
   */
  doing(landmarks) {
    return this.#ask({ task: "doing", landmarks });
  }

  /**
   * @param {ImageBitmap} bitmap given away; the answer brings it back
   * @param {import("./follower.js").Moment | null} [moment] of an image that is one of many
   * @returns {Promise<Sight>}
   */
  see(bitmap, moment = null) {
    return this.#ask({ task: "see", bitmap, moment }, [bitmap]);
  }

  /** @returns {Promise<any>} */
  #ask(question, given = []) {
    const id = ++this.count;
    return new Promise((resolve, refuse) => {
      this.waiting.set(id, { resolve, refuse });
      this.worker.postMessage({ id, ...question }, given);
    });
  }

  #answer({ id, result, fault }) {
    const { resolve, refuse } = this.waiting.get(id);
    this.waiting.delete(id);
    if (fault) refuse(new Fault(fault.kind, fault.detail));
    else resolve(result);
  }
}
