/** Picture files that the fixtures do not hold, made at test time. */

import { crc32 } from 'node:zlib';

/** The bytes of a JPEG with an EXIF orientation put right after its start. */
export function withOrientation(jpeg, orientation) {
  const tiff = Buffer.alloc(26);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  // One entry: tag 0x0112 (orientation), of type 3 (short), one value.
  tiff.writeUInt16LE(0x0112, 10);
  tiff.writeUInt16LE(3, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt16LE(orientation, 18);
  const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const marker = Buffer.from([0xff, 0xe1, 0, 0]);
  marker.writeUInt16BE(exif.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), marker, exif, jpeg.subarray(2)]);
}

/** The first bytes of a PNG of this size; there are no pixels behind them. */
export function pngHeader(width, height) {
  const head = Buffer.alloc(17);
  head.write('IHDR', 'latin1');
  head.writeUInt32BE(width, 4);
  head.writeUInt32BE(height, 8);
  head.set([8, 2, 0, 0, 0], 12);
  const chunk = Buffer.alloc(25);
  chunk.writeUInt32BE(13);
  head.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(head), 21);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk]);
}
