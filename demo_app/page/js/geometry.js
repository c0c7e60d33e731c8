/**
 * Points, boxes and affine maps of the plane.
 *
 * @typedef {[number, number]} Point
 * @typedef {[number, number, number, number]} Box  x0, y0, x1, y1 in pixels
 * @typedef {[number, number, number, number, number, number]} Affine
 *   a, b, c, d, e, f as a canvas takes them: x' = a x + c y + e, y' = b x + d y + f
 */

/**
 * The rotation, uniform scale and shift that best map points onto points: least squares after
 * Umeyama, IEEE TPAMI 13(4), 1991.
 *
 * @param {Point[]} source
 * @param {Point[]} target
 * @returns {Affine}
 */
export function similarity(source, target) {
  const [sx, sy] = centre(source);
  const [tx, ty] = centre(target);
  let spread = 0;
  let along = 0;
  let across = 0;
  source.forEach(([x, y], index) => {
    const [ax, ay] = [x - sx, y - sy];
    const [bx, by] = [target[index][0] - tx, target[index][1] - ty];
    spread += ax * ax + ay * ay;
    along += ax * bx + ay * by;
    across += ax * by - ay * bx;
  });
  if (spread < 1e-12) throw new Error("a similarity needs source points that do not coincide");
  const [a, b] = [along / spread, across / spread];
  return [a, b, -b, a, tx - a * sx + b * sy, ty - b * sx - a * sy];
}

/**
 * Share of two boxes that both cover: intersection over union.
 *
 * @param {ArrayLike<number>} one
 * @param {ArrayLike<number>} other
 */
export function overlap(one, other) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (area(one) + area(other) - shared);
}

/** @param {ArrayLike<number>} box */
function area(box) {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

/**
 * @param {Point[]} points
 * @returns {Point}
 */
function centre(points) {
  const sum = points.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
