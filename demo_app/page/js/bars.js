/** Rows of a name, a bar, and a value in words. */

/**
 * @param {string} label
 * @param {number} share length of the bar, in [0, 1]
 * @param {string} said its value
 * @param {string} [colour]
 * @returns {HTMLElement}
 */
export function bar(label, share, said, colour) {
  const row = document.createElement("div");
  row.className = "row";
  const [name, track, value] = ["name", "track", "value"].map((kind) => {
    const part = document.createElement("span");
    part.className = kind;
    return part;
  });
  const fill = document.createElement("i");
  fill.style.width = `${100 * share}%`;
  if (colour) fill.style.background = colour;
  name.textContent = label;
  value.textContent = said;
  track.setAttribute("aria-hidden", "true");
  track.append(fill);
  row.append(name, track, value);
  return row;
}
