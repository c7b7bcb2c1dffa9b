/** Checks of the effects that callers ask for. */

import { SegmentError } from './error.js';
import { checkObject, checkSegment, invalid, isWithin } from './options.js';
import type { DrawEffect, DrawTask, GivenMatte, Ground } from './protocol.js';
import type { Background, BackgroundOptions, DrawOptions, PaintOptions, Picture, Recolor, RecolorOptions } from './types.js';

const WANTED = 'one of cutout, matte, { recolor }, { background }';
const MIN_BLUR = 1;
const MAX_BLUR = 256;

/** What says how a matte is made. */
const MAKING = ['of', 'intensity', 'feather', 'morphology', 'minIsland', 'quality'] as const;

/** A task, and the picture that it needs as a ground. */
export interface CheckedDraw {
  task: DrawTask;
  image: Picture | undefined;
  ground: Omit<Ground, 'picture'> | undefined;
}

/** `subjects` are the model's. */
export function checkDraw(options: DrawOptions, subjects: readonly string[]): CheckedDraw {
  checkObject('options', options);
  const { effect = 'cutout', matte } = options;
  if (matte !== undefined) checkObject('matte', matte);
  if (effect === 'cutout' || effect === 'matte') return plain(effect, options, subjects);
  if (typeof effect !== 'object' || effect === null) throw invalid('effect', effect, WANTED);
  // Of two it would be unclear which is meant.
  if ('recolor' in effect === 'background' in effect) throw invalid('effect', effect, WANTED);
  if ('recolor' in effect) return checkRecolor(effect.recolor, options, subjects);
  return checkBackground(effect.background, options, subjects);
}

function checkRecolor(recolor: Recolor, options: PaintOptions, subjects: readonly string[]): CheckedDraw {
  checkObject('recolor', recolor);
  const { matte, of = matte ? undefined : 'hair', intensity = 1 } = options;
  if (options.of === undefined && of && !subjects.includes(of)) {
    throw new SegmentError('INVALID_INPUT', `of is not given, and the model has no hair, want one of ${subjects.join(', ')}, or the model multiclass`);
  }
  const { lightening = 0 } = recolor;
  const color = checkColor('color', recolor.color);
  if (!isWithin(lightening, 0, 1)) throw invalid('lightening', lightening, '0 to 1');
  const checked = plain({ recolor: { color, intensity, lightening } }, { ...options, of, intensity: matte ? undefined : intensity }, subjects);
  // Of a matte that is given it says nothing, of the colour all the same.
  if (!isWithin(intensity, 0, 1)) throw invalid('intensity', intensity, '0 to 1');
  return checked;
}

function checkBackground(background: Background, options: PaintOptions, subjects: readonly string[]): CheckedDraw {
  checkObject('background', background);
  const { blur, color, image, fit = 'cover' } = background as { blur?: number; color?: string; image?: Picture; fit?: Ground['fit'] };
  const given = [blur, image ?? color].filter((value) => value !== undefined).length;
  if (given !== 1) throw new SegmentError('INVALID_INPUT', `background has ${given === 0 ? 'nothing' : 'blur and more'}, want one of blur, color, image`);
  const rgb = color === undefined ? undefined : checkColor('color', color);
  if (blur !== undefined) {
    if (!isWithin(blur, MIN_BLUR, MAX_BLUR)) throw invalid('blur', blur, `${MIN_BLUR} to ${MAX_BLUR}`);
    return plain({ blur }, options, subjects);
  }
  if (image === undefined) return plain({ color: rgb! }, options, subjects);
  if (fit !== 'cover' && fit !== 'contain') throw invalid('fit', fit, 'cover or contain');
  return { ...plain('picture', options, subjects), image, ground: { fit, color } };
}

/** The options of `cutout` as those of `draw`. */
export function cutoutOf(options: PaintOptions): DrawOptions {
  checkObject('options', options);
  return { ...still(options), effect: 'cutout' };
}

/** The same for `recolor`. */
export function recolorOf(options: RecolorOptions): DrawOptions {
  checkObject('options', options);
  const { color, lightening, ...rest } = options;
  return { ...still(rest), effect: { recolor: { color, lightening } } };
}

/** The same for `replaceBackground`. */
export function backgroundOf(options: BackgroundOptions): DrawOptions {
  checkObject('options', options);
  const { of, intensity, feather, morphology, minIsland, quality, signal, matte, ...background } = options;
  return { ...still({ of, intensity, feather, morphology, minIsland, quality, signal, matte }), effect: { background } };
}

/** What is made once is not in a frame's haste. */
function still(options: PaintOptions): PaintOptions {
  return options.matte ? options : { ...options, quality: options.quality ?? 'balanced' };
}

function plain(effect: DrawEffect, options: PaintOptions, subjects: readonly string[]): CheckedDraw {
  const matte = options.matte && copyMatte(options.matte, options);
  return { task: { ...checkSegment(options, subjects, 'fast'), type: 'draw', effect, ...(matte && { matte }) }, image: undefined, ground: undefined };
}

/** Whether it is of the picture's size shows where the picture is opened. */
function copyMatte(matte: GivenMatte, options: PaintOptions): GivenMatte {
  for (const name of MAKING) if (options[name] !== undefined) throw invalid(name, options[name], 'it left out beside a matte, which is made already');
  const { width, height, alpha } = matte;
  if (Object.prototype.toString.call(alpha) !== '[object Uint8ClampedArray]') throw invalid('matte.alpha', alpha, 'a Uint8ClampedArray');
  if (alpha.length !== width * height) throw invalid('matte.alpha.length', alpha.length, `${width} x ${height}`);
  return { width, height, alpha: new Uint8ClampedArray(alpha) };
}

function checkColor(name: string, color: unknown): number[] {
  const digits = typeof color === 'string' ? /^#(?:([\da-f])([\da-f])([\da-f])|([\da-f]{2})([\da-f]{2})([\da-f]{2}))$/i.exec(color) : null;
  if (!digits) throw invalid(name, color, '#rgb or #rrggbb');
  return digits.slice(1).flatMap((digit) => (digit === undefined ? [] : [parseInt(digit.length === 1 ? digit + digit : digit, 16)]));
}
