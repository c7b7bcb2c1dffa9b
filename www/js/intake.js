/** The ways a picture comes in: dropped, pasted, chosen. */

import { part } from './page.js';

/** @param {(file: File) => void} onFile @param {() => void} onNoFile Something came, but no file. */
export function makeIntake(onFile, onNoFile) {
  const input = /** @type {HTMLInputElement} */ (part('file'));
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) onFile(file);
    // Emptied, so that the same file can be chosen again.
    input.value = '';
  });
  part('welcome').addEventListener('click', () => input.click());

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
    take(event.dataTransfer);
  });
  addEventListener('paste', (event) => {
    if (event.clipboardData?.types.includes('Files')) take(event.clipboardData);
  });

  /** @param {DataTransfer | null} data */
  function take(data) {
    const files = [...(data?.files ?? [])];
    const file = files.find((candidate) => candidate.type.startsWith('image/')) ?? files[0];
    if (file) onFile(file);
    else onNoFile();
  }
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes('Files') ?? false;
}
