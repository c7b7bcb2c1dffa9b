/** The controls' values, and one call when any of them changes. */

import { feather } from './format.js';
import { part } from './page.js';

/** @typedef {import('./models.js').Subject} Subject */
/** @typedef {import('./compose.js').View} View */
/** @typedef {'subject' | 'view' | 'intensity' | 'color'} Change */

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
  Honey: '#d9a65a',
  Rose: '#d9698f',
  Violet: '#7d4fc4',
  Ocean: '#2f78c4',
  Emerald: '#2b8f6b',
};

/** The edge starts at its narrowest; a new hair colour starts strong enough to be seen. */
const START = { edge: 0, dye: 0.7 };

const intensity = /** @type {HTMLInputElement} */ (part('intensity'));

/** @param {(change: Change) => void} onChange */
export function makeControls(onChange) {
  const values = { edge: START.edge, dye: START.dye, ground: GROUNDS.Sky, dyeColor: DYES.Copper };

  const view = () => /** @type {View} */ (checked('view'));
  const subject = () => /** @type {Subject} */ (checked('subject'));
  const purpose = () => (view() === 'recolor' ? 'dye' : 'edge');

  function sync() {
    part('ground-group').hidden = view() !== 'color';
    part('dye-group').hidden = view() !== 'recolor';
    intensity.value = String(values[purpose()]);
    describe();
  }

  function describe() {
    const value = values[purpose()];
    const dyeing = purpose() === 'dye';
    const text = dyeing ? `${Math.round(value * 100)} % · ${feather(value)}` : feather(value);
    part('intensity-value').textContent = text;
    part('intensity-hint').textContent = dyeing
      ? 'How strong the colour, how wide the feather.'
      : 'How wide the edge is feathered.';
    intensity.style.setProperty('--fill', `${value * 100}%`);
    intensity.setAttribute('aria-valuetext', dyeing ? text : `feather ${text}`);
  }

  on('view', () => {
    // A new colour is for hair alone.
    if (view() === 'recolor') choose('subject', 'hair');
    sync();
    onChange('view');
  });
  on('subject', () => {
    if (subject() === 'person' && view() === 'recolor') choose('view', 'cutout');
    sync();
    onChange('subject');
  });
  intensity.addEventListener('input', () => {
    values[purpose()] = Number(intensity.value);
    describe();
    onChange('intensity');
  });
  makeSwatches('ground', GROUNDS, values.ground, (color) => {
    values.ground = color;
    onChange('color');
  });
  makeSwatches('dye', DYES, values.dyeColor, (color) => {
    values.dyeColor = color;
    onChange('color');
  });
  sync();

  return {
    /** What to cut out. */
    wanted: () => ({ subject: subject(), view: view(), intensity: values[purpose()] }),
    /** What to draw with. */
    colors: () => ({ color: view() === 'recolor' ? values.dyeColor : values.ground, strength: values.dye }),
    /** Puts the controls back to what is on show. */
    restore(/** @type {{ subject: Subject, view: View, intensity: number }} */ shown) {
      choose('subject', shown.subject);
      choose('view', shown.view);
      values[purpose()] = shown.intensity;
      sync();
    },
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
 * A row of named colours and, last, the visitor's own.
 *
 * @param {string} id
 * @param {Record<string, string>} colors
 * @param {string} start
 * @param {(color: string) => void} then
 */
function makeSwatches(id, colors, start, then) {
  const row = part(id);
  /** @param {Element} chosen */
  const mark = (chosen) => {
    for (const label of row.children) label.classList.toggle('on', label === chosen);
  };
  const add = (/** @type {string} */ type, /** @type {string} */ name, /** @type {string} */ color) => {
    const label = document.createElement('label');
    const input = document.createElement('input');
    const dot = document.createElement('i');
    input.type = type;
    input.value = color;
    input.setAttribute('aria-label', name);
    label.title = name;
    dot.style.setProperty('--swatch', color);
    label.append(input, dot);
    row.append(label);
    input.addEventListener('input', () => {
      if (type === 'color') {
        dot.style.setProperty('--swatch', input.value);
        for (const radio of radios(`${id}-color`)) radio.checked = false;
      }
      mark(label);
      then(input.value);
    });
    if (type === 'radio') input.name = `${id}-color`;
    return { label, input };
  };
  for (const [name, color] of Object.entries(colors)) {
    const { label, input } = add('radio', name, color);
    input.checked = color === start;
    label.classList.toggle('on', color === start);
  }
  add('color', 'Your own colour', start).label.classList.add('own');
}
