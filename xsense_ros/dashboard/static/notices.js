// SPDX-License-Identifier: Apache-2.0
/** Short notices at the edge of the page, with a way back, and words for screen readers. */

import { byId, el, iconButton } from './dom.js';

const SECONDS = 9;
const ACT_SECONDS = 20; // where there is something to do

/**
 * Tell something that was done.
 * @param {string} text
 * @param {{label: string, act: function()}} [action] a button, such as one that takes it back.
 */
export function notice(text, action) {
  show('status', 'notice', [el('span', { text })], action);
}

/** Tell why something was not done: `error` is a Refusal, or anything thrown. */
export function complain(error) {
  const parts = [el('span', { text: error.message })];
  if (error.cure && !error.message.includes(error.cure)) parts.push(el('span', { class: 'soft', text: error.cure }));
  show('alert', 'notice bad', parts);
}

/** Say something to screen readers only. */
export function announce(text) {
  byId('announcer').textContent = text;
}

function show(role, style, parts, action) {
  // The same once more takes the place of the one before.
  for (const old of byId('notices').children) if (old.firstChild.textContent === parts.map((part) => part.textContent).join('')) old.remove();
  const box = el('div', { role, class: style }, el('div', { class: 'notice-text' }, ...parts));
  let left;
  const close = () => box.remove();
  const start = () => (left = setTimeout(close, (action ? ACT_SECONDS : SECONDS) * 1000));
  const hold = () => clearTimeout(left);
  if (action) {
    const act = () => {
      close();
      action.act();
    };
    box.append(el('button', { type: 'button', class: 'quiet', text: action.label, on: { click: act } }));
  }
  box.append(iconButton('close', 'Close', close));
  // Who reads it or moves to its button has all the time in the world.
  for (const [begin, end] of [['pointerenter', 'pointerleave'], ['focusin', 'focusout']]) {
    box.addEventListener(begin, hold);
    box.addEventListener(end, start);
  }
  byId('notices').append(box);
  // An open dialog lies above the page: its notices have to lie above it too.
  const dialogs = document.querySelectorAll('dialog[open]');
  if (dialogs.length) dialogs[dialogs.length - 1].append(byId('notices'));
  else document.body.append(byId('notices'));
  start();
}
