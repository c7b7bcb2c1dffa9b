/**
 * Opens a file as something to show: a copy of about the stage's size.
 * The full-size pixels are dropped again; a download decodes the file anew.
 */

/**
 * @typedef {object} Picture
 * @property {Blob} blob The file as it came.
 * @property {string} name File name, for the download and for screen readers.
 * @property {number} width Of the whole picture, after EXIF orientation.
 * @property {number} height
 * @property {ImageBitmap} photo The picture at display size.
 * @property {Map<string, import('./matte.js').Cut>} cuts What was cut out of it so far.
 * @property {string} [sample] Which sample portrait it is, if it is one.
 */

/** The library's own limits: above them the page does not decode, and the library says why. */
const MAX_PIXELS = 50e6;
const MAX_SIDE = 16384;
const MAX_DISPLAY = 1600;

/**
 * @param {Blob} blob
 * @param {string} name
 * @param {{ width: number, height: number }} room Device pixels that the stage offers.
 * @returns {Promise<Picture>} Rejects where the browser cannot decode the file.
 */
export async function open(blob, name, room) {
  const { width, height } = await measure(blob);
  if (width * height > MAX_PIXELS || Math.max(width, height) > MAX_SIDE) {
    throw new RangeError(`${width} x ${height} is too large to show`);
  }
  const scale = Math.min(1, room.width / width, room.height / height, MAX_DISPLAY / Math.max(width, height));
  // Decoded and reduced by the browser, off this thread: a large photograph must not stall the page.
  const photo = await createImageBitmap(blob, {
    imageOrientation: 'from-image',
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: 'high',
  });
  return { blob, name, width, height, photo, cuts: new Map() };
}

/**
 * The size alone: an image element reads the header and leaves the pixels for later.
 *
 * @param {Blob} blob
 * @returns {Promise<{ width: number, height: number }>}
 */
function measure(blob) {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  return new Promise((resolve, reject) => {
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => reject(new Error('not a picture'));
    image.src = url;
  }).finally(() => URL.revokeObjectURL(url));
}
