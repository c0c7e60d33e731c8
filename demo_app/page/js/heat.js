/** From a raw attention map to what is drawn, as `fer_core.explain.cam.overlay` does it. */

import { resize } from "./resampling.js";

const SIDE = 128; // pixels of a smoothed map
const VEIL = 0.25; // opacity where nothing speaks for the class, as a share
const FEATHER = 1 / 40; // of the crop's side: standard deviation of its soft edge

const EDGE = Float32Array.from({ length: SIDE }, (_, index) => {
  const inner = Math.min(index + 0.5, SIDE - index - 0.5) / SIDE;
  // The normal distribution's share on this side of the edge (a logistic curve, error below 1 %).
  return 1 / (1 + Math.exp((-1.702 * inner) / FEATHER));
});

/**
 * The map as a transparent image; null where it is nowhere positive.
 *
 * @param {Float32Array} map
 * @param {number} width of the map
 * @param {number} height of the map
 * @param {number[][]} colours 256 of them, RGB, from 0 to the highest value
 * @param {number} opacity where the map is highest, in [0, 1]
 * @returns {HTMLCanvasElement | null}
 */
export function draw(map, width, height, colours, opacity) {
  const peak = map.reduce((one, other) => Math.max(one, other), 0);
  if (peak <= 0) return null;
  const positive = map.map((value) => Math.max(0, value) / peak);
  const { values } = resize({ values: positive, width, height }, SIDE, SIDE, false);
  const image = new ImageData(SIDE, SIDE);
  values.forEach((raw, at) => {
    const value = Math.min(1, Math.max(0, raw));
    const edge = EDGE[at % SIDE] * EDGE[Math.floor(at / SIDE)];
    image.data.set(colours[Math.round(255 * value)], 4 * at);
    image.data[4 * at + 3] = 255 * opacity * edge * (VEIL + (1 - VEIL) * value);
  });
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
