// SPDX-License-Identifier: Apache-2.0
/** Ask for the token of a dashboard that wants one. */

import { byId, el } from './dom.js';

/** The address with the token sets a cookie that no script can read, and leads back here. */
export function askForToken() {
  const dialog = byId('token-dialog');
  if (dialog.open) return;
  const token = el('input', { id: 'token', type: 'password', required: true, autocomplete: 'current-password' });
  const form = el('form', { class: 'stack' },
    el('h2', { id: 'token-title', text: 'This dashboard wants its token' }),
    el('div', {}, el('label', { for: 'token', text: 'Token, as it was given to the dashboard' }), token),
    el('footer', { class: 'row' }, el('span', { class: 'spring' }), el('button', { type: 'submit', class: 'primary', text: 'Open' })));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    location.assign(`./?${new URLSearchParams({ token: token.value })}`);
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}
