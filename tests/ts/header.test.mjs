/** How much of a picture file is read before it is decoded, and what is refused by then. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { checkHeader } = await load('pixels');

/** Reads as the WebAssembly side would a file whose size stands at byte `place`. */
function sizeAt(place, size, heads) {
  return (head) => {
    heads.push(head.length);
    return head.length > place ? size : undefined;
  };
}

for (const [place, wanted] of [[10, [65_536]], [100_000, [65_536, 1_048_576]], [2_000_000, [65_536, 1_048_576, 3_000_000]]]) {
  test(`a size at byte ${place} is found by reading ${wanted.join(', ')} bytes`, async () => {
    const heads = [];
    await checkHeader(new Blob([new Uint8Array(3_000_000)]), 100, sizeAt(place, { width: 10, height: 10 }, heads));
    assert.deepEqual(heads, wanted);
  });
}

test('a picture above the limit is refused by its header', async () => {
  const check = checkHeader(new Blob(['x']), 99, () => ({ width: 10, height: 10 }));
  await assert.rejects(check, { code: 'PICTURE_TOO_LARGE', message: /10x10/ });
});

test('a file that ends within its header is refused', async () => {
  await assert.rejects(checkHeader(new Blob(['abc']), 99, () => undefined), { code: 'UNSUPPORTED_PICTURE', message: /3 bytes/ });
});

test('a header without end is given up', async () => {
  const heads = [];
  const check = checkHeader(new Blob([new Uint8Array(17 << 20)]), 99, sizeAt(Infinity, undefined, heads));
  await assert.rejects(check, { code: 'UNSUPPORTED_PICTURE' });
  assert.equal(heads.at(-1), 16 << 20);
});
