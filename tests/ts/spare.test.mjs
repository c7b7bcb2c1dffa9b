/** Memory that is used again: only for what fits, and never for two pictures at once. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { copyOf, keep } = await load('spare');
const pixels = (length, value) => new Uint8ClampedArray(length).fill(value);

test('memory that came back is used once, for a picture of its size', () => {
  const first = copyOf(pixels(8, 1));
  keep(first.buffer);
  const other = copyOf(pixels(12, 2));
  assert.notEqual(other.buffer, first.buffer);
  const second = copyOf(pixels(8, 3));
  assert.equal(second.buffer, first.buffer);
  assert.deepEqual([...second], Array(8).fill(3));
  assert.notEqual(copyOf(pixels(8, 4)).buffer, first.buffer, 'the second one may still be under way');
  assert.deepEqual([...second], Array(8).fill(3));
});

test('a part of an array is copied as it is, and much memory is not kept', () => {
  const all = Uint8ClampedArray.from({ length: 16 }, (_, i) => i);
  keep(new ArrayBuffer(8));
  assert.deepEqual([...copyOf(all.subarray(4, 12))], [4, 5, 6, 7, 8, 9, 10, 11]);
  const large = new ArrayBuffer((4 << 20) + 4);
  keep(large);
  assert.notEqual(copyOf(new Uint8ClampedArray(large.byteLength)).buffer, large);
});

test('what was transferred away is not used', () => {
  const gone = new ArrayBuffer(8);
  structuredClone(gone, { transfer: [gone] });
  keep(gone);
  assert.equal(copyOf(pixels(8, 5)).length, 8);
});
