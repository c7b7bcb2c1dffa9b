/** The controls' values, and one call when any of them changes. */

import { blurOf } from './effects.js';
import { feather, percent, pixels } from './format.js';
import { part } from './page.js';
import { makeScenePicker } from './scene-picker.js';
import { makeSwatches } from './swatches.js';

/** @typedef {import('./models.js').Subject} Subject */
/** @typedef {import('./effects.js').View} View */
/** @typedef {import('./effects.js').Look} Look */
/** @typedef {'subject' | 'view' | 'intensity' | 'look'} Change `look`: another one of the same matte. */

const GROUNDS = {
  Paper: '#f4f1ea',
  Sand: '#e6cfae',
  Blush: '#f2c4be',
  Sage: '#b9cbb2',
  Sky: '#a9cbe6',
  Iris: '#8f8bd8',
  Night: '#1d2433',
};

const DYES = {
  Espresso: '#4a3024',
  Copper: '#b5562b',
  Honey: '#dd9c5c',
  Rose: '#d9698f',
  Violet: '#7d4fc4',
  Ocean: '#2f78c4',
  Emerald: '#2b8f6b',
};

/** The edge starts at its narrowest; a new hair colour starts strong enough to be seen, on dark hair as well. */
const START = { edge: 0, dye: 0.8, lightening: 0.3, blur: 0.6, ground: GROUNDS.Sky, dyeColor: DYES.Copper };

/** What belongs to one view alone. @type {[string, View][]} */
const GROUPS = [
  ['blur-group', 'blur'],
  ['ground-group', 'color'],
  ['scene-group', 'scene'],
  ['dye-group', 'recolor'],
];

/** @param {(change: Change) => void} onChange */
export function makeControls(onChange) {
  const values = { ...START };
  /** What to cut out in every view but `recolor`, which is for hair alone. @type {Subject} */
  let usual = 'person';
  let size = { width: 0, height: 0 };

  const view = () => /** @type {View} */ (checked('view'));
  const subject = () => /** @type {Subject} */ (checked('subject'));
  const purpose = () => (view() === 'recolor' ? 'dye' : 'edge');

  const scenes = makeScenePicker(() => onChange('look'));
  const intensity = makeSlider('intensity', values.edge, describeIntensity, (value) => {
    values[purpose()] = value;
    onChange('intensity');
  });
  const blur = makeSlider('blur', values.blur, (value) => pixels(blurOf(value, size)), (value) => {
    values.blur = value;
    onChange('look');
  });
  makeSlider('lightening', values.lightening, percent, (value) => {
    values.lightening = value;
    onChange('look');
  });
  makeSwatches('ground', GROUNDS, values.ground, (color) => {
    values.ground = color;
    onChange('look');
  });
  makeSwatches('dye', DYES, values.dyeColor, (color) => {
    values.dyeColor = color;
    onChange('look');
  });

  /** @param {number} value */
  function describeIntensity(value) {
    return purpose() === 'dye' ? `${percent(value)} · ${feather(value)}` : feather(value);
  }

  function sync() {
    choose('subject', view() === 'recolor' ? 'hair' : usual);
    for (const [id, of] of GROUPS) part(id).hidden = view() !== of;
    part('subject-group').hidden = view() === 'recolor';
    if (view() === 'scene') scenes.show();
    const dyeing = purpose() === 'dye';
    part('intensity-label').textContent = dyeing ? 'Intensity' : 'Feather';
    part('intensity-hint').hidden = !dyeing;
    intensity.set(values[purpose()]);
  }

  on('view', () => {
    sync();
    onChange('view');
  });
  on('subject', () => {
    usual = subject();
    onChange('subject');
  });
  sync();

  return {
    /** What to cut out, and for what. */
    wanted: () => ({ subject: subject(), view: view(), intensity: values[purpose()] }),
    /** How to show it. @param {View} view @returns {Look} */
    look: (view) => ({
      view,
      blur: values.blur,
      ground: values.ground,
      scene: scenes.scene(),
      dye: values.dyeColor,
      strength: values.dye,
      lightening: values.lightening,
    }),
    /** Puts the controls back to what is on show. */
    restore(/** @type {{ subject: Subject, view: View, intensity: number }} */ shown) {
      if (shown.view !== 'recolor') usual = shown.subject;
      choose('view', shown.view);
      values[purpose()] = shown.intensity;
      sync();
    },
    /** The picture that they are about. */
    measure(/** @type {{ width: number, height: number }} */ picture) {
      size = picture;
      blur.set(values.blur);
    },
    /** A scene of the visitor's own. */
    addScene: (/** @type {import('./scenes.js').Scene} */ scene) => scenes.add(scene),
  };
}

/** @param {string} name */
function radios(name) {
  return /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[name="${name}"]`));
}

/** @param {string} name */
function checked(name) {
  return [...radios(name)].find((radio) => radio.checked)?.value ?? '';
}

/** @param {string} name @param {string} value */
function choose(name, value) {
  for (const radio of radios(name)) radio.checked = radio.value === value;
}

/** @param {string} name @param {() => void} then */
function on(name, then) {
  for (const radio of radios(name)) radio.addEventListener('change', then);
}

/**
 * A slider from 0 to 1 whose value stands beside its name.
 *
 * @param {string} id
 * @param {number} start
 * @param {(value: number) => string} describe
 * @param {(value: number) => void} then
 */
function makeSlider(id, start, describe, then) {
  const input = /** @type {HTMLInputElement} */ (part(id));
  const show = () => {
    const value = Number(input.value);
    const text = describe(value);
    part(`${id}-value`).textContent = text;
    input.style.setProperty('--fill', `${value * 100}%`);
    input.setAttribute('aria-valuetext', text);
  };
  const set = (/** @type {number} */ value) => {
    input.value = String(value);
    show();
  };
  input.addEventListener('input', () => {
    show();
    then(Number(input.value));
  });
  set(start);
  return { set };
}
