/** What went wrong and what to do next, in words for a person. */

/**
 * @typedef {object} Words
 * @property {string} title What happened.
 * @property {string} next What to do about it.
 * @property {boolean} [retry] Whether trying the same again may help.
 */

/** @type {Record<string, Words>} By the library's error codes. */
const BY_CODE = {
  UNSUPPORTED_PICTURE: {
    title: 'This file is no picture that can be read here.',
    next: 'Try a JPEG, PNG, WebP or AVIF file.',
  },
  PICTURE_TOO_LARGE: {
    title: 'This picture is too large.',
    next: 'Up to 50 megapixels work, with at most 16,384 pixels a side. Make it smaller and try again.',
  },
  FETCH: {
    title: 'A file that is needed could not be downloaded.',
    next: 'Look at your connection, then try again.',
    retry: true,
  },
  CHECKSUM_MISMATCH: {
    title: 'The downloaded network is not the one that was expected.',
    next: 'It was not used. Reload the page; if this stays, the site serves a wrong file.',
  },
  UNSUPPORTED_MODEL: {
    title: 'The network could not be started.',
    next: 'Reload the page, then try again.',
  },
  UNSUPPORTED_BROWSER: {
    title: 'This browser lacks something that is needed.',
    next: 'Try a current Chrome, Edge, Firefox or Safari.',
  },
  CLOSED: {
    title: 'The network was stopped.',
    next: 'Try again; it starts anew.',
    retry: true,
  },
  ROLLED_BACK: {
    title: 'The network was taken back.',
    next: 'Try again; another one takes its place.',
    retry: true,
  },
  INVALID_INPUT: {
    title: 'This picture could not be used.',
    next: 'Try another one.',
  },
};

/** @type {Record<string, Words>} By the names of the camera's errors. */
const BY_CAMERA = {
  NotAllowedError: {
    title: 'The camera is not allowed on this page.',
    next: 'Allow it beside the address, or choose a picture instead.',
  },
  NotFoundError: {
    title: 'No camera was found.',
    next: 'Connect one, or choose a picture instead.',
  },
  NotReadableError: {
    title: 'The camera is busy.',
    next: 'Close the other app that uses it, then try again.',
  },
};

/** @type {Words} */
const UNKNOWN = {
  title: 'Something went wrong.',
  next: 'Try again; if this stays, reload the page.',
  retry: true,
};

/** @type {Words} */
const NO_CAMERA = {
  title: 'The camera could not be started.',
  next: 'Choose a picture instead.',
};

/** @param {unknown} error @returns {Words} */
export function ofError(error) {
  const code = /** @type {{ code?: string }} */ (error)?.code ?? '';
  return BY_CODE[code] ?? UNKNOWN;
}

/** @param {unknown} error @returns {Words} */
export function ofCamera(error) {
  const name = /** @type {Error} */ (error)?.name ?? '';
  return BY_CAMERA[name] ?? NO_CAMERA;
}
