/**
 * What runs the network: chosen by hand or by the library, and told in a line.
 *
 * The address may choose as well: `?executor=gpu`.
 */

import { part } from './page.js';

/** @typedef {import('../../src/ts/index.js').Info} Info */
/** @typedef {'auto' | 'gpu' | 'cpu'} Wish */

const lose = /** @type {HTMLButtonElement} */ (part('lose'));
const radios = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="executor"]'));

const asked = new URLSearchParams(location.search).get('executor');
for (const radio of radios) if (radio.value === asked) radio.checked = true;

/** @returns {Wish} */
export function wish() {
  const checked = [...radios].find((radio) => radio.checked);
  return /** @type {Wish} */ (checked?.value ?? 'auto');
}

/** @param {() => void} onWish When another one is wanted. @param {() => void} onLose When the GPU is to be lost. */
export function makeExecutorControl(onWish, onLose) {
  for (const radio of radios) radio.addEventListener('change', onWish);
  lose.addEventListener('click', onLose);
}

/** Says what runs the network that is in use, and why. @param {Info} info */
export function showExecutor(info) {
  // The first sentence is about the executor, the rest about the CPU's ways.
  const [why] = info.reason.split('. ');
  const line = part('executor-why');
  const text = `${why?.replace(/\.$/, '')}.`;
  if (line.textContent !== text) line.textContent = text;
  line.title = info.reason;
  lose.hidden = info.executor !== 'gpu';
}
