/** The turn of a head, as `fer_core.landmarks.head_pose` finds it. */

const SQUARINGS = 40; // of a matrix: its largest eigenvalue has all of the weight then

/**
 * The rotation that best turns the model head into the seen one, weighted; perspective is left out.
 * By unit quaternions: B. K. P. Horn, Journal of the Optical Society of America A 4(4), 1987.
 *
 * @param {number[][]} points (P, 3) in pixels; y down, z away from the camera
 * @param {number[][]} model (P, 3) of the model head; y up, z to the camera
 * @param {number[]} weights
 * @returns {{yaw: number, pitch: number, roll: number}} degrees
 */
export function headPose(points, model, weights) {
  const seen = points.map(([x, y, z]) => [x, -y, -z]);
  const [a, b] = [centred(model, weights), centred(seen, weights)];
  const s = [0, 1, 2].map((row) => [0, 1, 2].map((column) => (
    weights.reduce((sum, weight, at) => sum + weight * a[at][row] * b[at][column], 0))));
  return angles(rotation(largest([
    [s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]],
    [s[1][2] - s[2][1], s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]],
    [s[2][0] - s[0][2], s[0][1] + s[1][0], s[1][1] - s[0][0] - s[2][2], s[1][2] + s[2][1]],
    [s[0][1] - s[1][0], s[2][0] + s[0][2], s[1][2] + s[2][1], s[2][2] - s[0][0] - s[1][1]],
  ])));
}

function centred(points, weights) {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const centre = [0, 1, 2].map((axis) => (
    points.reduce((sum, point, at) => sum + weights[at] * point[axis], 0) / whole));
  return points.map((point) => point.map((value, axis) => value - centre[axis]));
}

/** The unit eigenvector of a symmetric matrix's largest eigenvalue. */
function largest(matrix) {
  const norm = Math.hypot(...matrix.flat());
  // Shifted, so that no eigenvalue is negative and the largest one is so in size too.
  let power = matrix.map((row, i) => row.map((value, j) => value / norm + (i === j ? 1 : 0)));
  for (let count = 0; count < SQUARINGS; count++) {
    const square = power.map((row) => power.map((_, j) => (
      row.reduce((sum, value, k) => sum + value * power[k][j], 0))));
    const size = Math.hypot(...square.flat());
    power = square.map((row) => row.map((value) => value / size));
  }
  const length = (row) => Math.hypot(...row);
  const longest = power.reduce((one, other) => (length(other) > length(one) ? other : one));
  return longest.map((value) => value / length(longest));
}

/** The matrix of a unit quaternion. */
function rotation([w, x, y, z]) {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** Of a rotation: pitch is applied first, then yaw, then roll. */
function angles(r) {
  const degrees = (value) => (180 / Math.PI) * value;
  return {
    yaw: degrees(Math.asin(Math.min(1, Math.max(-1, -r[2][0])))),
    pitch: degrees(-Math.atan2(r[2][1], r[2][2])),
    roll: degrees(-Math.atan2(r[1][0], r[0][0])),
  };
}
