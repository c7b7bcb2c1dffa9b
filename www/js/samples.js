/** The sample portraits: those of class A whose sitters or makers gave them for any use. */

import { part } from './page.js';

/** Which to offer, in this order, one of each sitter: the manifest's ids, and what to call them. */
const OFFERED = new Map([
  ['astronaut', 'an astronaut before a flag'],
  ['grace-hopper', 'a naval officer with a cap'],
  ['luispedro', 'a man seen close up'],
]);

const FOLDER = './fixtures/';

/** @typedef {{ id: string, file: string, class: string }} Entry */

/**
 * @param {(blob: Blob, name: string, id: string) => void} onPicture
 * @param {(error: unknown) => void} onError
 */
export function makeSamples(onPicture, onError) {
  const list = part('samples');
  /** Counts the pictures that were asked for: an overtaken download is dropped. */
  let latest = 0;
  let given = false;

  /** @param {Entry} entry */
  async function choose(entry) {
    const turn = ++latest;
    const response = await fetch(FOLDER + entry.file);
    if (!response.ok) throw Object.assign(new Error(`${entry.file} gave ${response.status}`), { code: 'FETCH' });
    const blob = await response.blob();
    if (turn !== latest) return;
    given = true;
    onPicture(blob, entry.file.replace(/^.*\//, ''), entry.id);
  }

  /** @param {Entry} entry */
  function offer(entry) {
    const item = document.createElement('li');
    const button = document.createElement('button');
    const image = document.createElement('img');
    image.loading = 'lazy';
    image.decoding = 'async';
    image.draggable = false;
    image.width = image.height = 56;
    image.alt = '';
    image.src = FOLDER + entry.file;
    button.type = 'button';
    button.dataset.testid = `sample-${entry.id}`;
    button.dataset.sample = entry.id;
    button.setAttribute('aria-label', `Sample: ${OFFERED.get(entry.id)}`);
    button.setAttribute('aria-pressed', 'false');
    button.addEventListener('click', () => choose(entry).catch(onError));
    button.append(image);
    item.append(button);
    list.append(item);
  }

  return {
    /**
     * Offers the portraits and takes the first, unless a picture came sooner.
     *
     * @returns {Promise<boolean>} Whether the stage has, or is about to have, a picture.
     */
    async showFirst() {
      try {
        const response = await fetch(`${FOLDER}manifest.json`);
        const entries = select((await response.json()).pictures);
        entries.forEach(offer);
        if (latest === 0 && entries[0]) await choose(entries[0]);
      } catch {
        // The page is whole without them: a picture of one's own still works.
      }
      list.hidden = list.childElementCount === 0;
      return given;
    },
    /** Another picture came: a portrait that is still on its way is dropped. */
    overtake() {
      latest++;
      given = true;
    },
    /** Shows which one is on the stage, if any. @param {string} [id] */
    mark(id) {
      for (const button of list.querySelectorAll('button')) {
        button.setAttribute('aria-pressed', String(button.dataset.sample === id));
      }
    },
  };
}

/** @param {Entry[]} pictures @returns {Entry[]} */
function select(pictures) {
  const shown = pictures.filter((entry) => entry.class === 'A');
  return [...OFFERED.keys()].flatMap((id) => shown.find((entry) => entry.id === id) ?? []);
}
