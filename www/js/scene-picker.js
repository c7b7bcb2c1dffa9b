/** The row of scenes; the last of them is chosen from the device, or dropped here. */

import { part } from './page.js';
import { NAMES, paintedScene } from './scenes.js';

/** @typedef {import('./scenes.js').Scene} Scene */

/** Twice what they take on the page. */
const THUMB = { width: 192, height: 120 };

/**
 * @param {(scene: Scene) => void} onScene
 * @returns {{ scene(): Scene, show(): void, add(scene: Scene): void }} `show` paints what is offered, when it is first
 * looked at; `add` offers the visitor's own, and takes it.
 */
export function makeScenePicker(onScene) {
  const row = part('scenes');
  const chooser = part('scene-chooser');
  /** @type {Scene | undefined} */
  let chosen;
  /** @type {HTMLElement | undefined} */
  let own;

  /** @param {Scene} scene */
  function offer(scene) {
    const label = document.createElement('label');
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = 'scene';
    input.dataset.testid = `scene-${scene.name}`;
    input.setAttribute('aria-label', scene.name);
    label.title = scene.name;
    label.append(input, thumb(scene.small));
    input.addEventListener('change', () => {
      chosen = scene;
      onScene(scene);
    });
    row.insertBefore(label, chooser);
    return { label, input };
  }

  return {
    scene: () => (chosen ??= paintedScene(NAMES[0])),
    show() {
      if (row.childElementCount > 1) return;
      for (const name of NAMES) {
        const { input } = offer(paintedScene(name));
        input.checked = name === NAMES[0] && !chosen;
      }
    },
    add(scene) {
      this.show();
      own?.remove();
      const { label, input } = offer(scene);
      own = label;
      input.checked = true;
      chosen = scene;
      onScene(scene);
    },
  };
}

/** @param {ImageBitmap} image */
function thumb(image) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, THUMB);
  const scale = Math.max(THUMB.width / image.width, THUMB.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, (THUMB.width - width) / 2, (THUMB.height - height) / 2, width, height);
  return canvas;
}
