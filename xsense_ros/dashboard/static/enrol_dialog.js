// SPDX-License-Identifier: Apache-2.0
/** Remember a new thing. */

import { enrol } from './api.js';
import { byId, el, icon, iconButton } from './dom.js';
import { complain, notice } from './notices.js';
import { samplePicker } from './sample_picker.js';
import { takeBack } from './things.js';
import { kindOf } from './words.js';

/** The dialog for a new item. */
export class EnrolDialog {
  #dialog = byId('enrol-dialog');
  #live;

  /** @param {function(): string[]} live the senses whose newest sample can be remembered. */
  constructor(live) {
    this.#live = live;
  }

  /**
   * Ask for its name and views.
   * @param {{live?: string[], samples?: [string, Blob|string][]}} given senses that are ticked, and
   *   samples that are there already.
   */
  open({ live = [], samples = [] } = {}) {
    const name = el('input', { id: 'enrol-name', maxlength: 256, required: true, autocomplete: 'off', dir: 'auto' });
    const picker = samplePicker(this.#live(), 'enrol', live);
    const had = samples.map(([modality]) => el('p', { class: 'row tight' }, icon(modality), el('span', { text: `with the ${kindOf(modality)} that you asked` })));
    const form = el('form', { class: 'stack' },
      el('div', {}, el('label', { for: 'enrol-name', text: 'Name' }), name), ...had, picker.element,
      el('footer', { class: 'row' }, el('span', { class: 'spring' }), el('button', { type: 'button', class: 'quiet', text: 'Cancel', on: { click: () => this.#dialog.close() } }), el('button', { type: 'submit', class: 'primary', text: 'Remember' })));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const chosen = picker.chosen();
      this.#send(name.value.trim(), [...samples, ...chosen.samples], chosen.live, form);
    });
    this.#dialog.replaceChildren(
      el('header', { class: 'row' }, el('h2', { id: 'enrol-title', text: 'A new thing' }), el('span', { class: 'spring' }), iconButton('close', 'Close', () => this.#dialog.close())), form);
    this.#dialog.showModal();
    name.focus();
  }

  async #send(label, samples, live, form) {
    if (!samples.length && !live.length) return complain(new Error('Choose a file, write a text or tick a sense, so that it can be known again.'));
    form.setAttribute('aria-busy', 'true');
    try {
      const { version } = await enrol({ label, samples, live });
      this.#dialog.close();
      notice(`“${label}” is remembered`, { label: 'Undo', act: () => takeBack(version) });
    } catch (error) {
      complain(error);
    } finally {
      form.removeAttribute('aria-busy');
    }
  }
}
