/**
 * Gets the WebAssembly file and a model ready, and runs calls on them; `worker.ts` and, without a worker, the page drive it.
 *
 * It speaks the messages of `protocol.ts` only, and never throws: what fails is a reply.
 * The page's side sends one call at a time, so calls do not overlap.
 */

import init, { WebSegmenter, initSync, pictureSize } from '#wasm';

import { paint } from './drawing.js';
import { SegmentError, hasCode, messageOf } from './error.js';
import { drawGround } from './ground.js';
import { type Opened, openPicture } from './pixels.js';
import type { Captured, GivenMatte, Loaded, MatteAnswer, PredictionAnswer, Reply, Request } from './protocol.js';
import { Run } from './run.js';
import { ownBuffers, release, releaseGround, transferables } from './transfer.js';
import { warmUp } from './warm.js';

type Load = Extract<Request, { type: 'load' }>;
type Call = Extract<Request, { picture: Captured }>;
type Value = Extract<Reply, { type: 'done' }>['value'];

/** Thrown for a broken WebAssembly instance: it must not be called again. */
class Trap extends Error {}

/** The size of the WebAssembly file of this thread's one instance, once that lives. */
let instance: Promise<number> | undefined;

/** What broke this thread's instance. A new one needs a new thread. */
let broken: Trap | undefined;

export class Runner {
  readonly #send: (reply: Reply, transfer: Transferable[]) => void;
  #closed = false;
  #calling = false;
  #segmenter: WebSegmenter | undefined;
  /** Columns and rows of what the network takes. */
  #input: [number, number] = [0, 0];
  #executor: Loaded['executor'] = 'cpu';
  #maxPixels = 0;
  #cancelled: number | undefined;
  /** Whether the second network has come. */
  #joined = false;
  /** Whether any call has come. */
  #called = false;
  /** Takes what the network gave elsewhere. */
  #helped: ((answer: PredictionAnswer | undefined) => void) | undefined;

  constructor(send: (reply: Reply, transfer: Transferable[]) => void) {
    this.#send = send;
  }

  async handle(request: Request): Promise<void> {
    switch (request.type) {
      case 'load':
        await this.#answer(request.id, () => this.#load(request));
        return this.#warmUp(request.model.id);
      case 'cancel':
        this.#cancelled = request.id;
        return;
      case 'ran':
        return this.#helped?.(request.answer);
      case 'load-gpu':
      case 'lose':
        return;
      default:
        this.#called = true;
        return this.#call(request);
    }
  }

  /** Gives up what is under way, and frees the model as soon as nothing uses it. */
  close(): void {
    this.#closed = true;
    if (!this.#calling) this.#free();
  }

  #free(): void {
    if (!broken) this.#segmenter?.free();
    this.#segmenter = undefined;
  }

  async #load({ files: { wasm, model, sha256 }, model: source, maxPixels }: Load): Promise<Loaded> {
    const modelBytes = model.length;
    const wasmBytes = await instantiate(wasm);
    if (this.#closed) throw closed();
    this.#maxPixels = maxPixels;
    this.#segmenter = parse(source, model, sha256);
    const { version, model: _, ...info } = this.#segmenter.info();
    if (version !== VERSION) throw misfit(`is of version ${version}`);
    this.#input = [info.inputWidth, info.inputHeight];
    this.#executor = info.executor;
    return { ...info, wasmBytes, modelBytes };
  }

  /** Gets ready for the first call until it comes; not on the page's own thread, which has other things to do. */
  async #warmUp(id: Load['model']['id']): Promise<void> {
    const segmenter = this.#segmenter;
    if (!segmenter || id === 'custom' || 'document' in globalThis) return;
    // What goes wrong here is told where it matters: in the next call.
    await warmUp(segmenter, guard, () => !this.#called && !this.#closed).catch(() => {});
  }

  async #call(call: Call): Promise<void> {
    const { picture } = call;
    let opened: Opened | undefined;
    const sizeOfHead = (head: Uint8Array) => guard(() => pictureSize(head));
    this.#calling = true;
    await this.#answer(
      call.id,
      async () => {
        const start = performance.now();
        opened = await openPicture(picture, this.#maxPixels, sizeOfHead);
        const decodeMs = performance.now() - start;
        const segmenter = this.#segmenter;
        if (!segmenter) throw closed();
        const check = () => {
          if (this.#closed) throw closed();
          if (this.#cancelled === call.id) throw new SegmentError('ABORTED', 'the call was aborted');
        };
        check();
        const run = new Run(segmenter, this.#input, opened.source, (act) => {
          check();
          return guard(act);
        });
        const given = call.type === 'draw' ? call.matte : undefined;
        if (call.type === 'predict') return { ...(await run.predict(decodeMs)), executor: this.#executor };
        const matte = given ? fitting(given, opened, decodeMs) : await this.#segment(run, segmenter, call, decodeMs);
        if (call.type === 'segment') return matte;
        const { width, height, timings, executor } = matte;
        const ground = call.ground && (await drawGround(call.ground, [width, height], true, this.#maxPixels, sizeOfHead));
        const bitmap = await paint(run, call.effect, opened.source, matte.alpha, ground);
        return { width, height, timings, executor, painted: 'cpu', bitmap };
      },
      picture,
    );
    opened?.close();
    releaseGround(call);
    this.#calling = false;
    if (this.#closed) this.#free();
  }

  async #segment(run: Run, segmenter: WebSegmenter, call: Exclude<Call, { type: 'predict' }>, decodeMs: number): Promise<MatteAnswer> {
    const { partner } = call;
    if (partner && !this.#joined) {
      guard(() => segmenter.join(partner.id, partner.plan));
      this.#joined = true;
    }
    if (!call.helped) return { ...(await run.segment(options(call), decodeMs)), executor: this.#executor };
    let executor: MatteAnswer['executor'] = 'gpu';
    const matte = await run.segment(options(call), decodeMs, async (picture) => {
      const [width, height] = this.#input;
      const asking = new Promise<PredictionAnswer | undefined>((resolve) => (this.#helped = resolve));
      const data = new Uint8ClampedArray(picture.buffer);
      this.#send({ type: 'run', id: call.id, picture: { width, height, data } }, [data.buffer]);
      const answer = await asking;
      executor = answer && executor === 'gpu' ? answer.executor : this.#executor;
      return answer?.data;
    });
    return { ...matte, executor };
  }

  /** Runs `task` and sends its value, or what went wrong. The picture goes back if the instance broke. */
  async #answer(id: number, task: () => Promise<Value>, picture?: Captured): Promise<void> {
    try {
      const value = await task();
      const spare = picture?.kind === 'pixels' ? picture.pixels.data.buffer : undefined;
      this.#send({ type: 'done', id, value, ...(spare && { spare }) }, spare ? [...ownBuffers(value), spare] : ownBuffers(value));
    } catch (error) {
      const message = messageOf(error);
      if (error instanceof Trap) return this.#send({ type: 'trapped', id, message, picture }, picture ? transferables(picture) : []);
      this.#send({ type: 'failed', id, code: hasCode(error) ? error.code : 'INTERNAL', message }, []);
    }
    if (picture) release(picture);
  }
}

/** The instance is shared by all runners of a thread, because the generated glue holds one. */
async function instantiate(wasm: { module: WebAssembly.Module; bytes: number }): Promise<number> {
  if (broken) throw new SegmentError('INTERNAL', `WebAssembly broke on this thread earlier (${broken.message}), want the page reloaded`);
  instance ??= start(wasm.module).then(
    () => wasm.bytes,
    (error: unknown) => {
      instance = undefined;
      throw error instanceof WebAssembly.LinkError ? misfit(`does not link: ${error.message}`) : error;
    },
  );
  return instance;
}

/** A worker need not wait for its turn, which was seen to cost more than the instance itself. */
async function start(module: WebAssembly.Module): Promise<unknown> {
  return 'document' in globalThis ? init({ module_or_path: module }) : initSync({ module });
}

function parse(source: Load['model'], model: Uint8Array, sha256: string | undefined): WebSegmenter {
  if (source.id !== 'custom') return guard(() => WebSegmenter.fromRegistry(source.id, model, sha256, source.arithmetic));
  try {
    return guard(() => WebSegmenter.fromOnnx(model, source.contract));
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    throw new SegmentError('UNSUPPORTED_MODEL', `the ONNX file stopped its reader: ${error.message}`, { cause: error });
  }
}

/** Calls into WebAssembly; anything thrown there that is not one of our errors leaves the instance in an unknown state. */
function guard<T>(call: () => T): T {
  if (broken) throw broken;
  try {
    return call();
  } catch (error) {
    if (hasCode(error)) throw error;
    broken = new Trap(messageOf(error), { cause: error });
    throw broken;
  }
}

function options({ of, intensity, feather, morphology, minIsland, quality, stream }: Exclude<Call, { type: 'predict' }>) {
  return { of, intensity, feather, morphology, minIsland, quality, stream };
}

/** A matte of the caller's, as if it had been made here. */
function fitting(matte: GivenMatte, { source: { width, height } }: Opened, decodeMs: number): MatteAnswer {
  if (matte.width !== width || matte.height !== height) {
    throw new SegmentError('INVALID_INPUT', `matte is of ${matte.width}x${matte.height}, want the picture's ${width}x${height}`);
  }
  return { ...matte, timings: { decodeMs, preMs: 0, inferMs: 0, postMs: 0 }, executor: 'cpu' };
}

function closed(): SegmentError {
  return new SegmentError('CLOSED', 'the segmenter was closed');
}

function misfit(what: string): SegmentError {
  return new SegmentError('CHECKSUM_MISMATCH', `the WebAssembly file ${what}, want the one of version ${VERSION}; deploy the package's files together`);
}
