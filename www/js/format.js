/** Numbers in words: one place, so that the page writes every unit the same way. */

/** @param {number} ms */
export function time(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** @param {number} count */
export function bytes(count) {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} MB`;
  return `${Math.round(count / 1e3)} kB`;
}

/** @param {number} width @param {number} height */
export function size(width, height) {
  return `${width} × ${height}`;
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** @param {number} count */
export function pixels(count) {
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} px`;
}

/** The feather's radius that an intensity stands for. @param {number} intensity */
export function feather(intensity) {
  return `${(3 + 4 * intensity).toFixed(1)} px`;
}
