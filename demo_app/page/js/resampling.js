/**
 * Grey or colour planes, resized and turned as Pillow does it, so that a face reaches the model
 * as it does in Python.
 *
 * @typedef {object} Plane
 * @property {Float32Array} values row after row, in [0, 255]
 * @property {number} width
 * @property {number} height
 */

/**
 * Keys' cubic, a = -0.5 (IEEE TASSP 29(6), 1981).
 *
 * @param {number} distance
 */
function cubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/**
 * The plane at another size; where it shrinks, the filter grows with it.
 *
 * @param {Plane} plane
 * @param {number} width
 * @param {number} height
 * @param {boolean} [whole] round to whole values in [0, 255], as images have them
 * @returns {Plane}
 */
export function resize(plane, width, height, whole = true) {
  const finish = whole ? round : (value) => value;
  const across = weights(plane.width, width);
  const down = weights(plane.height, height);
  const rows = new Float32Array(width * plane.height);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      const { start, shares } = across[x];
      let sum = 0;
      for (let k = 0; k < shares.length; k++) {
        sum += shares[k] * plane.values[y * plane.width + start + k];
      }
      rows[y * width + x] = finish(sum);
    }
  }
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const { start, shares } = down[y];
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < shares.length; k++) sum += shares[k] * rows[(start + k) * width + x];
      values[y * width + x] = finish(sum);
    }
  }
  return { values, width, height };
}

/** Which inputs make each output, and by what share. */
function weights(from, to) {
  const scale = from / to;
  const spread = Math.max(1, scale);
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - 2 * spread + 0.5));
    const end = Math.min(from, Math.trunc(centre + 2 * spread + 0.5));
    const shares = Array.from({ length: end - start }, (_unused, k) =>
      cubic((start + k - centre + 0.5) / spread));
    const sum = shares.reduce((one, other) => one + other, 0);
    return { start, shares: shares.map((share) => share / sum) };
  });
}

/**
 * A square cut out of a plane through an affine map, 0 where it leaves the plane.
 *
 * @param {Plane} plane
 * @param {import("./geometry.js").Affine} map from the square, [0, 1] twice, to the plane's pixels
 * @param {number} side of the square in pixels
 * @returns {Plane}
 */
export function sample({ values, width, height }, [a, b, c, d, e, f], side) {
  const result = new Float32Array(side * side);
  const tap = new Float64Array(4);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [u, v] = [(column + 0.5) / side, (row + 0.5) / side];
      const [x, y] = [a * u + c * v + e, b * u + d * v + f];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
      const [dx, dy] = [x - 0.5 - left, y - 0.5 - top];
      for (let k = 0; k < 4; k++) tap[k] = cubic(dx + 1 - k);
      let sum = 0;
      for (let j = 0; j < 4; j++) {
        const line = clamp(top - 1 + j, height) * width;
        let across = 0;
        for (let k = 0; k < 4; k++) across += tap[k] * values[line + clamp(left - 1 + k, width)];
        sum += cubic(dy + 1 - j) * across;
      }
      result[row * side + column] = round(sum);
    }
  }
  return { values: result, width: side, height: side };
}

/**
 * The mean of square blocks.
 *
 * @param {Plane} plane
 * @param {number} factor pixels along a block
 * @returns {Plane}
 */
export function shrink(plane, factor) {
  if (factor === 1) return plane;
  const [width, height] = [plane.width / factor, plane.height / factor];
  const values = new Float32Array(width * height);
  for (let y = 0; y < plane.height; y++) {
    const line = Math.floor(y / factor) * width;
    for (let x = 0; x < plane.width; x++) {
      values[line + Math.floor(x / factor)] += plane.values[y * plane.width + x];
    }
  }
  return { values: values.map((sum) => round(sum / factor ** 2)), width, height };
}

/** @param {number} value */
function round(value) {
  return Math.min(255, Math.max(0, Math.floor(value + 0.5)));
}

/**
 * @param {number} index
 * @param {number} length
 */
function clamp(index, length) {
  return index < 0 ? 0 : index >= length ? length - 1 : index;
}
