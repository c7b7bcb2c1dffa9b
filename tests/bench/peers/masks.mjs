/** The networks' masks of a person, and how far they are from native LiteRT's. */

import { readFileSync } from 'node:fs';

import { NETWORKS, PEERS } from './setup.mjs';

/** How far a mask may be from the reference: mean absolute difference, and IoU at one half. */
export const BOUNDS = { meanAbs: 0.004, iou: 0.995 };

/** Native LiteRT's mask of a person, on the very pixels that the pages get. */
export function reference(model) {
  const multi = model === 'multiclass';
  const bytes = readFileSync(`${PEERS}/download/img/ref.${NETWORKS[model]}${multi ? '.m1p1' : ''}.f32`);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (!multi) return values;
  return Float32Array.from({ length: values.length / 6 }, (_, i) => {
    const exps = Array.from(values.subarray(i * 6, i * 6 + 6), Math.exp);
    return 1 - exps[0] / exps.reduce((sum, value) => sum + value);
  });
}

/** Mean and largest absolute difference of two masks, and their IoU at one half. */
export function agreement(got, want) {
  if (got.length !== want.length) throw new Error(`mask has ${got.length} values, want ${want.length}`);
  let sum = 0;
  let most = 0;
  let both = 0;
  let either = 0;
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i] - want[i]);
    sum += off;
    most = Math.max(most, off);
    const [a, b] = [got[i] > 0.5, want[i] > 0.5];
    if (a && b) both++;
    if (a || b) either++;
  }
  return { meanAbs: Number((sum / want.length).toPrecision(3)), maxAbs: Number(most.toPrecision(3)), iou: Number((both / either).toFixed(5)) };
}

/** Throws unless a lane's agreement with the reference is within the bounds. */
export function check({ id, agreement: { meanAbs, iou } }, model) {
  if (meanAbs <= BOUNDS.meanAbs && iou >= BOUNDS.iou) return;
  throw new Error(`${id}, ${model}: its mask is off by ${meanAbs} on average with IoU ${iou}, want at most ${BOUNDS.meanAbs} and at least ${BOUNDS.iou}`);
}
