// SPDX-License-Identifier: Apache-2.0
/** A question of several senses: its parts as chips, each of which can be left out again. */

import { byId, el, icon, iconButton, setText } from './dom.js';
import { announce } from './notices.js';
import { NOW, kindOf } from './words.js';

/**
 * A part of a question.
 * @typedef {Object} Part
 * @property {string} modality
 * @property {Blob|string|null} sample null: the newest that the robot has sensed when it is asked.
 * @property {Node|null} shown a small picture of it.
 * @property {string} name of a file, or the text itself.
 */

/** How a part is called: “what it sees”, “the blue ball”, tone.wav (sound), drawing. */
export function partName({ modality, sample, name }) {
  if (sample === null) return NOW[modality];
  if (modality === 'text') return `“${name}”`;
  return name ? `${name} (${kindOf(modality)})` : kindOf(modality);
}

/** All parts as one small picture of the question. */
export function partsPicture(parts) {
  const cells = parts.map((part) => {
    if (part.modality === 'text') return el('q', { dir: 'auto', text: part.name });
    if (part.shown) return part.shown;
    return el('span', { role: 'img', 'aria-label': partName(part), title: partName(part) }, icon(part.modality));
  });
  return el('div', { class: 'asked' }, ...cells);
}

/** The parts and the buttons beneath them. Event 'ask' (detail: the parts). */
export class Question extends EventTarget {
  #parts = new Map();
  #box = byId('together');

  constructor() {
    super();
    this.#box.addEventListener('change', () => this.#show());
    byId('parts-clear').addEventListener('click', () => {
      this.#parts.clear();
      this.#show();
      this.#box.focus();
    });
    byId('parts-ask').addEventListener('click', () => this.ask());
    this.#show();
  }

  /** Whether several senses are to be asked at once. */
  get open() {
    return this.#box.checked;
  }

  set open(open) {
    if (this.#box.checked === open) return;
    this.#box.checked = open;
    this.#box.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** Whether it has no parts. */
  get empty() {
    return !this.#parts.size;
  }

  /** Add a part; another one of the same sense makes room for it. */
  add(part) {
    const replaced = this.#parts.has(part.modality);
    this.#parts.set(part.modality, part);
    this.#show();
    announce(`${replaced ? 'Changed' : 'Added'}: ${partName(part)}. ${this.#count()}`);
  }

  /** Leave a part out. */
  remove(modality) {
    const part = this.#parts.get(modality);
    if (!part) return;
    this.#parts.delete(modality);
    this.#show();
    announce(`Left out: ${partName(part)}. ${this.#count()}`);
  }

  /** Ask with what there is. */
  ask() {
    if (this.empty) return;
    this.complain(null);
    this.dispatchEvent(new CustomEvent('ask', { detail: [...this.#parts.values()] }));
  }

  /** Say beside the parts why they were not answered; null takes it back. */
  complain(error) {
    const cure = error?.cure && !error.message.includes(error.cure) ? ` ${error.cure}` : '';
    setText(byId('parts-problem'), error ? `${error.message}${cure}` : '');
  }

  #count() {
    const count = this.#parts.size;
    return count ? `The question has ${count} ${count === 1 ? 'part' : 'parts'}.` : 'The question is empty.';
  }

  #show() {
    byId('question').hidden = !this.open;
    byId('parts').replaceChildren(...[...this.#parts.values()].map((part) => this.#chip(part)));
    byId('parts-empty').hidden = !this.empty;
    byId('parts-clear').disabled = byId('parts-ask').disabled = this.empty;
    setText(byId('parts-ask'), this.#parts.size > 1 ? 'Ask together' : 'Ask');
    this.complain(null);
  }

  #chip(part) {
    const leave = iconButton('close', `Leave out: ${partName(part)}`, () => {
      const place = [...byId('parts').children].indexOf(chip);
      this.remove(part.modality);
      // Who works with the keyboard stays where they are.
      const left = byId('parts').children;
      (left[Math.min(place, left.length - 1)]?.querySelector('button') ?? this.#box).focus();
    });
    const chip = el('li', { class: 'chip', 'data-sense': part.modality }, icon(part.modality), el('span', { class: 'name', dir: 'auto', text: partName(part), title: partName(part) }), leave);
    return chip;
  }
}
