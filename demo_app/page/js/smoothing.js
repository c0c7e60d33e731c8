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
    /** @type {{face: Seen, time: number}[]} */
    this.known = [];
  }

  /**
   * @param {Seen[]} faces of the new image
   * @param {number} time milliseconds
   * @returns {Seen[]} the same, in the order of their numbers
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
    this.known.push(...[...left].map((face) => ({ face, time })));
    return this.known.filter((one) => one.time === time).map(({ face }) => face);
  }
}

/** @returns {Seen} the new face with the old one's prediction at a share */
function blend(old, fresh, share) {
  const mix = (one, other) => one.map((value, at) => share * value + (1 - share) * other[at]);
  return {
    ...fresh,
    logits: mix(old.logits, fresh.logits),
    maps: fresh.maps.map((map, index) => mix(old.maps[index], map)),
  };
}
