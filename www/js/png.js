/**
 * Writes a matte as an 8-bit grey PNG. A canvas could only write colour,
 * at four times the memory; the browser's own deflate makes this short.
 */

const SIGNATURE = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
const GREY = 0;
const ROWS_AT_ONCE = 256;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/**
 * @param {{ width: number, height: number, alpha: Uint8ClampedArray }} matte
 * @returns {Promise<Blob>}
 */
export async function greyPng({ width, height, alpha }) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, GREY, 0, 0, 0], 8);
  const pixels = await deflate(width, height, alpha);
  const parts = [SIGNATURE, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', new Uint8Array(0))];
  return new Blob(parts, { type: 'image/png' });
}

/** Each row is led by its filter, 0: none. */
async function deflate(
  /** @type {number} */ width,
  /** @type {number} */ height,
  /** @type {Uint8ClampedArray} */ alpha,
) {
  const stream = new CompressionStream('deflate');
  const packed = new Response(stream.readable).arrayBuffer();
  const writer = stream.writable.getWriter();
  for (let top = 0; top < height; top += ROWS_AT_ONCE) {
    const rows = Math.min(ROWS_AT_ONCE, height - top);
    const raw = new Uint8Array(rows * (width + 1));
    for (let y = 0; y < rows; y++) {
      const start = (top + y) * width;
      raw.set(alpha.subarray(start, start + width), y * (width + 1) + 1);
    }
    await writer.write(raw);
  }
  await writer.close();
  return new Uint8Array(await packed);
}

/** @param {string} type @param {Uint8Array} data */
function chunk(type, data) {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc(bytes.subarray(4, data.length + 8)));
  return bytes;
}

/** @param {Uint8Array} bytes */
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
