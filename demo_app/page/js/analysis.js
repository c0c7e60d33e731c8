/**
 * From an image to its faces with their expressions: all networks together.
 *
 * @typedef {import("./detector.js").Face & import("./classifier.js").Prediction &
 *   {toPhoto: import("./geometry.js").Affine}} Seen
 */

import { align } from "./alignment.js";
import { classify } from "./classifier.js";
import { Detector } from "./detector.js";

export class Analysis {
  /**
   * @param {Record<string, import("./networks.js").Network>} networks
   * @param {any} facts of facts.json
   */
  constructor(networks, facts) {
    this.detector = new Detector(networks, facts.detector);
    this.classifier = networks.classifier;
    this.input = facts.input;
    this.detectionSide = facts.detector.detection_side;
  }

  /**
   * @param {ImageBitmap} bitmap
   * @returns {Promise<Seen[]>} the largest face first
   */
  async see(bitmap) {
    const { width, height } = bitmap;
    const image = read(bitmap, width, height);
    const reduction = Math.max(1, Math.max(width, height) / this.detectionSide);
    const small = reduction > 1
      ? read(bitmap, Math.round(width / reduction), Math.round(height / reduction))
      : image;
    const found = await this.detector.detect(small);
    const faces = found.map((face) => enlarge(face, reduction, width, height));
    if (!faces.length) return [];
    const crops = faces.map((face) => align(image, face.landmarks, this.input));
    const planes = crops.map((crop) => crop.planes);
    const predictions = await classify(this.classifier, planes, this.input);
    return faces.map((face, index) => (
      { ...face, ...predictions[index], toPhoto: crops[index].toPhoto }
    ));
  }
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
 * A face of the reduced image in the image itself, whose size is no exact multiple.
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
