/** The image with maps, boxes and predictions. */

import { draw } from "./heat.js";
import { prediction, best, colour } from "./words.js";

const LONGEST = 1600; // pixels drawn; larger photographs are analysed whole and drawn smaller
const LEAST_TEXT = 13; // pixels of the page

/**
 * @typedef {object} DrawOptions how an image is drawn
 * @property {number} chosen number of the face whose bars are shown, from 0
 * @property {number | null} emotion class whose map is drawn; null for each face's own prediction
 * @property {number} threshold
 * @property {number} opacity
 */

export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {any} facts of facts.json
   */
  constructor(canvas, facts) {
    this.canvas = canvas;
    this.facts = facts;
    this.scale = 1;
  }

  /**
   * @param {ImageBitmap} bitmap
   * @param {(import("./analysis.js").Seen & {probabilities: number[]})[]} faces
   * @param {DrawOptions} options
   */
  draw(bitmap, faces, options) {
    this.scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const width = Math.round(bitmap.width * this.scale);
    const height = Math.round(bitmap.height * this.scale);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
    }
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, width, height);
    pen.drawImage(bitmap, 0, 0, width, height);
    faces.forEach((face) => this.#drawMap(pen, face, options));
    const boxes = faces.map((face) => this.#drawBox(pen, face, faces, options));
    /** @type {number[][]} */
    const taken = [];
    const order = faces.map((_, index) => index);
    order.sort((one, other) => Number(other === options.chosen) - Number(one === options.chosen));
    for (const index of order) {
      const others = boxes.filter((_, other) => other !== index);
      taken.push(this.#drawLabel(pen, faces, index, boxes[index], [...taken, ...others], options));
    }
  }

  /**
   * Number of the face at a place of the canvas on the page; -1 where there is none.
   *
   * @param {MouseEvent} event
   * @param {{box: number[]}[]} faces
   */
  faceAt(event, faces) {
    const factor = this.canvas.width / this.canvas.clientWidth / this.scale;
    const [x, y] = [event.offsetX * factor, event.offsetY * factor];
    return faces.findIndex(({ box }) => x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3]);
  }

  #drawMap(pen, face, { emotion, opacity }) {
    const { maps, mapWidth, mapHeight, probabilities, toPhoto } = face;
    const map = maps[emotion ?? best(probabilities)];
    const heat = draw(map, mapWidth, mapHeight, this.facts.heat, opacity);
    if (!heat) return;
    pen.save();
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    pen.transform(...toPhoto);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(heat, 0, 0, 1, 1);
    pen.restore();
  }

  #drawBox(pen, { box, probabilities }, faces, { chosen, threshold }) {
    const { width, height } = this.canvas;
    const line = Math.max(2, Math.round(Math.max(width, height) / 250));
    const strong = faces.length > 1 && faces[chosen]?.box === box;
    const edge = (value, most) => Math.min(most - 1, Math.max(1, value * this.scale));
    const [x0, y0] = [edge(box[0], width), edge(box[1], height)];
    const [x1, y1] = [edge(box[2], width), edge(box[3], height)];
    pen.lineWidth = strong ? 2 * line : line;
    pen.strokeStyle = colour(probabilities, threshold, this.facts);
    pen.beginPath();
    pen.roundRect(x0, y0, x1 - x0, y1 - y0, 2 * line);
    pen.stroke();
    return [x0, y0, x1, y1];
  }

  /** The prediction above the box, below it or in it: where it covers least. */
  #drawLabel(pen, faces, index, box, taken, { threshold }) {
    const { width, height } = this.canvas;
    const { probabilities } = faces[index];
    const side = Math.max(width, height);
    const fitting = Math.min(side / 24, Math.max(side / 34, (box[2] - box[0]) / 9));
    const points = Math.max(LEAST_TEXT * (width / (this.canvas.clientWidth || width)), fitting);
    const text = prediction(probabilities, threshold, this.facts);
    const shown = faces.length > 1 ? `${index + 1} · ${text}` : text;
    pen.font = `600 ${points}px system-ui, sans-serif`;
    const [wide, high] = [pen.measureText(shown).width + points, 1.5 * points];
    const x = Math.max(0, Math.min(box[0], width - wide));
    const places = [box[1] - high - 2, box[3] + 2, box[1], box[3] - high]
      .filter((top) => top >= 0 && top + high <= height)
      .map((top) => [x, top, x + wide, top + high]);
    if (!places.length) places.push([x, 0, x + wide, high]);
    const place = places.find((one) => !taken.some((other) => touches(one, other))) ?? places[0];
    const ground = colour(probabilities, threshold, this.facts);
    pen.fillStyle = ground;
    pen.beginPath();
    pen.roundRect(place[0], place[1], wide, high, points / 4);
    pen.fill();
    pen.fillStyle = textColour(ground);
    pen.textBaseline = "middle";
    pen.fillText(shown, place[0] + points / 2, place[1] + high / 2);
    return place;
  }
}

/**
 * Black or white, whichever is read more easily on the ground (WCAG 2 contrast).
 *
 * @param {string} ground #rrggbb
 */
function textColour(ground) {
  const linear = [1, 3, 5].map((at) => {
    const share = parseInt(ground.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#111111";
}

function touches(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}
