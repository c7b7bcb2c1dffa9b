/** What tests use inside a page, in any browser. It imports the npm face only. */

import { Segmenter } from './featheredge/index.js';

export { Segmenter };

/** A fixture as a blob, by its path in the manifest. */
export async function fixture(path) {
  const response = await fetch(`./fixtures/${path}`);
  if (!response.ok) throw new Error(`${path} gave ${response.status}`);
  return response.blob();
}

/** A matte as plain data that can cross to the test. */
export async function sendable({ width, height, alpha, timings }) {
  return { width, height, timings, kind: Object.prototype.toString.call(alpha), alpha: await base64(new Blob([alpha])) };
}

/** The bytes of a blob as text. */
export async function base64(blob) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(',') + 1);
}

/** Cuts one fixture with a segmenter of its own. */
export async function cut({ path, create = {}, segment = {} }) {
  const segmenter = await Segmenter.create(create);
  try {
    const matte = await segmenter.segment(await fixture(path), segment);
    return { info: segmenter.info, matte: await sendable(matte) };
  } finally {
    segmenter.close();
  }
}

/** The mattes of several `{ path, segment }`, by one segmenter. */
export async function cutAll(model, rows) {
  const segmenter = await Segmenter.create({ model });
  const mattes = [];
  for (const { path, segment } of rows) mattes.push(await sendable(await segmenter.segment(await fixture(path), segment)));
  segmenter.close();
  return mattes;
}

/** How a promise failed, as plain data; `undefined` if it did not. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    const { name, code, message, cause } = error;
    return { name, code, message, cause: String(cause), isError: error instanceof Error };
  }
}
