/** What an image file asks for, read in its first bytes before the browser decodes it. */

import { Fault } from "./faults.js";

const HEAD = 65_536; // bytes that are read at once
const MOST_READ = 8_000_000; // bytes up to which the size of a JPEG is looked for

/**
 * Refuse a file whose bytes, sides or pixels are too many, or whose size is not to be found.
 *
 * @param {Blob} blob
 * @param {{bytes: number, side: number, pixels: number}} limits of facts.json
 */
export async function checkBudget(blob, limits) {
  if (blob.size > limits.bytes) throw new Fault("too_large", `${blob.size} bytes`);
  const size = await imageSize(blob);
  if (!size) throw new Fault("unreadable", "no image whose size can be read");
  const [width, height] = size;
  const detail = `${width} x ${height} pixels`;
  if (!(width > 0 && height > 0)) throw new Fault("unreadable", detail);
  const beyond = Math.max(width, height) > limits.side || width * height > limits.pixels;
  if (beyond) throw new Fault("too_large", detail);
}

/**
 * Width and height of a JPEG, PNG, GIF, WebP, BMP, AVIF or HEIC file; null of any other.
 *
 * @param {Blob} blob
 * @returns {Promise<[number, number] | null>}
 */
export async function imageSize(blob) {
  const view = await bytesAt(blob, 0, HEAD);
  if (view.byteLength < 30) return null;
  const text = (at, length) =>
    String.fromCharCode(...new Uint8Array(view.buffer, at, length));
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return [view.getUint32(16), view.getUint32(20)];
  if (text(0, 4) === "GIF8") return [view.getUint16(6, true), view.getUint16(8, true)];
  if (text(0, 2) === "BM") return bitmapSize(view);
  if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return webpSize(view, text(12, 4));
  if (text(4, 4) === "ftyp") return boxedSize(view);
  if (view.getUint16(0) === 0xffd8) return jpegSize(blob);
  return null;
}

async function bytesAt(blob, start, length) {
  return new DataView(await blob.slice(start, start + length).arrayBuffer());
}

/** @param {DataView} view @returns {[number, number]} */
function bitmapSize(view) {
  if (view.getUint32(14, true) === 12) return [view.getUint16(18, true), view.getUint16(20, true)];
  return [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))];
}

/** @param {DataView} view @param {string} kind @returns {[number, number] | null} */
function webpSize(view, kind) {
  if (kind === "VP8X") {
    const side = (at) => 1 + view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
    return [side(24), side(27)];
  }
  if (kind === "VP8 ") {
    return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
  }
  return null;
}

/**
 * The largest of the sizes (boxes `ispe`) that the start of an AVIF or HEIC file declares.
 *
 * @param {DataView} view
 * @returns {[number, number] | null}
 */
function boxedSize(view) {
  /** @type {[number, number] | null} */
  let largest = null;
  for (let at = 4; at + 16 <= view.byteLength; at += 1) {
    if (view.getUint32(at) !== 0x69737065) continue; // "ispe"
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!largest || width * height > largest[0] * largest[1]) largest = [width, height];
  }
  return largest;
}

/**
 * Of the frame header, behind the segments of texts, profiles and thumbnails.
 *
 * @param {Blob} blob
 * @returns {Promise<[number, number] | null>}
 */
async function jpegSize(blob) {
  let at = 2;
  while (at < Math.min(blob.size, MOST_READ)) {
    const view = await bytesAt(blob, at, 9);
    if (view.byteLength < 4 || view.getUint8(0) !== 0xff) return null;
    const marker = view.getUint8(1);
    if (marker === 0xff) {
      at += 1; // filling
      continue;
    }
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) return view.byteLength < 9 ? null : [view.getUint16(7), view.getUint16(5)];
    at += 2 + view.getUint16(2);
  }
  return null;
}
