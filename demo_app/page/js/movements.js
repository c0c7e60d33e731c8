/**
 * What a face does, in words and in cells of a table, as `fer_core.landmarks` says it.
 *
 * @typedef {import("./landmarker.js").Doing} Doing
 */

import { fill } from "./words.js";

/**
 * The movements that are seen clearly, the clearest first.
 *
 * @param {Doing} doing
 * @param {any} settings `movements` of facts.json
 * @returns {{words: string, unit: string, score: number}[]}
 */
export function movements({ blendshapes }, { table }) {
  return table
    .map(({ least, words, unit, of }) => {
      const score = of.reduce((sum, at) => sum + blendshapes[at], 0) / of.length;
      return { words, unit, score, clear: (score - least) / (1 - least) };
    })
    .filter(({ clear }) => clear >= 0)
    .sort((one, other) => other.clear - one.clear);
}

/** Whether a head is turned too far for the emotion model; one tilt is as good as another. */
export function turnedTooFar({ pose }, { most_yaw: mostYaw, most_pitch: mostPitch }) {
  return Math.abs(pose.yaw) > mostYaw || Math.abs(pose.pitch) > mostPitch;
}

/**
 * The same with the person's own sides, of a face in a mirrored image; the pose stays the image's.
 *
 * @param {Doing} doing
 * @param {any} settings
 * @returns {Doing}
 */
export function ofMirrorImage(doing, { blendshapes: names }) {
  const other = (name) => name.replace(/(Left|Right)$/, (side) => (
    side === "Left" ? "Right" : "Left"));
  const blendshapes = names.map((name) => {
    const at = names.indexOf(other(name));
    return doing.blendshapes[at < 0 ? names.indexOf(name) : at];
  });
  return { ...doing, blendshapes };
}

/**
 * The turn of a head, such as "Head: 12° to the right, 5° up."
 *
 * @param {{yaw: number, pitch: number, roll: number}} pose
 * @param {number} step degrees to which it is rounded
 * @param {Record<string, string>} texts
 */
export function poseInWords({ yaw, pitch, roll }, step, texts) {
  const parts = [[yaw, "right", "left"], [pitch, "up", "down"], [roll, "clockwise", "anticlockwise"]]
    .map(([angle, one, other]) => [step * Math.round(Number(angle) / step), one, other])
    .filter(([angle]) => angle)
    .map(([angle, one, other]) => (
      fill(texts[`movements.${Number(angle) > 0 ? one : other}`], { angle: Math.abs(angle) })));
  return fill(texts["movements.head"], { turned: parts.join(", ") || texts["movements.straight"] });
}

/**
 * The cells of a table under `settings.columns`; empty ones for a face that was not analysed.
 *
 * @param {Doing | null | undefined} doing
 * @param {any} settings
 * @returns {(string | number)[]}
 */
export function cells(doing, settings) {
  if (!doing) return settings.columns.map(() => "");
  const { yaw, pitch, roll } = doing.pose;
  return [
    movements(doing, settings).map(({ words }) => words).join(", "),
    ...[yaw, pitch, roll].map((angle) => angle.toFixed(1)),
    note(doing, settings),
    ...doing.blendshapes.map((score) => score.toFixed(4)),
  ];
}

/** `fer_core.landmarks.analysis.FaceAnalysis.note` */
function note({ pose: { yaw, pitch } }, { most_yaw: mostYaw, most_pitch: mostPitch }) {
  const turned = [[yaw, mostYaw, "right", "left", "to the "], [pitch, mostPitch, "up", "down", ""]]
    .filter(([angle, most]) => Math.abs(angle) > most)
    .map(([angle, , one, other, word]) => (
      `${Math.abs(angle).toFixed(0)} degrees ${word}${angle > 0 ? one : other}`));
  return turned.length ? `turned ${turned.join(" and ")}: too far for a reliable emotion` : "";
}
