/** A signal that is aborted by itself. As `AbortSignal.timeout`, which browsers have had for a shorter time than all else here. */
export function after(ms: number): { signal: AbortSignal; clear(): void } {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new DOMException(`no answer within ${ms / 1000} s`, 'TimeoutError')), ms);
  return { signal: abort.signal, clear: () => clearTimeout(timer) };
}
