/**
 * Means over rectangles of an image in constant time, for the detector's many reductions of one
 * image (summed-area table: Crow, SIGGRAPH 1984).
 */

const CHANNELS = 3;

export class AreaSums {
  /** @param {{data: ArrayLike<number>, width: number, height: number}} image RGBA pixels */
  constructor({ data, width, height }) {
    this.width = width;
    this.height = height;
    this.stride = (width + 1) * CHANNELS;
    // 255 times 16.8 million pixels: sums of larger images do not fit in 32 bits.
    this.sums = new Uint32Array(this.stride * (height + 1));
    const { sums, stride } = this;
    for (let y = 0; y < height; y++) {
      let [red, green, blue] = [0, 0, 0];
      let from = y * width * 4;
      let to = (y + 1) * stride + CHANNELS;
      for (let x = 0; x < width; x++, from += 4, to += CHANNELS) {
        red += data[from];
        green += data[from + 1];
        blue += data[from + 2];
        sums[to] = sums[to - stride] + red;
        sums[to + 1] = sums[to + 1 - stride] + green;
        sums[to + 2] = sums[to + 2 - stride] + blue;
      }
    }
  }

  /**
   * One rectangle, reduced or enlarged by area (PyTorch's "area" interpolation: every output pixel
   * is the mean of the input pixels that it touches), as a network of the detector takes it.
   *
   * @param {Float32Array} output receives (3, height, width) values in about [-1, 1]
   * @param {number} offset where in it
   * @param {number} width of the output
   * @param {number} height of the output
   * @param {[number, number, number, number]} [part] x0, y0, x1, y1 of the rectangle; all by default
   */
  resample(output, offset, width, height, part = [0, 0, this.width, this.height]) {
    const { sums, stride } = this;
    const [x0, y0, x1, y1] = part;
    const columns = edges(x0, x1 - x0, width);
    const plane = width * height;
    for (let y = 0; y < height; y++) {
      const top = y0 + Math.floor((y * (y1 - y0)) / height);
      const bottom = y0 + Math.ceil(((y + 1) * (y1 - y0)) / height);
      const [above, below] = [top * stride, bottom * stride];
      for (let x = 0; x < width; x++) {
        const [left, right] = [columns[2 * x] * CHANNELS, columns[2 * x + 1] * CHANNELS];
        const count = (bottom - top) * (columns[2 * x + 1] - columns[2 * x]);
        let at = offset + y * width + x;
        for (let channel = 0; channel < CHANNELS; channel++, at += plane) {
          const sum =
            sums[below + right + channel] - sums[above + right + channel] -
            sums[below + left + channel] + sums[above + left + channel];
          output[at] = (sum / count - 127.5) / 128;
        }
      }
    }
  }
}

/**
 * First and last input column of every output column.
 *
 * @param {number} start
 * @param {number} length of the input
 * @param {number} count of output columns
 */
function edges(start, length, count) {
  const result = new Int32Array(2 * count);
  for (let x = 0; x < count; x++) {
    result[2 * x] = start + Math.floor((x * length) / count);
    result[2 * x + 1] = start + Math.ceil(((x + 1) * length) / count);
  }
  return result;
}
