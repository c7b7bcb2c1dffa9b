/** The ways a picture comes in: dropped, pasted, chosen. What comes to the scenes is a scene. */

import { part } from './page.js';

/**
 * @param {(file: File) => void} onFile
 * @param {(file: File) => void} onScene
 * @param {() => void} onNoFile Something came, but no file.
 */
export function makeIntake(onFile, onScene, onNoFile) {
  hear('file', onFile);
  hear('scene-file', onScene);
  part('welcome').addEventListener('click', () => part('file').click());

  // Enter and leave come for every element that is crossed, so they are counted.
  let depth = 0;
  const show = (/** @type {number} */ next) => {
    depth = Math.max(0, next);
    document.body.classList.toggle('dropping', depth > 0);
  };
  addEventListener('dragenter', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    show(depth + 1);
  });
  addEventListener('dragleave', (event) => {
    if (carriesFiles(event)) show(depth - 1);
  });
  addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  });
  addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    show(0);
    const toScenes = event.target instanceof Element && event.target.closest('#scene-group');
    take(event.dataTransfer, toScenes ? onScene : onFile);
  });
  addEventListener('paste', (event) => {
    if (event.clipboardData?.types.includes('Files')) take(event.clipboardData, onFile);
  });

  /** @param {DataTransfer | null} data @param {(file: File) => void} then */
  function take(data, then) {
    const files = [...(data?.files ?? [])];
    const file = files.find((candidate) => candidate.type.startsWith('image/')) ?? files[0];
    if (file) then(file);
    else onNoFile();
  }
}

/** @param {string} id @param {(file: File) => void} then */
function hear(id, then) {
  const input = /** @type {HTMLInputElement} */ (part(id));
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) then(file);
    // Emptied, so that the same file can be chosen again.
    input.value = '';
  });
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes('Files') ?? false;
}
