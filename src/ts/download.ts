/**
 * Downloads the WebAssembly file and the model, with progress; nothing is remembered, so a failure can be retried.
 *
 * Every failure is `FETCH` with the URL, and says the status or the kind of answer where there was one.
 */

import { SegmentError, messageOf } from './error.js';
import { SIMD } from './features.js';
import type { Progress } from './types.js';

type File = 'wasm' | 'model';

export type Report = (progress: Progress) => void;

/** Compiles while it downloads, where the server names the type that this needs. */
export async function fetchModule(
  url: string,
  report: Report,
  signal: AbortSignal,
): Promise<{ module: WebAssembly.Module; bytes: number }> {
  const response = await request(url, signal);
  if (!isType(response, 'application/wasm') || !WebAssembly.compileStreaming) {
    const file = await readAll(response, 'wasm', report, signal);
    return { module: await compile(url, WebAssembly.compile(file)), bytes: file.length };
  }
  // The response itself goes to the compiler, so that the browser can cache the compiled code; its twin is counted.
  const counting = read(response.clone(), 'wasm', report, signal, () => {});
  const compiling = compile(url, WebAssembly.compileStreaming(response));
  // A broken download fails both; what the count says of it is the better message.
  compiling.catch(() => {});
  const bytes = await counting;
  return { module: await compiling, bytes };
}

/** The whole of a model file. */
export async function fetchModel(url: string, report: Report, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return readAll(await request(url, signal), 'model', report, signal);
}

async function request(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    throw failure(url, signal, cause);
  }
  if (!response.ok) throw new SegmentError('FETCH', `${url} answered with status ${response.status}, want 200`);
  // What a server that knows no such file often sends instead of an error.
  if (isType(response, 'text/html')) {
    throw new SegmentError('FETCH', `${url} answered with a page (text/html, status ${response.status}), want the file; is it deployed there?`);
  }
  return response;
}

async function readAll(response: Response, file: File, report: Report, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  const bytes = new Uint8Array(await read(response, file, report, signal, (chunk) => chunks.push(chunk)));
  let end = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, end);
    end += chunk.length;
  }
  return bytes;
}

/** Reads the body to its end and returns its length. */
async function read(
  response: Response,
  file: File,
  report: Report,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void,
): Promise<number> {
  const { url } = response;
  let totalBytes = contentLength(response);
  let loadedBytes = 0;
  try {
    const reader = response.body?.getReader();
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) break;
      take(part.value);
      loadedBytes += part.value.length;
      // More than the length: it was that of an encoding which is hidden from this origin.
      if (totalBytes !== undefined && loadedBytes > totalBytes) totalBytes = undefined;
      report({ phase: 'download', file, loadedBytes, totalBytes });
    }
  } catch (cause) {
    throw failure(url, signal, cause);
  }
  if (loadedBytes === 0) throw new SegmentError('FETCH', `${url} answered with status ${response.status} and no bytes`);
  if (totalBytes !== undefined && loadedBytes < totalBytes && response.type !== 'cors') {
    throw new SegmentError('FETCH', `${url} ended after ${loadedBytes} of ${totalBytes} bytes`);
  }
  return loadedBytes;
}

/** The body's length, where it is known to be that of the bytes that arrive. */
function contentLength(response: Response): number | undefined {
  const { headers } = response;
  const encoding = headers.get('content-encoding') ?? 'identity';
  const length = Number(headers.get('content-length') ?? NaN);
  return encoding === 'identity' && Number.isSafeInteger(length) && length > 0 ? length : undefined;
}

function isType(response: Response, type: string): boolean {
  return (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase() === type;
}

async function compile(url: string, compiling: Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await compiling;
  } catch (cause) {
    if (!(await canCompile())) {
      const message = "the page's Content-Security-Policy forbids WebAssembly, want 'wasm-unsafe-eval' in its script-src";
      throw new SegmentError('UNSUPPORTED_BROWSER', message, { cause });
    }
    throw new SegmentError('FETCH', `${url} is no WebAssembly file that this browser compiles: ${messageOf(cause)}`, { cause });
  }
}

/** Whether the page's policy lets anything be compiled: a probe that validates does compile otherwise. */
async function canCompile(): Promise<boolean> {
  return WebAssembly.compile(SIMD).then(
    () => true,
    () => false,
  );
}

function failure(url: string, signal: AbortSignal, cause: unknown): SegmentError {
  if (signal.aborted) return new SegmentError('ABORTED', 'the download was aborted', { cause });
  return new SegmentError('FETCH', `${url} could not be downloaded: ${messageOf(cause)}`, { cause });
}
