/** What can go wrong, by a name that has a sentence in facts.json. */

export class Fault extends Error {
  /**
   * @param {string} kind key of the sentence
   * @param {string} [detail] for the console
   */
  constructor(kind, detail = "") {
    super(detail || kind);
    this.kind = kind;
  }
}

/**
 * The sentence for an error.
 *
 * @param {unknown} error
 * @param {Record<string, string>} sentences of facts.json
 */
export function explain(error, sentences) {
  const kind = error instanceof Fault ? error.kind : "failed";
  return sentences[kind] ?? sentences.failed;
}
