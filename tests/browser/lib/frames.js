/** What tests of streams use inside a page: frames that are counted, and what they show. */

/** Every frame that the page made; those that were closed, or moved to another thread, have no size. */
const made = [];

const { VideoFrame: Plain } = globalThis;
globalThis.VideoFrame = class VideoFrame extends Plain {
  constructor(...given) {
    super(...given);
    made.push(this);
  }
};

/** Timestamps of the frames that are still open. */
export function openFrames() {
  return made.filter(({ codedWidth }) => codedWidth > 0).map(({ timestamp }) => timestamp);
}

/** A picture as a camera gives it again and again, with other noise each time: `look` changes what it shows. */
export function camera(picture, width = 256, height = 256, look = () => {}) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return (seed, { negative = false } = {}) => {
    context.filter = negative ? 'invert(1)' : 'none';
    context.drawImage(picture, 0, 0, width, height);
    look(context, seed);
    const image = context.getImageData(0, 0, width, height);
    let state = seed + 1;
    for (let i = 0; i < image.data.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      if (i % 4 !== 3) image.data[i] += (state >>> 27) - 15;
    }
    context.putImageData(image, 0, 0);
    return canvas;
  };
}

export function frameOf(canvas, timestamp, duration) {
  return new VideoFrame(canvas, { timestamp, ...(duration && { duration }) });
}

/** The pixels of anything that can be drawn, on grey. */
export function pixelsOf(picture, width, height) {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.fillStyle = '#777';
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

/** The mean difference of two pictures' pixels, and the share that differs by more than 8. */
export function distance(one, other) {
  let [sum, far] = [0, 0];
  for (let i = 0; i < one.length; i++) {
    const off = Math.abs(one[i] - other[i]);
    sum += off;
    if (off > 8) far++;
  }
  return { mean: sum / one.length, far: far / one.length };
}

/** A stream's ends, to write and to read one frame at a time. */
export function ends(segmenter, options) {
  const { readable, writable } = segmenter.stream(options);
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  /** What becomes of a frame: its pixels and what is said of it. */
  const pass = async (frame) => {
    await writer.write(frame);
    const { value } = await reader.read();
    const { timestamp, duration, displayWidth: width, displayHeight: height } = value;
    const pixels = pixelsOf(value, width, height);
    value.close();
    return { timestamp, duration, width, height, pixels };
  };
  return { reader, writer, pass };
}

/** What `draw` makes of a picture that is alone. */
export async function alone(segmenter, picture, { smoothing, ...options } = {}) {
  const canvas = document.createElement('canvas');
  await segmenter.draw(picture, canvas, options);
  return pixelsOf(canvas, canvas.width, canvas.height);
}

/** A recording of some movement, as a video element that holds its start. */
export async function recording(picture) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 256, height: 192 });
  const context = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm' });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let i = 0; i < 45; i++) {
    context.drawImage(picture, i / 4, 0, 192, 192);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  recorder.stop();
  await stopped;
  const video = Object.assign(document.createElement('video'), { muted: true, loop: true, src: URL.createObjectURL(new Blob(parts)) });
  document.body.append(video);
  return video;
}
