/** The panel next to the image: which face, its probabilities, which map. */

import { prediction, best, percent } from "./words.js";

export class Panel {
  /**
   * @param {any} facts of facts.json
   * @param {(number: number) => void} chooseFace
   * @param {(emotion: number | null) => void} chooseEmotion
   */
  constructor(facts, chooseFace, chooseEmotion) {
    this.facts = facts;
    this.chooseFace = chooseFace;
    this.faces = document.querySelector("#faces");
    this.chips = [];
    const rows = document.querySelector("#bars .rows");
    rows.append(radioRow("row auto", "emotion", facts.texts["static.own_map"], () => chooseEmotion(null)));
    rows.querySelector("input").checked = true;
    this.rows = facts.class_names.map((name, index) => {
      const row = radioRow("row", "emotion", name, () => chooseEmotion(index));
      const track = element("span", "track");
      track.setAttribute("aria-hidden", "true");
      const bar = element("i");
      bar.style.background = facts.colours[index];
      const mark = element("b");
      track.append(bar, mark);
      const value = element("span", "value");
      row.append(track, value);
      rows.append(row);
      return { row, bar, mark, value };
    });
  }

  /**
   * @param {{probabilities: number[]}[]} faces
   * @param {import("./stage.js").DrawOptions} options
   */
  show(faces, options) {
    this.#showChips(faces, options);
    const probabilities = faces[options.chosen]?.probabilities;
    const top = probabilities ? best(probabilities) : -1;
    this.rows.forEach(({ row, bar, mark, value }, index) => {
      row.classList.toggle("top", index === top);
      bar.style.width = `${100 * (probabilities?.[index] ?? 0)}%`;
      mark.style.left = `${100 * options.threshold}%`;
      value.textContent = probabilities ? percent(probabilities[index]) : "–";
    });
  }

  /** One choice per face; kept as long as their number is the same, so that the focus stays. */
  #showChips(faces, { chosen, threshold }) {
    this.faces.hidden = faces.length < 2;
    const box = this.faces.querySelector(".chips");
    if (this.chips.length !== faces.length) {
      this.chips = faces.map((_, index) =>
        radioRow("chip", "face", "", () => this.chooseFace(index)));
      box.replaceChildren(...this.chips);
    }
    this.chips.forEach((chip, index) => {
      chip.querySelector("input").checked = index === chosen;
      const { probabilities } = faces[index];
      const text = `${index + 1} · ${prediction(probabilities, threshold, this.facts)}`;
      chip.querySelector(".name").textContent = text;
    });
  }
}

/** A label that is styled as the radio button in it. */
function radioRow(className, group, text, choose) {
  const row = element("label", className);
  const input = element("input");
  Object.assign(input, { type: "radio", name: group });
  input.addEventListener("change", choose);
  const name = element("span", "name");
  name.textContent = text;
  row.append(input, name);
  return row;
}

function element(tag, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
