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

/**
 * @param {import("./networks.js").Network} network
 * @param {Float32Array[][]} crops channels of every face, in [0, 255]
 * @param {import("./alignment.js").InputSpec} spec
 * @returns {Promise<Prediction[]>}
 */
export async function classify(network, crops, spec) {
  const { size, channels } = spec;
  const length = channels * size * size;
  const input = new Float32Array(2 * crops.length * length);
  crops.forEach((planes, index) => {
    planes.forEach((plane, channel) => {
      const at = 2 * index * length + channel * size * size;
      write(input, at, plane, spec, channel);
    });
  });
  const outputs = await network.run(input, [2 * crops.length, channels, size, size]);
  return crops.map((_, index) => average(outputs.logits, outputs.maps, 2 * index));
}

/** One normalised channel, and its mirror image one image later. */
function write(input, at, plane, { size, channels, mean, std }, channel) {
  const mirrored = at + channels * size * size;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = (plane[y * size + x] / 255 - mean[channel]) / std[channel];
      input[at + y * size + x] = value;
      input[mirrored + y * size + (size - 1 - x)] = value;
    }
  }
}

/** @returns {Prediction} */
function average(logits, maps, row) {
  const [, classes, mapHeight, mapWidth] = maps.dims;
  const plane = mapHeight * mapWidth;
  const one = row * classes;
  const other = one + classes;
  const mean = Array.from({ length: classes }, (_, k) =>
    (logits.data[one + k] + logits.data[other + k]) / 2);
  const means = Array.from({ length: classes }, (_, k) => {
    const map = new Float32Array(plane);
    for (let at = 0; at < plane; at++) {
      const x = at % mapWidth;
      const flipped = at - x + (mapWidth - 1 - x);
      map[at] = (maps.data[(one + k) * plane + at] + maps.data[(other + k) * plane + flipped]) / 2;
    }
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
