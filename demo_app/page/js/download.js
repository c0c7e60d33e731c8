/** Fetching the files of this page, and how much of them has come. */

import { Fault } from "./faults.js";

/**
 * All files, in the order asked for; compressed ones are inflated.
 *
 * @param {{name: string, bytes: number}[]} files relative to this page
 * @param {URL} base
 * @param {(share: number) => void} progress
 * @returns {Promise<Uint8Array[]>}
 */
export async function download(files, base, progress) {
  const whole = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let come = 0;
  return Promise.all(files.map(async ({ name }) => {
    const content = await fetchOne(new URL(name, base), (bytes) => {
      come += bytes;
      progress(Math.min(1, come / whole));
    });
    return isCompressed(content) ? inflate(content) : content;
  }));
}

/**
 * @param {URL} address
 * @param {(bytes: number) => void} arrived
 */
async function fetchOne(address, arrived) {
  let response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new Fault("no_network", String(error));
  }
  if (!response.ok) throw new Fault("missing_file", `${address}: ${response.status}`);
  const parts = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    arrived(part.value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Some servers inflate on their own what is called .gz.
 *
 * @param {Uint8Array} content
 */
function isCompressed(content) {
  return content[0] === 0x1f && content[1] === 0x8b;
}

/** @param {Uint8Array} content */
async function inflate(content) {
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
