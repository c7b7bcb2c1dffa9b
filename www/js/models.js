/**
 * The segmenters, loaded when first needed and then kept.
 * Persons come from the small selfie network, or from what a rollout gives; hair needs the large multiclass one.
 */

import { Segmenter } from '../featheredge/index.js';
import { wish } from './executor.js';
import { hearRollout, joined } from './rollout.js';

/** @typedef {import('../../src/ts/index.js').Progress} Progress */
/** @typedef {import('../../src/ts/index.js').Segmenter} Loaded */
/** @typedef {'person' | 'hair'} Subject */
/** @typedef {'selfie' | 'multiclass'} Model */

/**
 * @typedef {object} Standing How far a load is, its two downloads taken together.
 * @property {Progress['phase']} phase
 * @property {number} loadedBytes
 * @property {number | undefined} totalBytes Where both are known.
 */

/** @typedef {(standing: Standing) => void} Hear */
/** @typedef {{ segmenter: Promise<Loaded>, ready: boolean, standing?: Standing, hear?: Hear }} Load */

/** @type {Map<Model, Load>} */
const loads = new Map();

/** Called when another executor runs a network. @type {() => void} */
let onExecutor = () => {};

// What a rollout no longer gives would refuse to run.
hearRollout(() => forget('selfie'));

/** @param {() => void} listener */
export function hearExecutors(listener) {
  onExecutor = listener;
}

/** Loses the GPU of every network, as if its driver had crashed. */
export async function loseGpu() {
  for (const { segmenter } of loads.values()) (await segmenter).simulateDeviceLoss();
}

/** @param {Subject} subject @returns {Model} */
export function modelFor(subject) {
  return subject === 'hair' ? 'multiclass' : 'selfie';
}

/** @param {Model} model */
export function isReady(model) {
  return loads.get(model)?.ready ?? false;
}

/**
 * The segmenter of a model. A second caller joins the download that is under way;
 * only the latest caller hears its progress, beginning with where it stands.
 *
 * @param {Model} model
 * @param {Hear} [hear]
 */
export function load(model, hear) {
  let entry = loads.get(model);
  if (!entry) {
    entry = start(model);
    loads.set(model, entry);
  }
  if (hear) {
    entry.hear = hear;
    if (entry.standing && !entry.ready) hear(entry.standing);
  }
  return entry.segmenter;
}

/** Drops a segmenter that failed, so that the next use starts a new one. @param {Model} model */
export function forget(model) {
  const entry = loads.get(model);
  loads.delete(model);
  entry?.segmenter.then((segmenter) => segmenter.close()).catch(() => {});
}

/** Drops all segmenters: the next uses start new ones. */
export function forgetAll() {
  for (const model of [...loads.keys()]) forget(model);
}

/** What each loaded segmenter says about itself. */
export async function infos() {
  const ready = [...loads.values()].filter((entry) => entry.ready);
  return Promise.all(ready.map(async (entry) => (await entry.segmenter).info));
}

/** What the segmenter of a subject says about itself, if it is loaded. @param {Subject} subject */
export async function infoFor(subject) {
  const entry = loads.get(modelFor(subject));
  return entry?.ready ? (await entry.segmenter).info : undefined;
}

/** @param {Model} model @returns {Load} */
function start(model) {
  /** @type {Omit<Load, 'segmenter'>} */
  const heard = { ready: false };
  // The engine is in the browser's cache by then; only the network is news.
  const cached = [...loads.values()].some((entry) => entry.ready);
  const add = counter(!cached);
  const create = (/** @type {import('../../src/ts/rollout.js').Rollout | undefined} */ rollout) =>
    Segmenter.create({
      model,
      ...(rollout && { rollout }),
      executor: wish(),
      onEvent: () => onExecutor(),
      onProgress(progress) {
        heard.standing = add(progress);
        heard.hear?.(heard.standing);
      },
    });
  const segmenter = model === 'selfie' ? joined.then(create) : create(undefined);
  const entry = Object.assign(heard, { segmenter });
  // A failure is not kept: the next call downloads again.
  segmenter.then(
    ({ settled }) => {
      entry.ready = true;
      settled.then(() => onExecutor());
    },
    () => loads.get(model) === entry && loads.delete(model),
  );
  return entry;
}

/** The engine and the network arrive side by side; to a visitor they are one download. @param {boolean} withEngine */
function counter(withEngine) {
  /** @type {Record<'wasm' | 'model', { loaded: number, total: number | undefined }>} */
  const files = { wasm: { loaded: 0, total: undefined }, model: { loaded: 0, total: undefined } };
  return (/** @type {Progress} */ progress) => {
    if (progress.phase === 'download') {
      files[progress.file] = { loaded: progress.loadedBytes, total: progress.totalBytes };
    }
    const wasm = withEngine ? files.wasm : { loaded: 0, total: 0 };
    const { model } = files;
    const known = wasm.total !== undefined && model.total !== undefined;
    return {
      phase: progress.phase,
      loadedBytes: wasm.loaded + model.loaded,
      totalBytes: known ? Number(wasm.total) + Number(model.total) : undefined,
    };
  };
}
