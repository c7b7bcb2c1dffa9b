/** Two small comforts: light or dark by hand, and copying the code example. */

import { part } from './page.js';

part('theme').addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});

part('copy').addEventListener('click', async () => {
  const label = part('copy').querySelector('span');
  const code = document.querySelector('.code code');
  if (!label || !code) return;
  // The prompt sign is there to be read, not pasted.
  const text = (code.textContent ?? '').replace('$ ', '');
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = 'Copied';
  } catch {
    label.textContent = 'Select it to copy';
  }
  setTimeout(() => (label.textContent = 'Copy'), 2000);
});
