/**
 * Cutting a face out so that its landmarks are where the training crops have them, at the
 * training images' sharpness and colours (`fer_core.faces.align`).
 */

import { similarity } from "./geometry.js";
import { resize, sample, shrink } from "./resampling.js";

const MOST_OVERSAMPLING = 16;

/**
 * @typedef {object} InputSpec `fer_core.config.input_spec.InputSpec`
 * @property {number} size side of the model's input in pixels
 * @property {number} channels 1 or 3
 * @property {number[]} mean of pixels in [0, 1]
 * @property {number[]} std
 * @property {number} source_size side of the training images
 * @property {boolean} grey whether the training images were grey
 * @property {import("./geometry.js").Point[]} landmarks as shares of the side
 */

/**
 * @param {ImageData} image
 * @param {import("./geometry.js").Point[]} landmarks in pixels
 * @param {InputSpec} spec
 * @returns {{planes: Float32Array[], toPhoto: import("./geometry.js").Affine}} the crop's channels,
 *   (size, size) each in [0, 255], and the map from crop coordinates in [0, 1] to pixels
 */
export function align(image, landmarks, spec) {
  const toPhoto = similarity(spec.landmarks, landmarks);
  const faceSide = Math.hypot(toPhoto[0], toPhoto[1]);
  const factor = Math.round(faceSide / spec.source_size);
  const oversampling = Math.min(MOST_OVERSAMPLING, Math.max(1, factor));
  const part = around(image, toPhoto);
  const [a, b, c, d, e, f] = toPhoto;
  const planes = (spec.grey ? [grey] : [0, 1, 2].map(channel)).map((read) => {
    const plane = cut(image, part, read);
    // The part begins elsewhere than the image.
    const map = [a, b, c, d, e - part.left, f - part.top];
    const large = sample(plane, map, spec.source_size * oversampling);
    return resize(shrink(large, oversampling), spec.size, spec.size).values;
  });
  return { planes: fit(planes, spec.channels), toPhoto };
}

/** The part of the image that a crop can touch, with room for the filter. */
function around(image, [a, b, c, d, e, f]) {
  const across = [e, e + a, e + c, e + a + c];
  const down = [f, f + b, f + d, f + b + d];
  const left = Math.max(0, Math.floor(Math.min(...across)) - 3);
  const top = Math.max(0, Math.floor(Math.min(...down)) - 3);
  const right = Math.min(image.width, Math.ceil(Math.max(...across)) + 3);
  const bottom = Math.min(image.height, Math.ceil(Math.max(...down)) + 3);
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

/** One plane of a part of the image. */
function cut(image, { left, top, width, height }, read) {
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    let from = ((top + y) * image.width + left) * 4;
    for (let x = 0; x < width; x++, from += 4) values[y * width + x] = read(image.data, from);
  }
  return { values, width, height };
}

/** ITU-R 601 luma in Pillow's whole numbers. */
function grey(data, at) {
  return (19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 0x8000) >> 16;
}

/** @param {number} index */
function channel(index) {
  return (data, at) => data[at + index];
}

/** As many channels as the model has. */
function fit(planes, channels) {
  if (planes.length === channels) return planes;
  if (channels === 3) return [planes[0], planes[0], planes[0]];
  return [planes[0].map((red, at) => grey([red, planes[1][at], planes[2][at]], 0))];
}
