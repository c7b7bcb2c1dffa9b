/** One picture as each kind that the web knows; it runs in the page. */

/** @param {string} kind name of its class @param {Blob} blob @param {{ width: number, height: number }} [size] its own, if not given */
export async function make(kind, blob, size) {
  if (kind === 'Blob') return blob;
  if (kind === 'File') return new File([blob], 'picture');
  const bitmap = await createImageBitmap(blob);
  if (kind === 'ImageBitmap') return bitmap;
  const { width, height } = size ?? bitmap;
  const canvas = kind === 'OffscreenCanvas' ? new OffscreenCanvas(width, height) : Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0, width, height);
  switch (kind) {
    case 'ImageData':
      return context.getImageData(0, 0, width, height);
    case 'HTMLImageElement':
      // Still loading: the library waits for it.
      return Object.assign(new Image(), { src: URL.createObjectURL(blob) });
    case 'VideoFrame':
      return new VideoFrame(canvas, { timestamp: 0 });
    case 'HTMLVideoElement':
      return play(canvas);
    default:
      return canvas;
  }
}

/** A video that shows the canvas, once it has a frame. */
async function play(canvas) {
  const video = Object.assign(document.createElement('video'), { muted: true, srcObject: canvas.captureStream() });
  const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  // A frame is captured when the canvas is drawn to.
  const context = canvas.getContext('2d');
  context.drawImage(canvas, 0, 0);
  await video.play();
  await shown;
  return video;
}
