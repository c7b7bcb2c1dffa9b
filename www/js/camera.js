/** A picture from the camera, and a live look at what the library does. The stream lives only while the window is open. */

import { blurOf } from './effects.js';
import * as models from './models.js';
import { part } from './page.js';

const dialog = /** @type {HTMLDialogElement} */ (part('camera-dialog'));
const video = /** @type {HTMLVideoElement} */ (part('camera-video'));
const shoot = /** @type {HTMLButtonElement} */ (part('camera-shoot'));
const preview = part('camera-preview');
const canvas = /** @type {HTMLCanvasElement} */ (part('camera-canvas'));
const note = part('camera-note');
const choices = /** @type {NodeListOf<HTMLInputElement>} */ (dialog.querySelectorAll('input[name="live"]'));

/** How much the ground is blurred, 0 to 1. */
const BLUR = 0.6;

/** @type {MediaStream | undefined} */
let stream;

/** Whether the browser is being asked for one. */
let starting = false;

/** What is shown live; each choice ends the one before. @type {AbortController | undefined} */
let live;

/** @param {(picture: Blob) => void} onPicture @param {(error: unknown) => void} onError */
export function makeCamera(onPicture, onError) {
  part('camera').addEventListener('click', () => start().catch(onError));
  part('camera-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', stop);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  video.addEventListener('playing', () => {
    shoot.disabled = false;
    shoot.focus();
    void play();
  });
  for (const choice of choices) choice.addEventListener('change', () => void play());
  shoot.addEventListener('click', async () => {
    try {
      const picture = await snapshot();
      dialog.close();
      onPicture(picture);
    } catch (error) {
      dialog.close();
      onError(error);
    }
  });
}

async function start() {
  // A second stream would be one that nothing ends.
  if (starting || dialog.open) return;
  // The browser has no camera interface outside secure pages.
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no camera interface', 'NotSupportedError');
  const wanted = { video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 960 } } };
  starting = true;
  try {
    stream = await navigator.mediaDevices.getUserMedia(wanted);
    shoot.disabled = true;
    video.srcObject = stream;
    note.hidden = true;
    dialog.showModal();
  } catch (error) {
    stop();
    throw error;
  } finally {
    starting = false;
  }
}

/** Shows the chosen effect on the frames as they come; where that fails, the camera as it is. */
async function play() {
  live?.abort();
  const { signal } = (live = new AbortController());
  const choice = [...choices].find(({ checked }) => checked)?.value ?? 'plain';
  preview.dataset.live = choice;
  if (choice !== 'blur' && choice !== 'cutout') return;
  note.hidden = true;
  try {
    const segmenter = await models.load('selfie');
    if (signal.aborted) return;
    const blur = blurOf(BLUR, { width: video.videoWidth, height: video.videoHeight });
    const effect = choice === 'blur' ? { background: { blur } } : 'cutout';
    await segmenter.play(video, canvas, { effect, signal }).done;
  } catch {
    if (signal.aborted) return;
    preview.dataset.live = 'plain';
    for (const choice of choices) choice.checked = choice.value === 'plain';
    note.hidden = false;
  }
}

function stop() {
  live?.abort();
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
  video.srcObject = null;
}

/** As the mirrored preview shows it. @returns {Promise<Blob>} */
function snapshot() {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.translate(canvas.width, 0);
  context.scale(-1, 1);
  context.drawImage(video, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the camera gave no picture'))), 'image/png');
  });
}
