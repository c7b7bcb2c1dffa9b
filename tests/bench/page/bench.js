/**
 * What the bench measures, in the page: through the package's public face, as any page would.
 *
 * `?cold=MODEL&picture=PATH&idle=MS` starts at once and leaves its answer in `bench.cold`;
 * everything else is called from outside.
 */

import { Segmenter } from '/featheredge/index.js';

let segmenter;

/** Loads a model; gives what really runs. */
async function open(model) {
  segmenter?.close();
  segmenter = await Segmenter.create({ model });
  return segmenter.info;
}

/** Segments a picture file again and again; gives each measured run's timings and coverage, and the last matte. */
async function measure({ picture, warmUps, runs }) {
  const blob = await download(picture);
  const timings = [];
  const coverages = [];
  let matte;
  for (let run = -warmUps; run < runs; run++) {
    matte = await segmenter.segment(blob, { quality: 'fast' });
    if (run < 0) continue;
    timings.push(matte.timings);
    coverages.push(coverageOf(matte));
  }
  return { timings, coverages, matte: await portable(matte) };
}

/** From the start of the navigation to the first matte, whose call (`callMs`) comes so long after the model is ready. */
async function cold(model, picture, idleMs) {
  const downloading = download(picture);
  const cold = await Segmenter.create({ model });
  const readyMs = performance.now();
  const file = await downloading;
  if (idleMs > 0) await new Promise((resolve) => setTimeout(resolve, idleMs));
  const start = performance.now();
  const matte = await cold.segment(file, { quality: 'fast' });
  const firstMatteMs = performance.now();
  return { info: cold.info, readyMs, firstMatteMs, callMs: firstMatteMs - start, coverage: coverageOf(matte), matte: await portable(matte) };
}

/** A picture enlarged to `width` x `height` and encoded as JPEG; base64. */
async function enlarge({ picture, width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(await createImageBitmap(await download(picture)), 0, 0, width, height);
  return base64(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 }));
}

async function download(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response.blob();
}

function coverageOf({ alpha }) {
  let sum = 0;
  for (const value of alpha) sum += value;
  return sum / (255 * alpha.length);
}

async function portable({ width, height, alpha }) {
  return { width, height, alpha: await base64(new Blob([alpha])) };
}

/** Without the prefix that says what it is. */
function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

const query = new URLSearchParams(location.search);
window.bench = {
  open,
  measure,
  enlarge,
  cold: query.has('cold') ? cold(query.get('cold'), query.get('picture'), Number(query.get('idle'))) : undefined,
};
