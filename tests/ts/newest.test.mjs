/** The demo page's way to keep up with a slider. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { newest } from '../../www/js/newest.js';

/** Work that is ended by hand, and what was begun. */
function byHand() {
  const begun = [];
  const ends = [];
  const work = (job) => {
    begun.push(job);
    return new Promise((resolve, reject) => ends.push({ resolve, reject }));
  };
  return { take: newest(work), begun, ends };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test('while one is under way, only the newest waits', async () => {
  const { take, begun, ends } = byHand();
  const taken = ['a', 'b', 'c', 'd'].map(take);
  assert.deepEqual(begun, ['a']);
  ends[0].resolve();
  await soon();
  assert.deepEqual(begun, ['a', 'd']);
  let settled = 0;
  for (const each of taken) each.then(() => settled++);
  await soon();
  assert.equal(settled, 0);
  ends[1].resolve();
  await soon();
  assert.equal(settled, 4);
  void take('e');
  assert.deepEqual(begun, ['a', 'd', 'e']);
});

test('a failure is told to all that wait, and the next begins anew', async () => {
  const { take, begun, ends } = byHand();
  const taken = Promise.allSettled([take('a'), take('b')]);
  ends[0].reject(new Error('broken'));
  assert.deepEqual((await taken).map(({ reason }) => reason?.message), ['broken', 'broken']);
  assert.deepEqual(begun, ['a']);
  const next = take('c');
  ends[1].resolve();
  await next;
  assert.deepEqual(begun, ['a', 'c']);
});
