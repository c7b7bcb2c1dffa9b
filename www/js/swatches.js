/** A row of named colours and, last, the visitor's own. */

import { part } from './page.js';

/**
 * @param {string} id
 * @param {Record<string, string>} colors
 * @param {string} start
 * @param {(color: string) => void} then
 */
export function makeSwatches(id, colors, start, then) {
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
        for (const radio of row.querySelectorAll('input')) radio.checked = false;
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
