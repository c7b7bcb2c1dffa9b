/** A picture from the camera. The stream lives only while the window is open. */

import { part } from './page.js';

const dialog = /** @type {HTMLDialogElement} */ (part('camera-dialog'));
const video = /** @type {HTMLVideoElement} */ (part('camera-video'));
const shoot = /** @type {HTMLButtonElement} */ (part('camera-shoot'));

/** @type {MediaStream | undefined} */
let stream;

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
  });
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
  // The browser has no camera interface outside secure pages.
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no camera interface', 'NotSupportedError');
  const wanted = { video: { facingMode: 'user', width: { ideal: 1920 }, height: { ideal: 1440 } } };
  stream = await navigator.mediaDevices.getUserMedia(wanted);
  shoot.disabled = true;
  video.srcObject = stream;
  dialog.showModal();
}

function stop() {
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
