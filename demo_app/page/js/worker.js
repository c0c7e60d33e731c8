/** The thread that finds and classifies faces, so that the page stays responsive. */

import { Analysis } from "./analysis.js";
import { download } from "./download.js";
import { Fault } from "./faults.js";
import { Landmarker } from "./landmarker.js";
import { Network, startRuntime } from "./networks.js";

const BASE = new URL("..", import.meta.url);
/** @type {Analysis | null} */
let analysis = null;
/** @type {Network | null} */
let second = null;
/** @type {Landmarker | null} */
let landmarker = null;

/** What the page can ask for. */
const TASKS = {
  /** Load everything; the names of the networks follow the runtime's. */
  async load({ facts }) {
    const { runtime, ...models } = facts.files;
    const report = (share) => self.postMessage({ progress: share });
    const files = [runtime, ...Object.values(models)];
    const [program, ...contents] = await download(files, BASE, report);
    startRuntime(program);
    const networks = {};
    for (const [index, name] of Object.keys(models).entries()) {
      networks[name] = await Network.open(contents[index]);
    }
    analysis = new Analysis(networks, facts);
    return { result: true };
  },

  /** Load the second model, or leave it out again. */
  async second({ facts }) {
    if (!facts) {
      analysis.second = null;
      return { result: true };
    }
    second ??= await Network.open((await download([facts.file], BASE, () => {}))[0]);
    analysis.second = { classifier: second, input: facts.input };
    return { result: true };
  },

  /** Load what tells what faces do, or leave it out again. */
  async watch({ settings }) {
    if (settings && !landmarker) {
      const files = [settings.files.landmarks, settings.files.blendshapes];
      const [landmarks, blendshapes] = await Promise.all(
        (await download(files, BASE, () => {})).map(Network.open));
      landmarker = new Landmarker({ landmarks, blendshapes }, settings);
    }
    analysis.landmarker = settings ? landmarker : null;
    return { result: true };
  },

  /** What one face of the last image does. */
  async doing({ landmarks }) {
    return { result: await analysis.doing(landmarks) };
  },

  /** See one image; it is handed back. */
  async see({ bitmap, moment }) {
    const start = performance.now();
    const faces = await analysis.see(bitmap, moment);
    return { result: { faces, bitmap, duration: performance.now() - start }, given: [bitmap] };
  },
};

self.onmessage = async ({ data: { id, task, ...rest } }) => {
  try {
    const { result, given } = await TASKS[task](rest);
    self.postMessage({ id, result }, given ?? []);
  } catch (error) {
    const kind = error instanceof Fault ? error.kind : "failed";
    self.postMessage({ id, fault: { kind, detail: String(error) } });
  }
};
self.postMessage({ ready: true });
