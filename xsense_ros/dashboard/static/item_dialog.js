// SPDX-License-Identifier: Apache-2.0
/** One remembered thing: its views to see and hear; another name, more views, or forgotten. */

import { enrol, forget, rename, thumbnailUrl, viewUrl } from './api.js';
import { samplePicker } from './sample_picker.js';
import { byId, el, icon, iconButton } from './dom.js';
import { complain, notice } from './notices.js';
import { takeBack } from './things.js';
import { kindOf } from './words.js';

const PICTURES = ['image', 'sketch', 'touch'];

/** The dialog of one item. */
export class ItemDialog {
  #dialog = byId('item-dialog');
  #live = () => [];

  /** @param {function(): string[]} live the senses whose newest sample can be remembered. */
  constructor(live) {
    this.#live = live;
  }

  /** Show an item as the server lists it. */
  open(item) {
    const name = el('input', { id: 'item-name', value: item.label, maxlength: 256, required: true, autocomplete: 'off', dir: 'auto' });
    const renaming = el('form', { class: 'row' }, el('label', { for: 'item-name', text: 'Name' }), name, el('button', { type: 'submit', class: 'quiet', text: 'Rename' }));
    const picker = samplePicker(this.#live(), 'item');
    const more = el('form', { class: 'stack' }, el('h3', { text: 'More views' }), picker.element, el('div', { class: 'row' }, el('span', { class: 'spring' }), el('button', { type: 'submit', class: 'quiet', text: 'Add views' })));
    const gone = el('button', { type: 'button', class: 'danger', text: 'Forget this thing' });
    this.#dialog.replaceChildren(
      el('header', { class: 'row' }, el('h2', { id: 'item-title', dir: 'auto', text: item.label }), el('span', { class: 'spring' }), iconButton('close', 'Close', () => this.#dialog.close())),
      this.#views(item),
      renaming,
      more,
      el('footer', { class: 'row' }, el('span', { class: 'soft small grow', text: `Known as ${item.item_id}` }), gone),
    );
    renaming.addEventListener('submit', (event) => {
      event.preventDefault();
      const label = name.value.trim();
      this.#change(() => rename(item.item_id, label), `“${item.label}” is now called “${label}”`);
    });
    more.addEventListener('submit', (event) => {
      event.preventDefault();
      const { samples, live } = picker.chosen();
      if (!samples.length && !live.length) return complain(new Error('Choose a file, write a text or tick a sense first.'));
      return this.#change(() => enrol({ itemId: item.item_id, label: item.label, samples, live }), `“${item.label}” is known better now`);
    });
    gone.addEventListener('click', () => this.#change(() => forget(item.item_id), `“${item.label}” is forgotten`));
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  async #change(act, done) {
    try {
      const { version } = await act();
      this.#dialog.close();
      notice(done, { label: 'Undo', act: () => takeBack(version) });
    } catch (error) {
      complain(error);
    }
  }

  #views(item) {
    const list = item.modalities.map((modality, number) => {
      const url = viewUrl(item.item_id, number, item.version);
      const label = `${kindOf(modality)} ${number + 1} of ${item.label}`;
      return el('li', {}, show(modality, url, label, thumbnailUrl(item.item_id, item.version)), el('span', { class: 'row tight soft small' }, icon(modality), el('span', { text: kindOf(modality) })));
    });
    return el('ul', { class: 'item-views', 'aria-label': 'Views' }, ...list);
  }
}

function show(modality, url, label, small) {
  const missing = () => el('p', { class: 'soft small', text: 'The sample was not kept.' });
  if (PICTURES.includes(modality)) {
    const picture = el('img', { src: url, alt: label });
    const shrunk = () => {
      picture.addEventListener('error', () => picture.replaceWith(missing()), { once: true });
      picture.src = small;
      picture.alt = `${label}, of which only a small picture was kept`;
    };
    picture.addEventListener('error', shrunk, { once: true });
    return picture;
  }
  if (modality === 'text') {
    const quote = el('q', { dir: 'auto' });
    fetch(url).then(async (response) => (response.ok ? (quote.textContent = await response.text()) : quote.replaceWith(missing()))).catch(() => quote.replaceWith(missing()));
    return quote;
  }
  const sound = el('audio', { src: url, controls: true, preload: 'none', 'aria-label': label });
  sound.addEventListener('error', () => sound.replaceWith(missing()));
  return sound;
}
