/**
 * featheredge under the harness of the others; served beside their adapters, hence the absolute paths.
 *
 * `infer` is `predict` on a picture of the network's own size; what the network alone took in each
 * run is kept in `window.networkMs`. `segment` is the whole way to a feathered matte.
 */

import { SPEC, ctx2d } from '/glue.js';
import { Segmenter } from '/extra/featheredge/index.js';

const MODELS = {
  selfie_segmenter: 'selfie',
  selfie_segmenter_landscape: 'selfie-landscape',
  selfie_multiclass_256x256: 'multiclass',
};

window.networkMs = [];

/**
 * `temperature` is the registry's factor on the network's output; the others' masks are without it.
 * `arithmetic` is used in the place of what a trial would find; only on the page's own thread.
 * On the GPU pictures stay what the browser makes of them. The others look once, and so do we unless `quality` says more.
 */
export async function create({ model, executor, worker, threads = 1, temperature, arithmetic, quality = 'fast' }) {
  if (arithmetic) await force(arithmetic);
  const segmenter = await Segmenter.create({ model: MODELS[model], executor, worker, threads });
  const { info } = segmenter;
  if ((arithmetic && info.arithmetic !== arithmetic) || info.threads !== threads) throw new Error(info.reason);
  let fixed;
  return {
    kind: 'pipeline',
    info: segmenter.info,
    setFixed(bitmap) {
      fixed = executor === 'gpu' ? bitmap : pixelsOf(bitmap);
    },
    async infer() {
      const prediction = checked(await segmenter.predict(fixed));
      window.networkMs.push(prediction.timings.inferMs);
      return prediction.data;
    },
    async segment(bitmap) {
      const { alpha, width, height } = checked(await segmenter.segment(bitmap, { quality }));
      return { data: alpha, width, height };
    },
    async lowres(bitmap) {
      const { data, classes } = checked(await segmenter.predict(executor === 'gpu' ? bitmap : pixelsOf(bitmap)));
      return classes.length === 1 ? data : personOf(data, classes.length, temperature);
    },
  };

  /** What the CPU did in the GPU's place is no measure of the GPU. */
  function checked(answer) {
    if (executor === 'gpu' && answer.executor !== 'gpu') throw new Error(segmenter.info.reason);
    return answer;
  }

  function pixelsOf(bitmap) {
    const { w, h } = SPEC[model];
    const context = ctx2d(w, h);
    context.drawImage(bitmap, 0, 0, w, h);
    return context.getImageData(0, 0, w, h);
  }
}

/** Makes the thread that runs the network believe that a trial was held before. */
async function force(arithmetic) {
  const { Runner } = await import('/extra/featheredge/runner.js');
  const { handle } = Runner.prototype;
  Runner.prototype.handle = function (request) {
    if (request.type === 'load') request.model.arithmetic = arithmetic;
    return handle.call(this, request);
  };
}

/** One less the background's share, with the temperature undone. */
function personOf(data, classes, temperature) {
  const person = new Float32Array(data.length / classes);
  for (let i = 0; i < person.length; i++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += data[i * classes + c] ** (1 / temperature);
    person[i] = 1 - data[i * classes] ** (1 / temperature) / sum;
  }
  return person;
}
