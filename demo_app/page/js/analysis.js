/**
 * From an image to its faces with their expressions: all networks together.
 *
 * @typedef {import("./detector.js").Face & import("./classifier.js").Prediction &
 *   {toPhoto: import("./geometry.js").Affine, second?: import("./classifier.js").Prediction &
 *   {toPhoto: import("./geometry.js").Affine}}} Seen
 */

import { align } from "./alignment.js";
import { BOTH, classify } from "./classifier.js";
import { Detector } from "./detector.js";
import { Follower } from "./follower.js";

export class Analysis {
  /**
   * @param {Record<string, import("./networks.js").Network>} networks
   * @param {any} facts of facts.json
   */
  constructor(networks, facts) {
    this.follower = new Follower(new Detector(networks, facts.detector), facts.detector.search_every);
    this.classifier = networks.classifier;
    this.input = facts.input;
    /** @type {{classifier: import("./networks.js").Network, input: any} | null} */
    this.second = null; // a model beside the first one
    /** @type {import("./landmarker.js").Landmarker | null} */
    this.landmarker = null;
    /** @type {ImageData | null} */
    this.last = null; // the image that was seen last, kept for the landmarker
    this.detectionSide = facts.detector.detection_side;
    this.before = { stream: -1, faces: 0 }; // the last image
    this.mirrored = false; // the view of the last image of which only one was predicted
  }

  /**
   * @param {ImageBitmap} bitmap
   * @param {import("./follower.js").Moment | null} [moment] none for an image on its own
   * @returns {Promise<Seen[]>} the largest face first
   */
  async see(bitmap, moment = null) {
    const { width, height } = bitmap;
    const image = read(bitmap, width, height);
    this.last = this.landmarker ? image : null;
    const reduction = Math.max(1, Math.max(width, height) / this.detectionSide);
    const small = reduction > 1
      ? read(bitmap, Math.round(width / reduction), Math.round(height / reduction))
      : image;
    const found = await this.follower.find(small, moment);
    const faces = found.map((face) => enlarge(face, reduction, width, height));
    const views = this.#views(faces.length, moment);
    if (!faces.length) return [];
    const first = await predict(this.classifier, this.input, image, faces, views);
    const second = this.second
      ? await predict(this.second.classifier, this.second.input, image, faces, views)
      : [];
    return faces.map((face, index) => (
      { ...face, ...first[index], ...(this.second ? { second: second[index] } : {}) }
    ));
  }

  /** Both views of each face; one, in turn, of those that are averaged with the images before. */
  #views(faces, moment) {
    const { before } = this;
    this.before = { stream: moment?.averaged ? moment.stream : -1, faces };
    if (this.before.stream < 0 || this.before.stream !== before.stream || faces > before.faces) {
      return BOTH;
    }
    this.mirrored = !this.mirrored;
    return [this.mirrored];
  }

  /**
   * What a face of the last image does.
   *
   * @param {import("./geometry.js").Point[]} landmarks
   * @returns {Promise<import("./landmarker.js").Doing | null>} null where the network sees no face
   */
  async doing(landmarks) {
    return this.last && this.landmarker ? this.landmarker.analyse(this.last, landmarks) : null;
  }
}

/** The faces as a model sees them: cut out as its training crops were. */
async function predict(classifier, input, image, faces, views) {
  const crops = faces.map((face) => align(image, face.landmarks, input));
  const predictions = await classify(classifier, crops.map((crop) => crop.planes), input, views);
  return predictions.map((prediction, index) => (
    { ...prediction, toPhoto: crops[index].toPhoto }
  ));
}

/** The pixels; transparency becomes white. */
function read(bitmap, width, height) {
  const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

/**
 * A face of the reduced image in the image itself, whose size is not an exact multiple.
 *
 * @param {import("./detector.js").Face} face
 * @param {number} factor
 * @param {number} width of the image
 * @param {number} height of the image
 * @returns {import("./detector.js").Face}
 */
function enlarge({ box, landmarks, score }, factor, width, height) {
  return {
    box: /** @type {import("./geometry.js").Box} */ (
      box.map((edge, side) => Math.min(edge * factor, side % 2 ? height : width))
    ),
    landmarks: landmarks.map(([x, y]) => [x * factor, y * factor]),
    score,
  };
}
