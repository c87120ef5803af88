// SPDX-License-Identifier: Apache-2.0
/** Choose samples of a thing: files, a text, and what the robot perceives just now. */

import { modalityOf } from './ask.js';
import { el, icon } from './dom.js';
import { complain } from './notices.js';
import { NOW, kindOf } from './words.js';

/**
 * Fields of a form.
 * @param {string[]} senses whose newest sample can be taken.
 * @param {string} prefix of their ids.
 * @param {string[]} ticked those of `senses` that are chosen from the start.
 * @returns {{element: HTMLElement, chosen: function(): {samples: [string, Blob|string][], live: string[]}}}
 */
export function samplePicker(senses, prefix, ticked = []) {
  const files = [];
  const list = el('ul', { class: 'chosen', 'aria-label': 'Chosen files' });
  const input = el('input', { id: `${prefix}-files`, type: 'file', multiple: true, accept: 'image/png,image/jpeg,audio/wav,audio/x-wav,audio/flac,.wav,.flac' });
  const drop = el('label', { class: 'drop', for: `${prefix}-files` }, icon('drop'), el('span', {}, el('b', { text: 'Choose files' }), ' or drop them here'), el('span', { class: 'soft', text: 'pictures and sounds' }), input);
  const text = el('input', { id: `${prefix}-text`, maxlength: 256, autocomplete: 'off', dir: 'auto', placeholder: 'optional' });
  const boxes = senses.filter((sense) => NOW[sense]).map((sense) => el('label', { class: 'check' }, el('input', { type: 'checkbox', value: sense, checked: ticked.includes(sense) }), NOW[sense]));
  const add = (chosen) => {
    for (const file of chosen) {
      const modality = modalityOf(file);
      if (!modality) complain(new Error(`“${file.name}” is neither a PNG or JPEG picture nor a WAV or FLAC sound.`));
      else {
        files.push([modality, file]);
        list.append(el('li', { class: 'row tight' }, icon(modality), el('span', { class: 'name', dir: 'auto', text: `${file.name} (${kindOf(modality)})` })));
      }
    }
  };
  input.addEventListener('change', () => {
    add(input.files);
    input.value = '';
  });
  drop.addEventListener('dragover', (event) => event.preventDefault());
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    add(event.dataTransfer.files);
  });
  const element = el('div', { class: 'stack' }, drop, list,
    el('div', {}, el('label', { for: `${prefix}-text`, text: 'A word or sentence for it' }), text),
    boxes.length ? el('fieldset', {}, el('legend', { text: 'And from the robot, now' }), ...boxes) : null);
  const chosen = () => ({
    samples: [...files, ...(text.value.trim() ? [['text', text.value.trim()]] : [])],
    live: boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value),
  });
  return { element, chosen };
}
