/**
 * Faces from one image to the next, looked for near where they were
 * (`fer_core.faces.follow`): the search of a whole image is most of the time of an image.
 *
 * @typedef {object} Moment of an image that is one of many
 * @property {number} stream of images that belong together
 * @property {number} time milliseconds
 * @property {boolean} [averaged] whether what is predicted will be averaged with the images before
 */

export class Follower {
  /**
   * @param {import("./detector.js").Detector} detector
   * @param {number} every milliseconds between two searches of the whole image
   */
  constructor(detector, every) {
    this.detector = detector;
    this.every = every;
    /** @type {import("./detector.js").Face[]} */
    this.faces = [];
    this.searched = -Infinity; // time of the last search of a whole image
    this.before = { stream: -1, width: 0, height: 0 }; // the last image
  }

  /**
   * The faces of an image, the largest first.
   *
   * @param {ImageData} image
   * @param {Moment | null} moment null for an image on its own
   * @returns {Promise<import("./detector.js").Face[]>}
   */
  async find(image, moment) {
    const found = this.#goesOn(image, moment)
      ? await this.detector.follow(image, this.faces)
      : null;
    if (!found) this.searched = moment ? moment.time : -Infinity;
    this.faces = found ?? await this.detector.detect(image);
    this.before = { stream: moment?.stream ?? -1, width: image.width, height: image.height };
    return this.faces;
  }

  #goesOn({ width, height }, moment) {
    const { before } = this;
    return moment !== null && this.faces.length > 0 && moment.stream === before.stream &&
      width === before.width && height === before.height &&
      Math.abs(moment.time - this.searched) < this.every;
  }
}
