/** The demo page, used as a visitor does. */

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { open } from './chromium.mjs';
import { readGrey } from './matte.mjs';

/** Opens the page and waits for its first portrait to be cut out. */
export async function openDemo(browser, url, options) {
  const opened = await open(browser, url, { reducedMotion: 'reduce', ...options });
  await settled(opened.page);
  return opened;
}

/** Waits until the page has come to rest, and says how: `done` or `error`. */
export async function settled(page) {
  const rest = await page.waitForFunction(() => ['done', 'error'].includes(document.body.dataset.state) && document.body.dataset.state);
  return rest.jsonValue();
}

/** Chooses a file as the file dialogue would: by path, or as `{ name, mimeType, buffer }`. */
export async function choose(page, file) {
  await page.getByTestId('file').setInputFiles(file);
  return settled(page);
}

/** Drops a file on the stage, or on another part of the page. */
export async function drop(page, path, part = '[data-testid="drop"]') {
  const base64 = (await readFile(path)).toString('base64');
  await page.locator(part).evaluate(
    (stage, { base64, name, type }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], name, { type }));
      for (const kind of ['dragenter', 'dragover', 'drop']) {
        stage.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
      }
    },
    { base64, name: basename(path), type: path.endsWith('.png') ? 'image/png' : 'image/jpeg' },
  );
  return settled(page);
}

/** Picks a view or a subject, such as `view-matte`: the radio button lies under its label. */
export async function pick(page, testId) {
  await page.locator('label', { has: page.getByTestId(testId) }).click();
  return settled(page);
}

/** The pixels that the stage shows of the result. */
export async function shown(page) {
  const { pixels, ...size } = await page.getByTestId('result').evaluate((canvas) => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    return { width, height, pixels: btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), '')) };
  });
  return { ...size, pixels: Buffer.from(pixels, 'base64') };
}

/** Presses the download button: the file's name and bytes. */
export async function download(page) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

/** The matte that the page offers for download. */
export async function downloadMatte(page) {
  await pick(page, 'view-matte');
  const { name, bytes } = await download(page);
  return { name, matte: readGrey(bytes) };
}
