/**
 * Faces that keep their numbers from one camera image to the next, and calmer predictions: logits
 * and maps are averaged alike, so a smoothed map still explains the smoothed prediction.
 *
 * @typedef {import("./analysis.js").Seen} Seen
 */

import { overlap } from "./geometry.js";

const HALF = 200; // milliseconds after which an old prediction counts half
const LEAST_OVERLAP = 0.3;
const PATIENCE = 500; // milliseconds for which a face that is not found keeps its number

export class Smoothing {
  constructor() {
    /** @type {{face: Seen, time: number, number: number}[]} */
    this.known = [];
    this.numbers = 0;
  }

  /**
   * @param {Seen[]} faces of the new image
   * @param {number} time milliseconds
   * @returns {(Seen & {number: number})[]} the same, in the order of their numbers, from 1
   */
  add(faces, time) {
    this.known = this.known.filter((one) => time - one.time < PATIENCE);
    const left = new Set(faces);
    for (const one of this.known) {
      const [match] = [...left].sort((a, b) => overlap(b.box, one.face.box) - overlap(a.box, one.face.box));
      if (!match || overlap(match.box, one.face.box) < LEAST_OVERLAP) continue;
      left.delete(match);
      one.face = blend(one.face, match, 0.5 ** ((time - one.time) / HALF));
      one.time = time;
    }
    for (const face of left) this.known.push({ face, time, number: ++this.numbers });
    return this.known.filter((one) => one.time === time)
      .map(({ face, number }) => ({ ...face, number }));
  }
}

/** @returns {Seen} the new face with the old one's predictions at a share */
function blend(old, fresh, share) {
  const mixed = mix(old, fresh, share);
  return old.second && fresh.second
    ? { ...mixed, second: mix(old.second, fresh.second, share) }
    : mixed;
}

/** @template {import("./classifier.js").Prediction} T @param {T} old @param {T} fresh */
function mix(old, fresh, share) {
  const between = (one, other) => one.map((value, at) => share * value + (1 - share) * other[at]);
  return {
    ...fresh,
    logits: between(old.logits, fresh.logits),
    maps: fresh.maps.map((map, index) => between(old.maps[index], map)),
  };
}
