/** All that the page says: its state, one status line, download progress, and errors. */

import { bytes } from './format.js';
import { part } from './page.js';

/** `painting`: the matte is there, and its picture is about to be. @typedef {'loading' | 'ready' | 'working' | 'painting' | 'done' | 'error'} State */

const notice = part('notice');
const loading = part('loading');
const bar = /** @type {HTMLProgressElement} */ (part('loading-bar'));

/** @type {(() => void) | undefined} */
let retry;

part('notice-close').addEventListener('click', hideNotice);
part('notice-retry').addEventListener('click', () => {
  hideNotice();
  retry?.();
});

/** @returns {State} */
export function state() {
  return /** @type {State} */ (document.body.dataset.state);
}

/** Without a text the last one stays. @param {State} state @param {string} [text] */
export function say(state, text) {
  document.body.dataset.state = state;
  if (text === undefined) return;
  const status = part('status');
  if (status.textContent !== text) status.textContent = text;
}

/**
 * The bar of a download; the status line keeps to one sentence, so that it is not read out at every step.
 *
 * @param {import('./models.js').Subject} subject Whom the network is for.
 * @param {import('./models.js').Standing} standing
 */
export function showProgress(subject, { phase, loadedBytes, totalBytes }) {
  if (phase === 'ready') return hideProgress();
  loading.hidden = false;
  const compiling = phase === 'compile';
  part('loading-label').textContent = compiling ? 'Getting ready' : `Downloading the ${subject} network`;
  const whole = totalBytes ? ` of ${bytes(totalBytes)}` : '';
  part('loading-amount').textContent = compiling ? '' : bytes(loadedBytes) + whole;
  if (totalBytes && !compiling) bar.value = loadedBytes / totalBytes;
  else bar.removeAttribute('value');
}

export function hideProgress() {
  loading.hidden = true;
}

/**
 * @param {import('./words.js').Words} words
 * @param {string} detail The library's own message.
 * @param {() => void} [again] What "Try again" does; without it there is no such button.
 */
export function showNotice(words, detail, again) {
  part('notice-title').textContent = words.title;
  part('notice-next').textContent = words.next;
  part('notice-detail').textContent = detail;
  part('notice-detail').hidden = !detail;
  retry = again;
  part('notice-retry').hidden = !again;
  notice.hidden = false;
}

export function hideNotice() {
  notice.hidden = true;
}

/** @param {import('./models.js').Subject} subject */
export function explainNothing(subject) {
  const hair = subject === 'hair';
  part('nothing-title').textContent = hair ? 'No hair found here' : 'No person found here';
  part('nothing-hint').textContent = hair
    ? 'Try a portrait in which the hair is in view, or cut out the person instead.'
    : 'Try a picture of someone, from the head to about the waist.';
}
