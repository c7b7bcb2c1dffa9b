/** The one error that this package throws: a stable code to branch on, a message to show. */

import type { ErrorCode } from './types.js';

export class SegmentError extends Error {
  /** What a caller can do about it. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SegmentError';
    this.code = code;
  }
}

/** A video shows no frame now, as while it loads, seeks or starts over; soon it may. */
export class NoFrameError extends SegmentError {
  constructor(why: string, options?: { cause?: unknown }) {
    super('INVALID_INPUT', `video has no frame yet (${why}), want one that shows`, options);
  }
}

/** Whether `error` carries one of our codes, also where the WebAssembly side made it. */
export function hasCode(error: unknown): error is Error & { code: ErrorCode } {
  return error instanceof Error && error.name === 'SegmentError' && 'code' in error;
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}

/** The error of a call whose `signal` was aborted. */
export function abortedBy(signal: AbortSignal): SegmentError {
  return new SegmentError('ABORTED', 'the call was aborted by its signal', { cause: signal.reason });
}

/** The error of a picture whose pixels the browser does not let this page read. */
export function foreignPicture(cause: unknown): SegmentError {
  const message = 'picture comes from another origin, want one loaded with CORS (crossorigin="anonymous")';
  return new SegmentError('INVALID_INPUT', message, { cause });
}
