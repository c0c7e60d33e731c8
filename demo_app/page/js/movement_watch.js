/**
 * Spends a share of the time on analyses, each of the face that has waited longest, as
 * `demo_app.analysis.live_movements` does.
 */

export class MovementWatch {
  /**
   * @param {number} share of the time, in (0, 1]
   * @param {number} lasts milliseconds for which it is known what a face did
   * @param {() => number} [clock] milliseconds
   */
  constructor(share, lasts, clock = () => performance.now()) {
    Object.assign(this, { share, lasts, clock });
    this.free = -Infinity;
    /** @type {Map<number, {at: number, doing: any}>} */
    this.seen = new Map();
  }

  /**
   * One face of an image is analysed where there is time.
   *
   * @template {{number: number}} T
   * @param {T[]} faces
   * @param {(face: T) => Promise<any>} analyse
   * @returns {Promise<T | null>} the face that was
   */
  async look(faces, analyse) {
    const begun = this.clock();
    if (!faces.length || begun < this.free) return null;
    const tried = ({ number }) => this.seen.get(number)?.at ?? -Infinity;
    const waiting = faces.reduce((one, other) => (tried(other) < tried(one) ? other : one));
    const doing = await analyse(waiting);
    const now = this.clock();
    this.free = now + (now - begun) * (1 / this.share - 1);
    this.seen.set(waiting.number, { at: now, doing });
    for (const [number, { at }] of this.seen) {
      if (now - at > this.lasts) this.seen.delete(number);
    }
    return waiting;
  }

  /**
   * What a face did last: null where the network saw none, undefined where that is too long ago.
   *
   * @param {number} number of the face
   */
  last(number) {
    const { at, doing } = this.seen.get(number) ?? { at: -Infinity };
    return this.clock() - at <= this.lasts ? doing : undefined;
  }
}
