/**
 * ONNX Runtime Web and the networks that run in it.
 *
 * @typedef {{data: Float32Array, dims: readonly number[]}} Output
 */

import * as ort from "../runtime/ort.wasm.min.mjs";
import { Fault } from "./faults.js";

/**
 * Start the runtime.
 *
 * @param {Uint8Array} program the WebAssembly module
 */
export function startRuntime(program) {
  ort.env.wasm.wasmBinary = program;
  const glue = new URL("../runtime/ort-wasm-simd-threaded.mjs", import.meta.url);
  ort.env.wasm.wasmPaths = { mjs: glue.href };
  ort.env.wasm.numThreads = 1; // more need headers that a plain file server does not send
  ort.env.logLevel = "error";
}

/** One network. */
export class Network {
  /** @param {ort.InferenceSession} session */
  constructor(session) {
    this.session = session;
  }

  /**
   * @param {Uint8Array} model ONNX file
   * @returns {Promise<Network>}
   */
  static async open(model) {
    try {
      const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
      return new Network(await ort.InferenceSession.create(model, options));
    } catch (error) {
      throw new Fault("no_model", String(error));
    }
  }

  /**
   * @param {Float32Array} input
   * @param {number[]} dims its shape
   * @returns {Promise<Record<string, Output>>} outputs by name
   */
  async run(input, dims) {
    const tensor = new ort.Tensor("float32", input, dims);
    return /** @type {any} */ (await this.session.run({ [this.session.inputNames[0]]: tensor }));
  }
}
