/** Predictions in words, the same as in demo_app/render/text.py. */

/**
 * A probability as whole percent; never 0 % or 100 % where that would be untrue.
 *
 * @param {number} probability
 */
export function percent(probability) {
  if (probability > 0 && probability < 0.005) return "<1 %";
  if (probability >= 0.995 && probability < 1) return ">99 %";
  return `${(100 * probability).toFixed(0)} %`;
}

/**
 * Number of the most probable class.
 *
 * @param {number[]} probabilities
 */
export function best(probabilities) {
  return probabilities.indexOf(Math.max(...probabilities));
}

/**
 * `anger 81 %` or `not sure (anger 38 %)`.
 *
 * @param {number[]} probabilities
 * @param {number} threshold
 * @param {any} facts of facts.json
 */
export function prediction(probabilities, threshold, facts) {
  const top = best(probabilities);
  const likeliest = `${facts.class_names[top]} ${percent(probabilities[top])}`;
  return probabilities[top] >= threshold ? likeliest : `${facts.not_sure.words} (${likeliest})`;
}

/**
 * The colour of a prediction; nearly white where the model is not sure.
 *
 * @param {number[]} probabilities
 * @param {number} threshold
 * @param {any} facts
 */
export function colour(probabilities, threshold, facts) {
  const top = best(probabilities);
  return probabilities[top] >= threshold ? facts.colours[top] : facts.not_sure.colour;
}

/**
 * What was found in an image.
 *
 * @param {{probabilities: number[]}[]} faces
 * @param {number} threshold
 * @param {any} facts
 * @param {boolean} live whether it is the camera's
 */
export function found(faces, threshold, facts, live) {
  if (!faces.length) return facts.sentences[live ? "no_live_face" : "no_face"];
  const { texts } = facts;
  if (faces.length === 1) {
    const said = prediction(faces[0].probabilities, threshold, facts);
    return fill(texts["photo.one_face"], { prediction: said });
  }
  const unsure = faces.filter(({ probabilities }) => Math.max(...probabilities) < threshold).length;
  const rest = unsure ? ` ${fill(texts["photo.faces_not_sure"], { count: unsure })}` : "";
  return `${fill(texts["photo.faces"], { count: faces.length })}${rest}`;
}

/**
 * A text with values in the place of the names in braces.
 *
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * What Python tells the page, with the texts of one language in their places.
 *
 * @param {any} facts as in facts.json
 * @param {string} language
 */
export function inLanguage({ languages, second, ...facts }, language) {
  const there = second && { ...second, class_names: second.class_names[language] };
  return { ...facts, ...languages[language], ...(there ? { second: there } : {}) };
}
