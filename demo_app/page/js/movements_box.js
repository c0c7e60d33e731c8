/** The box that tells what the chosen face does, and its switch, which loads what that needs. */

import { bar } from "./bars.js";
import { explain } from "./faults.js";
import { MovementWatch } from "./movement_watch.js";
import { movements, ofMirrorImage, poseInWords, turnedTooFar } from "./movements.js";
import { fill } from "./words.js";

const MOST_SHOWN = 6; // movements
const STEP = 5; // degrees to which a pose is rounded where it changes all the time

export class MovementsBox {
  /**
   * @param {any} facts of facts.json
   * @param {import("./analyst.js").Analyst} analyst
   * @param {() => Promise<void>} again sees the same image once more
   */
  constructor(facts, analyst, again) {
    Object.assign(this, { facts, analyst });
    this.settings = facts.movements;
    this.on = false;
    this.box = document.querySelector("#movements");
    this.content = this.box.querySelector(".doing");
    this.hint = this.box.querySelector("#movements_hint");
    this.size = this.hint.textContent;
    if (!this.settings) return;
    const { share, lasts } = this.settings;
    this.watch = new MovementWatch(share, lasts);
    this.box.hidden = false;
    this.choice = this.box.querySelector("input");
    this.choice.addEventListener("change", () => this.#switch(again));
  }

  async #switch(again) {
    const { choice } = this;
    let told = "";
    choice.disabled = true;
    this.content.replaceChildren(line(choice.checked ? this.facts.texts["static.movements_loading"] : ""));
    try {
      await this.analyst.watch(choice.checked ? this.settings : null);
      this.on = choice.checked;
    } catch (error) {
      console.warn(error);
      choice.checked = this.on = false;
      told = explain(error, this.facts.sentences);
    }
    choice.disabled = false;
    this.hint.textContent = this.on ? "" : this.size;
    this.content.replaceChildren(...(told ? [line(told)] : []));
    await again();
  }

  /**
   * Have a face of the image that was seen last analysed.
   *
   * @param {any[]} faces of it; the analysed one gets `doing`
   * @param {number} chosen number of the face that is shown, from 0
   * @param {"still" | "running" | "mirror"} kind of the image: what runs is analysed when there is
   *   time for it, a camera's image is a mirror's
   * @returns {Promise<boolean>} whether one was
   */
  async look(faces, chosen, kind) {
    if (!this.on) return false;
    const analyse = async ({ landmarks }) => {
      const doing = await this.analyst.doing(landmarks);
      return doing && kind === "mirror" ? ofMirrorImage(doing, this.settings) : doing;
    };
    if (kind !== "still") {
      const seen = await this.watch.look(faces, analyse);
      if (seen) seen.doing = this.watch.last(seen.number);
      return seen !== null;
    }
    const face = faces[chosen];
    if (!face || face.doing !== undefined) return false;
    face.doing = await analyse(face);
    return true;
  }

  /**
   * @param {any} face the chosen one; none where there is none
   * @param {number} number of it, as the visitor sees it
   * @param {boolean} running whether the image is one of many
   */
  show(face, number, running) {
    if (!this.on || this.choice.disabled) return;
    this.hint.textContent = running ? this.#text("ask_info") : "";
    this.content.setAttribute("aria-live", running ? "off" : "polite");
    const doing = face && (face.doing === undefined ? this.watch.last(face.number) : face.doing);
    if (doing === undefined) {
      if (!running) this.content.replaceChildren();
      else if (!face) this.content.replaceChildren(line(this.#text("nobody")));
      return; // what was told last stays for the moment until there is more
    }
    const title = Object.assign(document.createElement("h2"), {
      textContent: this.#text("title", { number }) });
    this.content.replaceChildren(title, ...this.#told(doing, running));
  }

  /** @returns {HTMLElement[]} */
  #told(doing, running) {
    if (!doing) return [line(this.#text("no_face"))];
    const seen = movements(doing, this.settings).slice(0, MOST_SHOWN);
    const told = running
      ? [line(seen.map(({ words, unit }) => this.#name(words, unit)).join(", "))]
      : seen.map(({ words, unit, score }) => (
        bar(this.#name(words, unit), score, score.toFixed(2))));
    if (!seen.length) told.splice(0, 1, line(this.#text("none")));
    told.push(line(poseInWords(doing.pose, running ? STEP : 1, this.facts.texts)));
    if (turnedTooFar(doing, this.settings)) {
      told.push(Object.assign(line(this.#text("turned")), { className: "turned" }));
    }
    return [...told, Object.assign(line(this.#text("note")), { className: "small" })];
  }

  #name(words, unit) {
    const name = this.facts.movement_names[words] ?? words;
    return unit ? `${name} (${unit})` : name;
  }

  #text(name, values = {}) {
    return fill(this.facts.texts[`movements.${name}`], values);
  }
}

function line(text) {
  return Object.assign(document.createElement("p"), { textContent: text });
}
