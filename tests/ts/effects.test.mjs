/** What effects callers may ask for, and what a wrong one is told. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { load, segmentError } from './load.mjs';

const { backgroundOf, checkDraw, cutoutOf, recolorOf } = await load('effects');
const { checkSegment } = await load('options');

const SUBJECTS = ['person', 'hair'];
const WANTED = 'want one of cutout, matte, { recolor }, { background }';
const COLORS = 'want #rgb or #rrggbb';

const effectOf = (options) => checkDraw(options, SUBJECTS).task.effect;

const MATTE = { width: 2, height: 2, alpha: new Uint8ClampedArray(4) };

test('a drawing is a matte with an effect', () => {
  const { task, image, ground } = checkDraw({}, SUBJECTS);
  assert.deepEqual(task, { ...checkSegment({ quality: 'fast' }, SUBJECTS), type: 'draw', effect: 'cutout' });
  assert.equal(checkDraw({ quality: 'fine' }, SUBJECTS).task.quality, 'fine');
  assert.deepEqual([image, ground], [undefined, undefined]);
  assert.equal(effectOf({ effect: 'matte' }), 'matte');
  assert.deepEqual(effectOf({ effect: { background: { blur: 12 } } }), { blur: 12 });
  assert.deepEqual(effectOf({ effect: { background: { color: '#0f8' } } }), { color: [0, 255, 136] });
});

test('recolouring is all of the colour, and of the hair, unless it is said', () => {
  const effect = { recolor: { color: '#8A2be2' } };
  const { task } = checkDraw({ effect }, SUBJECTS);
  assert.deepEqual(task.effect, { recolor: { color: [138, 43, 226], intensity: 1, lightening: 0 } });
  assert.deepEqual([task.of, task.intensity], ['hair', 1]);
  const other = checkDraw({ effect, of: 'person', intensity: 0.5 }, SUBJECTS).task;
  assert.deepEqual([other.of, other.intensity, other.effect.recolor.intensity], ['person', 0.5, 0.5]);
  assert.equal(checkDraw({ effect, of: 'cat' }, ['cat']).task.of, 'cat');
  assert.throws(
    () => checkDraw({ effect }, ['person']),
    segmentError('INVALID_INPUT', 'of is not given, and the model has no hair, want one of person, or the model multiclass'),
  );
});

test('a picture is a ground with its fit', () => {
  const image = {};
  const { task, ...rest } = checkDraw({ effect: { background: { image, fit: 'contain', color: '#abc' } } }, SUBJECTS);
  assert.equal(task.effect, 'picture');
  assert.deepEqual(rest, { image, ground: { fit: 'contain', color: '#abc' } });
  assert.deepEqual(checkDraw({ effect: { background: { image } } }, SUBJECTS).ground, { fit: 'cover', color: undefined });
});

test('the methods take the options of draw in one object', () => {
  const made = { of: 'hair', intensity: 0.5, feather: 4, morphology: undefined, minIsland: 0.1, quality: 'fine', signal: undefined, matte: undefined };
  const recolor = { color: '#123', lightening: 0.2 };
  assert.deepEqual(recolorOf({ ...made, ...recolor }), { ...made, effect: { recolor } });
  assert.deepEqual(backgroundOf({ ...made, blur: 3 }), { ...made, effect: { background: { blur: 3 } } });
  assert.deepEqual(cutoutOf(made), { ...made, effect: 'cutout' });
  // What is made once is not in a frame's haste; with a matte nothing is looked at.
  const still = [cutoutOf({}), recolorOf(recolor), backgroundOf({ blur: 3 })];
  for (const options of still) assert.equal(checkDraw(options, SUBJECTS).task.quality, 'balanced');
  assert.equal(cutoutOf({ matte: MATTE }).quality, undefined);
  for (const of of [cutoutOf, recolorOf, backgroundOf]) assert.throws(() => of(undefined), segmentError('INVALID_INPUT', 'options is undefined, want an object'));
});

test('a given matte is copied, and asks nothing of the model', () => {
  const matte = { width: 2, height: 3, alpha: Uint8ClampedArray.of(0, 1, 2, 3, 4, 255), executor: 'gpu' };
  const { alpha } = matte;
  for (const effect of ['cutout', 'matte', { background: { blur: 4 } }, { background: { image: {} } }, { recolor: { color: '#123' } }]) {
    const { task } = checkDraw({ effect, matte }, ['person']);
    assert.deepEqual(task.matte, { width: 2, height: 3, alpha });
    assert.notEqual(task.matte.alpha.buffer, alpha.buffer);
  }
  assert.equal(alpha.length, 6);
  assert.ok(!('matte' in checkDraw({}, SUBJECTS).task));
  // How much of a colour is wanted is still to be said.
  const { effect } = checkDraw({ effect: { recolor: { color: '#123' } }, matte, intensity: 0.25 }, ['person']).task;
  assert.equal(effect.recolor.intensity, 0.25);
});

const MADE = 'want it left out beside a matte, which is made already';

for (const [options, message] of [
  [{ matte: null }, 'matte is null, want an object'],
  [{ matte: 7, effect: { recolor: { color: '#123' } } }, 'matte is 7, want an object'],
  [{ matte: { ...MATTE, alpha: [0, 0, 0, 0] } }, 'matte.alpha is [0, 0, 0, 0], want a Uint8ClampedArray'],
  [{ matte: { ...MATTE, width: 3 } }, 'matte.alpha.length is 4, want 3 x 2'],
  [{ matte: { alpha: MATTE.alpha } }, 'matte.alpha.length is 4, want undefined x undefined'],
  [{ matte: MATTE, of: 'hair' }, `of is "hair", ${MADE}`],
  [{ matte: MATTE, of: 'hair', effect: { recolor: { color: '#123' } } }, `of is "hair", ${MADE}`],
  [{ matte: MATTE, intensity: 0 }, `intensity is 0, ${MADE}`],
  [{ matte: MATTE, quality: 'fast' }, `quality is "fast", ${MADE}`],
  [{ matte: MATTE, feather: 3 }, `feather is 3, ${MADE}`],
  [{ matte: MATTE, minIsland: 0 }, `minIsland is 0, ${MADE}`],
  [{ matte: MATTE, morphology: { operation: 'open', radius: 1 } }, `morphology is [object Object], ${MADE}`],
  [{ matte: MATTE, intensity: 2, effect: { recolor: { color: '#123' } } }, 'intensity is 2, want 0 to 1'],
]) {
  test(`draw with a matte: ${message}`, () => {
    assert.throws(() => checkDraw(options, ['person']), segmentError('INVALID_INPUT', message));
  });
}

for (const [effect, message] of [
  ['glow', `effect is "glow", ${WANTED}`],
  [null, `effect is null, ${WANTED}`],
  [{}, `effect is [object Object], ${WANTED}`],
  [{ recolor: {}, background: {} }, `effect is [object Object], ${WANTED}`],
  [{ recolor: 'red' }, 'recolor is "red", want an object'],
  [{ recolor: {} }, `color is undefined, ${COLORS}`],
  [{ recolor: { color: 'red' } }, `color is "red", ${COLORS}`],
  [{ recolor: { color: '#12345' } }, `color is "#12345", ${COLORS}`],
  [{ recolor: { color: '#fff', lightening: 2 } }, 'lightening is 2, want 0 to 1'],
  [{ background: null }, 'background is null, want an object'],
  [{ background: {} }, 'background has nothing, want one of blur, color, image'],
  [{ background: { blur: 5, color: '#fff' } }, 'background has blur and more, want one of blur, color, image'],
  [{ background: { blur: 0.5 } }, 'blur is 0.5, want 1 to 256'],
  [{ background: { blur: '9' } }, 'blur is "9", want 1 to 256'],
  [{ background: { color: '#ggg' } }, `color is "#ggg", ${COLORS}`],
  [{ background: { image: {}, color: 7 } }, `color is 7, ${COLORS}`],
  [{ background: { image: {}, fit: 'fill' } }, 'fit is "fill", want cover or contain'],
]) {
  test(`draw: ${message}`, () => {
    assert.throws(() => checkDraw({ effect }, SUBJECTS), segmentError('INVALID_INPUT', message));
  });
}
