/**
 * The expression of aligned faces, and the maps that explain it: the mean of the predictions on each
 * face and on its mirror image, as `fer_core.inference.predictor.Predictor` gives it.
 *
 * @typedef {object} Prediction
 * @property {number[]} logits one per class
 * @property {Float32Array[]} maps raw attention map of every class, row after row; mean + bias is
 *   the logit
 * @property {number} mapWidth
 * @property {number} mapHeight
 */

/** The views of a face, by whether they are mirrored. */
export const BOTH = [false, true];

/**
 * @param {import("./networks.js").Network} network
 * @param {Float32Array[][]} crops channels of every face, in [0, 255]
 * @param {import("./alignment.js").InputSpec} spec
 * @param {boolean[]} [views] of every face, by whether they are mirrored
 * @returns {Promise<Prediction[]>} the mean over the views
 */
export async function classify(network, crops, spec, views = BOTH) {
  const { size, channels } = spec;
  const plane = size * size;
  const count = views.length * crops.length;
  const input = new Float32Array(count * channels * plane);
  crops.forEach((planes, index) => {
    views.forEach((mirrored, view) => {
      const image = index * views.length + view;
      planes.forEach((values, channel) => {
        write(input, (image * channels + channel) * plane, values, spec, channel, mirrored);
      });
    });
  });
  const outputs = await network.run(input, [count, channels, size, size]);
  return crops.map((_, index) => average(outputs.logits, outputs.maps, index, views));
}

/** One normalised channel, mirrored or not. */
function write(input, at, plane, { size, mean, std }, channel, mirrored) {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = (plane[y * size + x] / 255 - mean[channel]) / std[channel];
      input[at + y * size + (mirrored ? size - 1 - x : x)] = value;
    }
  }
}

/** The mean over the views of a face; maps of mirrored ones are mirrored back. @returns {Prediction} */
function average(logits, maps, face, views) {
  const [, classes, mapHeight, mapWidth] = maps.dims;
  const plane = mapHeight * mapWidth;
  const rows = views.map((_, view) => (face * views.length + view) * classes);
  const mean = Array.from({ length: classes }, (_, k) =>
    rows.reduce((sum, row) => sum + logits.data[row + k], 0) / rows.length);
  const means = Array.from({ length: classes }, (_, k) => {
    const map = new Float32Array(plane);
    views.forEach((mirrored, view) => {
      const begin = (rows[view] + k) * plane;
      for (let at = 0; at < plane; at++) {
        const x = at % mapWidth;
        const from = mirrored ? at - x + (mapWidth - 1 - x) : at;
        map[at] += maps.data[begin + from] / views.length;
      }
    });
    return map;
  });
  return { logits: mean, maps: means, mapWidth, mapHeight };
}

/**
 * @param {number[]} logits
 * @returns {number[]} probabilities
 */
export function softmax(logits) {
  const most = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - most));
  const sum = powers.reduce((one, other) => one + other, 0);
  return powers.map((value) => value / sum);
}
