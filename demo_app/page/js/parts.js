/**
 * Parts of an image in which faces are looked for, with grey where they reach beyond its edges.
 *
 * @typedef {{data: Uint8ClampedArray, width: number, height: number}} Pixels RGBA
 */

/**
 * The image with a margin of one grey around it.
 *
 * @param {Pixels} image
 * @param {number} margin pixels
 * @param {number} grey
 */
export function padded(image, margin, grey) {
  return cut(image, -margin, -margin, image.width + margin, image.height + margin, grey);
}

/**
 * The part of an image, and of its margin, that squares cover.
 *
 * @param {Pixels} image
 * @param {number[][]} squares x0, y0, x1, y1
 * @param {number} around pixels more than these
 * @param {number} margin pixels beyond the edges at most
 * @param {number} grey of the margin
 * @returns {{part: Pixels, left: number, top: number}} and where it begins in the image
 */
export function cutAround(image, squares, around, margin, grey) {
  const least = (side) => Math.floor(Math.min(...squares.map((one) => one[side]))) - around;
  const most = (side) => Math.ceil(Math.max(...squares.map((one) => one[side]))) + around;
  const [left, top] = [Math.max(least(0), -margin), Math.max(least(1), -margin)];
  const right = Math.max(Math.min(most(2), image.width + margin), left + 1);
  const bottom = Math.max(Math.min(most(3), image.height + margin), top + 1);
  return { part: cut(image, left, top, right, bottom, grey), left, top };
}

/**
 * Squares in which a face may be next (`fer_core.faces.near.squares_around`).
 *
 * @param {number[]} box of the face
 * @param {[number, number][]} moves shares of the longer side
 */
export function squaresAround([x0, y0, x1, y1], moves) {
  const side = Math.max(x1 - x0, y1 - y0);
  return moves.map(([across, down]) => {
    const left = (x0 + x1) / 2 + side * (across - 0.5);
    const top = (y0 + y1) / 2 + side * (down - 0.5);
    return [left, top, left + side, top + side];
  });
}

/**
 * Intersection of two boxes as a share of the smaller one.
 *
 * @param {number[]} one
 * @param {number[]} other
 */
export function overlapOfSmaller(one, other) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) return 0;
  const areas = [one, other].map((box) => (box[2] - box[0]) * (box[3] - box[1]));
  return (width * height) / Math.min(...areas);
}

/** @returns {Pixels} */
function cut({ data, width, height }, left, top, right, bottom, grey) {
  const [wide, high] = [right - left, bottom - top];
  const pixels = new Uint8ClampedArray(4 * wide * high);
  const [from, to] = [Math.max(left, 0), Math.min(right, width)];
  if (left < 0 || top < 0 || right > width || bottom > height) pixels.fill(grey);
  for (let y = Math.max(top, 0); from < to && y < Math.min(bottom, height); y++) {
    const row = data.subarray(4 * (y * width + from), 4 * (y * width + to));
    pixels.set(row, 4 * ((y - top) * wide + from - left));
  }
  return { data: pixels, width: wide, height: high };
}
