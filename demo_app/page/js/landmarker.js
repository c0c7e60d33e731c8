/**
 * What a face does, by the networks of MediaPipe's Face Landmarker, run as
 * `fer_core.landmarks.landmarker` runs them.
 *
 * @typedef {object} Doing
 * @property {number[]} blendshapes scores in [0, 1], in the order of `settings.blendshapes`
 * @property {{yaw: number, pitch: number, roll: number}} pose degrees
 */

import { similarity } from "./geometry.js";
import { headPose } from "./head_pose.js";

export class Landmarker {
  /**
   * @param {{landmarks: import("./networks.js").Network,
   *   blendshapes: import("./networks.js").Network}} networks
   * @param {any} settings `movements` of facts.json
   */
  constructor(networks, settings) {
    this.networks = networks;
    this.settings = settings;
  }

  /**
   * @param {ImageData} image
   * @param {import("./geometry.js").Point[]} landmarks of a face, by the detector
   * @returns {Promise<Doing | null>} null where the network sees no face
   */
  async analyse(image, landmarks) {
    const { places, subset, head, least_presence: leastPresence } = this.settings;
    const first = await this.#find(image, similarity(places, landmarks));
    // A detector's three landmarks place the crop less well than these.
    const { points, presence } = await this.#find(image, this.#around(first.points));
    if (presence < leastPresence) return null;
    const shown = new Float32Array(subset.flatMap((at) => points[at].slice(0, 2)));
    const { scores } = await this.networks.blendshapes.run(shown, [1, subset.length, 2]);
    const seen = head.map(({ at }) => points[at]);
    const pose = headPose(seen, head.map(({ place }) => place), head.map(({ weight }) => weight));
    return { blendshapes: [...scores.data], pose };
  }

  /** Landmarks in pixels of the image, and the confidence that it is a face. */
  async #find(image, toPhoto) {
    const { side, most_oversampling: most } = this.settings;
    const input = crop(image, toPhoto, side, most);
    const outputs = await this.networks.landmarks.run(input, [1, side, side, 3]);
    const [a, b, c, d, e, f] = toPhoto;
    const unit = Math.hypot(a, b) / side;
    const points = Array.from({ length: outputs.points.data.length / 3 }, (_, at) => {
      const [x, y, z] = outputs.points.data.subarray(3 * at, 3 * at + 3);
      const [u, v] = [x / side, y / side];
      return [a * u + c * v + e, b * u + d * v + f, z * unit];
    });
    return { points, presence: 1 / (1 + Math.exp(-outputs.presence.data[0])) };
  }

  /** The upright square around landmarks with some room. */
  #around(points) {
    const { eyes: [left, right], room } = this.settings;
    const [dx, dy] = [0, 1].map((axis) => points[right][axis] - points[left][axis]);
    const length = Math.max(1e-6, Math.hypot(dx, dy));
    const [cos, sin] = [dx / length, dy / length];
    const across = points.map(([x, y]) => cos * x + sin * y);
    const down = points.map(([x, y]) => cos * y - sin * x);
    const [x0, x1] = [Math.min(...across), Math.max(...across)];
    const [y0, y1] = [Math.min(...down), Math.max(...down)];
    const side = room * Math.max(x1 - x0, y1 - y0);
    const [x, y] = [(x0 + x1 - side) / 2, (y0 + y1 - side) / 2];
    return /** @type {import("./geometry.js").Affine} */ (
      [cos * side, sin * side, -sin * side, cos * side, cos * x - sin * y, sin * x + cos * y]);
  }
}

/**
 * The square of an image that the network sees, black beyond its edges: sampled at about the image's
 * own resolution, bilinearly, then reduced by the mean of blocks, as Pillow does both.
 *
 * @param {ImageData} image
 * @param {import("./geometry.js").Affine} toPhoto from shares of the square's side to pixels
 * @param {number} side pixels
 * @param {number} most samples along a pixel
 * @returns {Float32Array} pixel by pixel, red, green, blue in [0, 1]
 */
function crop({ data, width, height }, [a, b, c, d, e, f], side, most) {
  const factor = Math.min(most, Math.max(1, Math.round(Math.hypot(a, b) / side)));
  const sums = new Float32Array(3 * side * side);
  const fine = side * factor;
  for (let row = 0; row < fine; row++) {
    const line = 3 * side * Math.floor(row / factor);
    const v = (row + 0.5) / fine;
    for (let column = 0; column < fine; column++) { // no arrays in here, which take most of the time
      const u = (column + 0.5) / fine;
      const x = a * u + c * v + e;
      const y = b * u + d * v + f;
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      const dx = x - 0.5 - left;
      const dy = y - 0.5 - top;
      const x0 = 4 * Math.max(0, left);
      const x1 = 4 * Math.min(width - 1, left + 1);
      const y0 = 4 * width * Math.max(0, top);
      const y1 = 4 * width * Math.min(height - 1, top + 1);
      const to = line + 3 * Math.floor(column / factor);
      for (let channel = 0; channel < 3; channel++) {
        const west = data[y0 + x0 + channel];
        const south = data[y1 + x0 + channel];
        const upper = west + dx * (data[y0 + x1 + channel] - west);
        const lower = south + dx * (data[y1 + x1 + channel] - south);
        sums[to + channel] += Math.floor(upper + dy * (lower - upper) + 0.5);
      }
    }
  }
  return sums.map((sum) => Math.floor(sum / factor ** 2 + 0.5) / 255);
}
