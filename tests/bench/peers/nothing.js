/** No library at all, under the harness of the others: the least that a cold start takes, to load the page and to read the picture. */

import { SPEC, toTensor } from '/glue.js';

export async function create({ model }) {
  return {
    kind: 'pipeline',
    async segment(bitmap) {
      const { width, height } = bitmap;
      const { w, h } = SPEC[model];
      toTensor(bitmap, w, h, SPEC[model]);
      return { data: new Uint8Array(width * height), width, height };
    },
  };
}
