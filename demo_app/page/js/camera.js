/** The camera's images, mirrored, one after the other. */

import { Fault } from "./faults.js";

const LONGEST = 640; // pixels of an analysed frame

export class Camera {
  /** @param {() => void} ended called when the camera goes away by itself */
  constructor(ended) {
    this.ended = ended;
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true });
    this.canvas = document.createElement("canvas");
    this.stream = null;
    /** Resolves when there is an image that was not taken yet. */
    this.coming = Promise.resolve();
  }

  get running() {
    return this.stream !== null;
  }

  async start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Fault("camera_forbidden");
    const wish = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wish });
    } catch (error) {
      throw new Fault(error.name, String(error));
    }
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.ended());
    this.video.srcObject = this.stream;
    await this.video.play();
    this.coming = fresh(this.video);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The next frame as in a mirror; null when the camera was stopped meanwhile. */
  async next() {
    await this.coming;
    this.coming = fresh(this.video); // it may come while this one is being seen
    const { videoWidth, videoHeight } = this.video;
    if (!this.stream || !videoWidth) return null;
    const scale = Math.min(1, LONGEST / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    Object.assign(this.canvas, { width, height }); // which forgets the last transformation too
    const pen = this.canvas.getContext("2d");
    pen.setTransform(-1, 0, 0, 1, width, 0);
    pen.drawImage(this.video, 0, 0, width, height);
    return createImageBitmap(this.canvas);
  }
}

/** Waits for an image that was not seen before; at most a second, in case there is none. */
function fresh(video) {
  return new Promise((resolve) => {
    const last = setTimeout(resolve, 1000);
    const go = () => {
      clearTimeout(last);
      resolve(true);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(go);
    else requestAnimationFrame(go);
  });
}
