/**
 * Finding faces: MTCNN's three networks (Zhang et al., 2016), one after the other.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {object} Face
 * @property {Box} box
 * @property {Point[]} landmarks the eye on the image's left, the eye on its right, mouth centre
 * @property {number} score in [0, 1]
 */

import { AreaSums } from "./area_sums.js";
import { inside, move, square, suppress } from "./candidates.js";
import { cutAround, overlapOfSmaller, padded, squaresAround } from "./parts.js";

const CELL = 12; // pixels that the first network sees at once
const STRIDE = 2;

export class Detector {
  /**
   * @param {Record<string, import("./networks.js").Network>} networks pnet, rnet and onet
   * @param {{thresholds: number[], factor: number, least_score: number, least_side: number,
   *   smallest: number, shares: number[], margin_share: number, margin_grey: number,
   *   moves: [number, number][], around: number, same_face: number}} settings of
   *   `fer_core.faces.detect` and `fer_core.faces.near`
   */
  constructor(networks, settings) {
    this.networks = networks;
    this.settings = settings;
  }

  /**
   * All faces, the largest first: those down to the first share of the shorter side, and where
   * there is none, down to the second. Boxes lie within the image; landmarks of a face that its edge
   * cuts may lie outside.
   *
   * @param {ImageData} image
   * @returns {Promise<Face[]>}
   */
  async detect(image) {
    const { shares, least_side: leastSide, smallest, margin_share: marginShare } = this.settings;
    const side = Math.min(image.width, image.height);
    if (side < leastSide) return [];
    const margin = Math.floor(side / marginShare); // for faces at the edge
    const sums = new AreaSums(padded(image, margin, this.settings.margin_grey));
    for (const share of shares) {
      const least = Math.max(smallest, Math.round(side / share));
      // Rounded as fer_core.faces.detect rounds it.
      const rounded = Math.floor(2 ** (Math.floor(2 * Math.log2(least)) / 2));
      const found = await this.#search(sums, Math.max(smallest, rounded));
      const faces = found
        .map((face) => shifted(face, margin, margin, image.width, image.height))
        .filter(({ box }) => box[0] < box[2] && box[1] < box[3]);
      if (faces.length) return faces.sort((one, other) => width(other) - width(one));
    }
    return [];
  }

  /**
   * The same faces in the next image, the largest first; null where one is lost. Without the first
   * network: the other two look at squares around each face.
   *
   * @param {ImageData} image of the same size
   * @param {Face[]} faces of the image before
   * @returns {Promise<Face[] | null>}
   */
  async follow(image, faces) {
    const { settings } = this;
    const margin = Math.floor(Math.min(image.width, image.height) / settings.margin_share);
    const followed = [];
    for (const { box } of faces) {
      const squares = squaresAround(box, settings.moves);
      const { part, left, top } =
        cutAround(image, squares, settings.around, margin, settings.margin_grey);
      const sums = new AreaSums(part);
      const placed = squares.map(([x0, y0, x1, y1]) => (
        { box: [x0 - left, y0 - top, x1 - left, y1 - top], score: 0 }));
      const [best] = await this.#finish(sums, await this.#refine(sums, placed));
      if (!best || best.score < settings.least_score) return null;
      const face = shifted(faceOf(best), -left, -top, image.width, image.height);
      if (face.box[0] >= face.box[2] || face.box[1] >= face.box[3]) return null;
      if (followed.some((other) => overlapOfSmaller(face.box, other.box) > settings.same_face)) {
        return null;
      }
      followed.push(face);
    }
    return followed.sort((one, other) => width(other) - width(one));
  }

  /**
   * @param {AreaSums} sums
   * @param {number} least side of a face in pixels
   * @returns {Promise<Face[]>}
   */
  async #search(sums, least) {
    let candidates = await this.#propose(sums, least);
    candidates = await this.#refine(sums, candidates);
    candidates = await this.#finish(sums, candidates);
    return candidates
      .filter(({ score }) => score >= this.settings.least_score)
      .map(faceOf);
  }

  /** First network: everywhere, in ever smaller copies of the image. */
  async #propose(sums, least) {
    const { thresholds, factor } = this.settings;
    const found = [];
    let scale = CELL / least;
    let side = Math.min(sums.width, sums.height) * scale;
    for (; side >= CELL; scale *= factor, side *= factor) {
      const width = Math.trunc(sums.width * scale + 1);
      const height = Math.trunc(sums.height * scale + 1);
      const input = new Float32Array(3 * width * height);
      sums.resample(input, 0, width, height);
      const { boxes, scores } = await this.networks.pnet.run(input, [1, 3, height, width]);
      const seen = cells(boxes, scores, scale, thresholds[0]);
      found.push(...suppress(seen, 0.5));
    }
    return suppress(found, 0.7).map((candidate) => square(move(candidate, 0)));
  }

  /** Second network: throws most candidates away. */
  async #refine(sums, candidates) {
    const { rows, outputs } = await this.#evaluate("rnet", sums, candidates, 24);
    if (!rows.length) return [];
    const kept = [];
    rows.forEach((candidate, row) => {
      const score = outputs.scores.data[2 * row + 1];
      const shift = [...outputs.boxes.data.subarray(4 * row, 4 * row + 4)];
      if (score > this.settings.thresholds[1]) kept.push({ box: candidate.box, score, shift });
    });
    return suppress(kept, 0.7).map((candidate) => square(move(candidate, 1)));
  }

  /** Third network: the last word, and the landmarks. */
  async #finish(sums, candidates) {
    const { rows, outputs } = await this.#evaluate("onet", sums, candidates, 48);
    if (!rows.length) return [];
    const kept = [];
    rows.forEach(({ box }, row) => {
      const score = outputs.scores.data[2 * row + 1];
      if (score <= this.settings.thresholds[2]) return;
      const shift = [...outputs.boxes.data.subarray(4 * row, 4 * row + 4)];
      const places = outputs.points.data.subarray(10 * row, 10 * row + 10);
      const [width, height] = [box[2] - box[0] + 1, box[3] - box[1] + 1];
      const points = Array.from({ length: 5 }, (_, index) => /** @type {Point} */ ([
        width * places[index] + box[0] - 1,
        height * places[5 + index] + box[1] - 1,
      ]));
      kept.push(move({ box, score, shift, points }, 1));
    });
    return suppress(kept, 0.7, { ofSmaller: true, border: 1 });
  }

  /** The outputs of a network for all candidates that lie in the image. */
  async #evaluate(name, sums, candidates, side) {
    const rows = [];
    const parts = [];
    for (const candidate of candidates) {
      const part = inside(candidate, sums.width, sums.height);
      if (part) {
        rows.push(candidate);
        parts.push(part);
      }
    }
    if (!rows.length) return { rows, outputs: null };
    const size = 3 * side * side;
    const input = new Float32Array(rows.length * size);
    parts.forEach((part, row) => sums.resample(input, row * size, side, side, part));
    const outputs = await this.networks[name].run(input, [rows.length, 3, side, side]);
    return { rows, outputs };
  }
}

/**
 * The places where the first network sees a face.
 *
 * @returns {import("./candidates.js").Candidate[]}
 */
function cells(boxes, scores, scale, threshold) {
  const [, , rows, columns] = scores.dims;
  const plane = rows * columns;
  const found = [];
  for (let at = 0; at < plane; at++) {
    const score = scores.data[plane + at];
    if (score < threshold) continue;
    const [x, y] = [STRIDE * (at % columns), STRIDE * Math.floor(at / columns)];
    const place = (value) => Math.floor(Math.fround(value / scale));
    found.push({
      box: [place(x + 1), place(y + 1), place(x + CELL), place(y + CELL)],
      score,
      shift: [0, 1, 2, 3].map((edge) => boxes.data[edge * plane + at]),
    });
  }
  return found;
}

/**
 * @param {import("./candidates.js").Candidate} candidate of the third network
 * @returns {Face}
 */
function faceOf({ box, score, points }) {
  return {
    box: /** @type {Box} */ (box),
    score,
    landmarks: [points[0], points[1], middle(points[3], points[4])],
  };
}

/**
 * A face of another image that begins elsewhere, in the image; its box is cut at the edges.
 *
 * @param {Face} face
 * @param {number} left pixels of the other one left of the image
 * @param {number} top pixels above it
 * @param {number} width of the image
 * @param {number} height of the image
 * @returns {Face}
 */
function shifted({ box, landmarks, score }, left, top, width, height) {
  const [x0, y0, x1, y1] = [box[0] - left, box[1] - top, box[2] - left, box[3] - top];
  return {
    box: [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)],
    landmarks: landmarks.map(([x, y]) => [x - left, y - top]),
    score,
  };
}

/** @param {Face} face */
function width({ box }) {
  return box[2] - box[0];
}

/**
 * @param {Point} one
 * @param {Point} other
 * @returns {Point}
 */
function middle(one, other) {
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
}
