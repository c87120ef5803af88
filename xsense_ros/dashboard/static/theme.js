// SPDX-License-Identifier: Apache-2.0
/** Dark or light: as the system says, until the reader chooses. */

const KEY = 'xsense.theme';

/** Make `button` change between dark and light, and remember the choice. */
export function startTheme(button) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const show = () => {
    const chosen = remembered();
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    button.setAttribute('aria-pressed', (chosen ?? (system.matches ? 'dark' : 'light')) === 'dark');
    dispatchEvent(new Event('theme'));
  };
  button.addEventListener('click', () => {
    const next = button.getAttribute('aria-pressed') === 'true' ? 'light' : 'dark';
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Where nothing may be kept, the choice holds for this page only.
      root.dataset.kept = next;
    }
    show();
  });
  system.addEventListener('change', show);
  show();
}

function remembered() {
  try {
    return localStorage.getItem(KEY) ?? document.documentElement.dataset.kept ?? null;
  } catch {
    return document.documentElement.dataset.kept ?? null;
  }
}
