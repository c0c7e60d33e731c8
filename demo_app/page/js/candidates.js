/**
 * What happens to the boxes of MTCNN (Zhang et al., 2016) between its three networks, as
 * facenet-pytorch does it, whose weights these are.
 *
 * @typedef {object} Candidate
 * @property {number[]} box x0, y0, x1, y1 in pixels
 * @property {number} score in [0, 1]
 * @property {number[]} [shift] what the network would move the edges by, as shares of the side
 * @property {[number, number][]} [points] five landmarks in pixels
 */

/**
 * The best boxes, without those that cover a better one too much.
 *
 * @param {Candidate[]} candidates
 * @param {number} most overlap that is allowed
 * @param {{ofSmaller?: boolean, border?: number}} [how] share of the smaller box instead of both;
 *   pixels that a box is larger than the difference of its edges
 * @returns {Candidate[]} the best first
 */
export function suppress(candidates, most, { ofSmaller = false, border = 0 } = {}) {
  const kept = [];
  const size = ([x0, y0, x1, y1]) => (x1 - x0 + border) * (y1 - y0 + border);
  for (const candidate of [...candidates].sort((one, other) => other.score - one.score)) {
    const { box } = candidate;
    const covered = kept.some(({ box: better }) => {
      const width = Math.min(box[2], better[2]) - Math.max(box[0], better[0]) + border;
      const height = Math.min(box[3], better[3]) - Math.max(box[1], better[1]) + border;
      const shared = Math.max(0, width) * Math.max(0, height);
      const whole = ofSmaller
        ? Math.min(size(box), size(better))
        : size(box) + size(better) - shared;
      return shared / whole > most;
    });
    if (!covered) kept.push(candidate);
  }
  return kept;
}

/**
 * The box with its edges moved.
 *
 * @param {Candidate} candidate
 * @param {number} border 1 where both edges count as inside, as from the second network on
 * @returns {Candidate}
 */
export function move({ box, score, shift, points }, border) {
  const [width, height] = [box[2] - box[0] + border, box[3] - box[1] + border];
  const moved = box.map((edge, side) => edge + shift[side] * (side % 2 ? height : width));
  return { box: moved, score, points };
}

/**
 * The square around the middle of the box, as wide as its longer side.
 *
 * @param {Candidate} candidate
 * @returns {Candidate}
 */
export function square({ box: [x0, y0, x1, y1], score }) {
  const side = Math.max(x1 - x0, y1 - y0);
  const [left, top] = [x0 + (x1 - x0 - side) / 2, y0 + (y1 - y0 - side) / 2];
  return { box: [left, top, left + side, top + side], score };
}

/**
 * Whole pixels of the box inside the image; null where there are none.
 *
 * @param {Candidate} candidate
 * @param {number} width
 * @param {number} height
 * @returns {[number, number, number, number] | null}
 */
export function inside({ box }, width, height) {
  const [x0, y0, x1, y1] = box.map(Math.trunc);
  const [left, top] = [Math.max(x0, 1) - 1, Math.max(y0, 1) - 1]; // counted from 1
  const [right, bottom] = [Math.min(x1, width), Math.min(y1, height)];
  return right > left && bottom > top ? [left, top, right, bottom] : null;
}
