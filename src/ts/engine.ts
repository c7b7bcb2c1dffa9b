/**
 * Gets the GPU and a model ready and runs calls on them, in the worker of the `gpu` build.
 *
 * It speaks the messages of `protocol.ts` only, and never throws: what fails is a reply. It repairs nothing: the page
 * ends this worker after a failure, and has the CPU do the call.
 */

import { WebGpu, initSync, pictureSize } from '#gpu';
import type { WebEngine } from '#gpu';

import { hasCode, messageOf } from './error.js';
import { drawGround } from './ground.js';
import { openDrawable, sizeOf } from './pixels.js';
import type { Answer, Captured, GpuLoaded, Reply, Request, Task } from './protocol.js';
import portrait from './self-test.jpg';
import { ownBuffers, release, releaseGround } from './transfer.js';

type Load = Extract<Request, { type: 'load-gpu' }>;
type Call = Extract<Request, { picture: Captured }>;

export class GpuRunner {
  readonly #send: (reply: Reply, transfer: Transferable[]) => void;
  #gpu: WebGpu | undefined;
  #engine: WebEngine | undefined;
  #maxPixels = 0;
  #doomed = false;
  /** One canvas for all drawings; each leaves it as a bitmap. */
  #canvas: OffscreenCanvas | undefined;
  /** Calls whose answer nobody waits for any more may still run when the next one comes. */
  #last: Promise<void> = Promise.resolve();

  constructor(send: (reply: Reply, transfer: Transferable[]) => void) {
    this.#send = send;
  }

  handle(request: Request): void {
    switch (request.type) {
      case 'load-gpu':
        return void this.#answer(request.id, () => this.#load(request));
      case 'lose':
        this.#doomed = true;
        return this.#gpu?.lose();
      case 'segment':
      case 'draw':
      case 'predict':
        this.#last = this.#last.then(() => this.#answer(request.id, () => this.#call(request)));
    }
  }

  async #load({ files: { wasm, model, sha256 }, model: id, maxPixels, half }: Load): Promise<GpuLoaded> {
    initSync({ module: wasm.module });
    this.#maxPixels = maxPixels;
    const gpu = (this.#gpu = await WebGpu.open(half));
    void gpu.gone().then((message) => this.#send({ type: 'lost', message: `the GPU was lost: ${message}` }, []));
    // Its loss was asked for before it was there.
    if (this.#doomed) gpu.lose();
    this.#engine = await gpu.load(id, model, sha256);
    return { half: gpu.info().half, wasmBytes: wasm.bytes, portrait };
  }

  async #call(call: Call): Promise<Answer<Task>> {
    const start = performance.now();
    let picture: ImageBitmap | VideoFrame | undefined;
    try {
      picture = await openDrawable(call.picture, this.#maxPixels, pictureSize);
      return await this.#run(call, picture, performance.now() - start);
    } finally {
      picture?.close();
      release(call.picture);
      releaseGround(call);
    }
  }

  async #run(call: Call, picture: ImageBitmap | VideoFrame, decodeMs: number): Promise<Answer<Task>> {
    const engine = this.#engine!;
    if (call.type === 'predict') {
      const { preMs, inferMs, postMs, ...prediction } = await engine.predict(picture);
      return { ...prediction, timings: { decodeMs, preMs, inferMs, postMs }, executor: 'gpu' };
    }
    const { of, intensity, feather, morphology, stream } = call;
    const options = { of, intensity, feather, morphology, stream };
    if (call.type === 'segment') {
      const { preMs, inferMs, postMs, ...matte } = await engine.segment(picture, options);
      return { ...matte, timings: { decodeMs, preMs, inferMs, postMs }, executor: 'gpu' };
    }
    const [width, height] = sizeOf(picture);
    const ground = call.ground && (await drawGround(call.ground, [width, height], false, this.#maxPixels, pictureSize)).canvas;
    this.#canvas ??= new OffscreenCanvas(1, 1);
    const start = performance.now();
    const bitmap = await engine.draw(picture, options, call.effect, ground, this.#canvas);
    // The stages are one submission, whose parts cannot be told apart from here.
    return { width, height, bitmap, timings: { decodeMs, preMs: 0, inferMs: performance.now() - start, postMs: 0 }, executor: 'gpu', painted: 'gpu' };
  }

  async #answer(id: number, task: () => Promise<GpuLoaded | Answer<Task>>): Promise<void> {
    try {
      const value = await task();
      this.#send({ type: 'done', id, value }, ownBuffers(value));
    } catch (error) {
      if (hasCode(error)) this.#send({ type: 'failed', id, code: error.code, message: error.message }, []);
      // What else is thrown broke the instance.
      else this.#send({ type: 'trapped', id, message: messageOf(error), picture: undefined }, []);
    }
  }
}
