/** What is told of a run: buckets with their edges, and kinds of failure. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { agreementOf, coverageOf, executorOf, iouOf, latencyOf, outcomeOf, sizeOf } = await load('record');
const { SegmentError } = await load('error');

test('times fall in their buckets, edges in the lower one', () => {
  const rows = [[0, 'le_50'], [50, 'le_50'], [50.1, 'le_100'], [250, 'le_250'], [999, 'le_1000'], [1000, 'le_1000'], [1000.01, 'le_2500'], [5000, 'le_5000'], [5001, 'gt_5000'], [Infinity, 'gt_5000']];
  for (const [ms, bucket] of rows) assert.equal(latencyOf(ms), bucket, `${ms} ms`);
});

test('sizes fall in their buckets', () => {
  const rows = [[{}, 'le_0_5mp'], [{ width: 500, height: 1000 }, 'le_0_5mp'], [{ width: 1000, height: 1000 }, 'le_2mp'], [{ width: 4000, height: 2000 }, 'le_8mp'], [{ width: 4000, height: 3000 }, 'le_16mp'], [{ width: 10_000, height: 5000 }, 'gt_16mp']];
  for (const [result, bucket] of rows) assert.equal(sizeOf(result), bucket, JSON.stringify(result));
});

test('coverage falls in its buckets, also where only a sample is looked at', () => {
  for (const length of [100, 10_000, 1_000_003]) {
    for (const [share, bucket] of [[0, 'none'], [0.05, 'le_10'], [0.2, 'le_25'], [0.4, 'le_50'], [0.7, 'le_75'], [1, 'gt_75']]) {
      const alpha = new Uint8ClampedArray(length).fill(255, 0, Math.round(length * share));
      assert.equal(coverageOf({ alpha }), bucket, `${share} of ${length}`);
    }
  }
  assert.equal(coverageOf({}), 'none');
});

test('agreement is intersection over union, rounded down', () => {
  const a = new Uint8ClampedArray(200).fill(255, 0, 100);
  const b = new Uint8ClampedArray(200).fill(128, 0, 99);
  assert.equal(iouOf(a, b), 0.99);
  assert.equal(iouOf(a, new Uint8ClampedArray(200).fill(127)), 0);
  assert.equal(iouOf(new Uint8ClampedArray(9), new Uint8ClampedArray(9)), 1);
  for (const [iou, bucket] of [[1, 'ge_99'], [0.99, 'ge_99'], [0.9899, 'ge_95'], [0.9, 'ge_90'], [0.75, 'ge_75'], [0.7499, 'lt_75'], [0, 'lt_75']]) {
    assert.equal(agreementOf(iou), bucket, String(iou));
  }
});

test('failures have a kind each, and the mistakes of a caller none', () => {
  for (const [code, outcome] of [
    ['UNSUPPORTED_PICTURE', 'decode'],
    ['PICTURE_TOO_LARGE', 'unsupported'],
    ['FETCH', 'model-load'],
    ['UNSUPPORTED_MODEL', 'model-load'],
    ['CHECKSUM_MISMATCH', 'integrity'],
    ['GPU_LOST', 'gpu-lost'],
    ['UNSUPPORTED_BROWSER', 'unsupported'],
    ['ABORTED', 'aborted'],
    ['CLOSED', 'aborted'],
    ['INTERNAL', 'internal'],
    ['INVALID_INPUT', undefined],
    ['ROLLED_BACK', undefined],
  ]) {
    assert.equal(outcomeOf(new SegmentError(code, 'why')), outcome, code);
  }
  assert.equal(outcomeOf(new SegmentError('ABORTED', 'why', { cause: new DOMException('late', 'TimeoutError') })), 'timeout');
  assert.equal(outcomeOf(new SegmentError('INTERNAL', 'RangeError: WebAssembly.Memory(): could not allocate: Out of memory')), 'out-of-memory');
  assert.equal(outcomeOf(new RangeError('Array buffer allocation failed')), 'out-of-memory');
  assert.equal(outcomeOf(new TypeError('x is not a function')), 'internal');
  for (const odd of [undefined, null, 'text', 7]) assert.equal(outcomeOf(odd), 'internal', String(odd));
});

test('tract is what runs other ONNX files', () => {
  assert.deepEqual(['cpu', 'gpu', 'tract'].map(executorOf), ['cpu', 'gpu', 'onnx']);
});
