/** A second model beside the first one: prediction, bars, and the map of either on the face. */

import { bar } from "./bars.js";
import { draw } from "./heat.js";
import { best, fill, percent, prediction } from "./words.js";

const SIDE = 160; // pixels of a face with its map

export class Second {
  /**
   * @param {any} facts of facts.json
   * @param {(on: boolean) => Promise<void>} use loads the model, or leaves it out
   * @param {() => Promise<void>} again sees the same image once more
   */
  constructor(facts, use, again) {
    this.facts = facts;
    this.box = document.querySelector("#second");
    this.choice = document.querySelector("#compare");
    this.on = false;
    if (!facts.second) return;
    this.choice.closest("label").hidden = false;
    document.querySelector("#compare_name").textContent = facts.second.name;
    this.choice.addEventListener("change", async () => {
      this.choice.disabled = true;
      try {
        await use(this.choice.checked);
        this.on = this.choice.checked;
        await again();
      } catch {
        this.choice.checked = this.on = false; // the page says why
      }
      this.choice.disabled = false;
      if (!this.on) this.box.hidden = true;
    });
  }

  /**
   * @param {ImageBitmap} bitmap
   * @param {any} face the chosen one; none where there is none
   * @param {import("./stage.js").DrawOptions} options
   */
  show(bitmap, face, options) {
    this.box.hidden = !this.on || !face?.second;
    if (this.box.hidden) return;
    const { facts } = this;
    const models = [{ ...facts, name: facts.model_name, of: face },
      { ...facts, ...facts.second, of: { ...face, ...face.second } }];
    // A class is meant by its name: the two models may have others, or another order.
    const chosen = options.emotion === null ? null : facts.classes[options.emotion];
    this.box.querySelectorAll("article").forEach((article, index) => {
      const { name, classes, class_names: names, colours, of } = models[index];
      const at = chosen === null ? -1 : classes.indexOf(chosen);
      const shown = at < 0 ? best(of.probabilities) : at;
      const said = { class_names: names, not_sure: facts.not_sure };
      const map = fill(facts.texts["panel.side_map"], { emotion: names[shown] });
      article.querySelector("h2").textContent = name;
      article.querySelector(".said").textContent =
        `${prediction(of.probabilities, options.threshold, said)} · ${map}`;
      this.#drawFace(article.querySelector("canvas"), bitmap, of, shown, options.opacity);
      article.querySelector(".rows").replaceChildren(
        ...names.map((label, k) => (
          bar(label, of.probabilities[k], percent(of.probabilities[k]), colours[k]))));
    });
  }

  #drawFace(canvas, bitmap, face, shown, opacity) {
    canvas.width = canvas.height = SIDE;
    const pen = canvas.getContext("2d");
    pen.setTransform(new DOMMatrix().scale(SIDE).multiply(new DOMMatrix(face.toPhoto).inverse()));
    pen.drawImage(bitmap, 0, 0);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    const heat = draw(face.maps[shown], face.mapWidth, face.mapHeight, this.facts.heat, opacity);
    if (heat) pen.drawImage(heat, 0, 0, SIDE, SIDE);
  }
}
