/**
 * The before/after divider: left of it the original, right of it the result.
 * It only moves one CSS value, so it stays smooth whatever the picture's size.
 */

const STEP = 2;
const LEAP = 10;
const GLIDE_MS = 900;
/** Left of the middle: the result is the news, the original the reminder. */
const REST = 42;

/** @param {HTMLElement} frame @param {HTMLElement} handle */
export function makeCompare(frame, handle) {
  let value = REST;
  let gliding = 0;
  const on = () => 'compare' in frame.dataset && 'result' in frame.dataset;

  /** @param {number} next Percent of the width that shows the original. */
  function set(next) {
    value = Math.min(100, Math.max(0, next));
    frame.style.setProperty('--split', `${value}%`);
    frame.dataset.edge = value < 22 ? 'left' : value > 78 ? 'right' : '';
    handle.setAttribute('aria-valuenow', String(Math.round(value)));
    handle.setAttribute('aria-valuetext', `${Math.round(value)} % original`);
  }

  /** @param {number} next */
  function move(next) {
    cancelAnimationFrame(gliding);
    set(next);
  }

  /** Draws the result in from the right: shows at a glance what was done. */
  function reveal() {
    cancelAnimationFrame(gliding);
    if (!on() || matchMedia('(prefers-reduced-motion: reduce)').matches) return set(REST);
    const start = performance.now();
    const tick = (/** @type {number} */ now) => {
      const part = Math.min(1, (now - start) / GLIDE_MS);
      set(100 - (100 - REST) * (1 - (1 - part) ** 4));
      if (part < 1) gliding = requestAnimationFrame(tick);
    };
    set(100);
    gliding = requestAnimationFrame(tick);
  }

  const follow = (/** @type {PointerEvent} */ event) => {
    const box = frame.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * 100);
  };

  frame.addEventListener('pointerdown', (event) => {
    if (!on() || event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    frame.classList.add('dragging');
    follow(event);
  });
  frame.addEventListener('pointermove', (event) => {
    if (frame.classList.contains('dragging')) follow(event);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    frame.addEventListener(end, () => frame.classList.remove('dragging'));
  }

  handle.addEventListener('keydown', (event) => {
    /** @type {Record<string, number>} */
    const goals = {
      ArrowLeft: value - STEP,
      ArrowDown: value - STEP,
      ArrowRight: value + STEP,
      ArrowUp: value + STEP,
      PageDown: value - LEAP,
      PageUp: value + LEAP,
      Home: 0,
      End: 100,
    };
    if (!(event.key in goals)) return;
    event.preventDefault();
    move(goals[event.key]);
  });

  set(REST);
  return { reveal };
}
