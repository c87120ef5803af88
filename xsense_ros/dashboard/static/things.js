// SPDX-License-Identifier: Apache-2.0
/** What the robot remembers: found by name, opened, and one change taken back after the other. */

import { listItems, thumbnailUrl, undo } from './api.js';
import { pictured, thumbnail } from './answer_card.js';
import { byId, el, icon, setText } from './dom.js';
import { complain, notice } from './notices.js';
import { kindOf } from './words.js';

const PAGE = 60;

/** Take back the change that led to a version, and say so. */
export async function takeBack(version) {
  try {
    const { undone } = await undo(version);
    notice(`Taken back: ${undone}`);
  } catch (error) {
    complain(error);
  }
}

/** The list of items. Event 'shown' after it was loaded (detail: version). */
export class Things extends EventTarget {
  #open;
  #shown = 0;
  #total = 0;
  #version = -1;
  #request = 0;
  #visible = false;

  /**
   * @param {Connection} connection says when the gallery has changed.
   * @param {function(Object)} open called with the item that was chosen.
   * @param {function()} create called for a new one.
   */
  constructor(connection, open, create) {
    super();
    this.#open = open;
    connection.addEventListener('gallery', ({ detail }) => this.#changed(detail));
    // While the node is not there its state tells no version: a request that waits for it goes on.
    connection.addEventListener('state', ({ detail }) => detail.gallery?.version !== undefined && this.#changed(detail.gallery));
    byId('enrol').addEventListener('click', () => create());
    byId('undo').addEventListener('click', () => takeBack(0));
    byId('more').addEventListener('click', () => this.#load(this.#shown));
    let timer = 0;
    byId('find').addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#load(0), 200);
    });
  }

  /** Whether it is looked at; what is not looked at is not loaded. */
  set visible(visible) {
    this.#visible = visible;
    if (visible && this.#version < 0) this.reload();
  }

  /** Load again what is shown. */
  reload() {
    if (this.#visible) this.#load(0, Math.max(PAGE, this.#shown));
    else this.#version = -1;
  }

  #changed({ version, items }) {
    if (items !== undefined) setText(byId('count'), items ? String(items) : '');
    if (version === this.#version) return;
    this.reload();
  }

  async #load(offset, limit = PAGE) {
    const number = (this.#request += 1);
    try {
      const found = await listItems({ offset, limit: Math.min(200, limit), contains: byId('find').value.trim() });
      if (number === this.#request) this.#show(found, offset);
    } catch (error) {
      if (number !== this.#request) return;
      this.#version = -1;
      this.#say(error.message);
    }
  }

  #show({ items, total, version }, offset) {
    const list = byId('items');
    const focused = offset ? null : document.activeElement?.closest?.('#items > li')?.dataset.item;
    const cards = items.map((item) => this.#card(item, version));
    if (offset) list.append(...cards);
    else list.replaceChildren(...cards);
    this.#shown = offset + items.length;
    this.#total = total;
    this.#version = version;
    byId('more').hidden = this.#shown >= total;
    const looked = byId('find').value.trim();
    if (!looked) setText(byId('count'), total ? String(total) : '');
    this.#say(total ? '' : looked ? `Nothing is called “${looked}”.` : 'It remembers nothing yet. Show it something with “New thing”.');
    if (focused) [...list.children].find((card) => card.dataset.item === focused)?.firstChild.focus();
    this.dispatchEvent(new CustomEvent('shown', { detail: version }));
  }

  #card(item, version) {
    const senses = [...new Set(item.modalities)];
    const views = `${item.modalities.length} ${item.modalities.length === 1 ? 'view' : 'views'}`;
    const button = el('button', { type: 'button', class: 'thing', on: { click: () => this.#open({ ...item, version }) } },
      el('span', { class: 'thing-picture' }, item.thumbnail === false || !pictured(senses) ? icon(senses[0] ?? 'question') : thumbnail(thumbnailUrl(item.item_id, version), senses[0])),
      el('span', { class: 'name', dir: 'auto', text: item.label }),
      el('span', { class: 'row tight soft small' }, ...senses.map((sense) => icon(sense)),
        el('span', { class: 'unseen', text: senses.map(kindOf).join(', ') }), el('span', { text: views })));
    return el('li', { 'data-item': item.item_id }, button);
  }

  #say(text) {
    setText(byId('items-empty'), text);
    byId('items-empty').hidden = !text;
  }
}
