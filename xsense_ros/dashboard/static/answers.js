// SPDX-License-Identifier: Apache-2.0
/** What the robot's own senses asked and were answered: the newest of each sense, and a history. */

import { AnswerCard } from './answer_card.js';
import { byId, el, icon, iconButton } from './dom.js';
import { announce } from './notices.js';
import { SENSES, asks, leading, percent } from './words.js';

const SHOWN_EVERY = 250; // milliseconds; faster than this no one reads
const SPOKEN_EVERY = 5000;
const KEPT = 40;

/** The live answers. */
export class Answers {
  #cards = new Map();
  #waiting = new Map();
  #last = new Map();
  #spokenAt = 0;
  #tiles;
  #remember;

  /**
   * @param {Connection} connection gives the answers.
   * @param {Tiles} tiles give pictures of what was asked.
   * @param {function(string)} remember called with a modality: what is perceived now shall be remembered.
   */
  constructor(connection, tiles, remember) {
    this.#tiles = tiles;
    this.#remember = remember;
    connection.addEventListener('answer', ({ detail }) => this.#take(detail));
    setInterval(() => this.#cards.forEach(({ card }) => card.look()), 1000);
  }

  #take(answer) {
    const modality = answer.query_modality;
    const card = this.#cards.get(modality);
    this.#note(answer);
    if (!card || performance.now() - card.shownAt >= SHOWN_EVERY) return this.#show(answer);
    // The newest is shown when its turn comes; those between are skipped.
    if (!this.#waiting.has(modality)) {
      setTimeout(() => {
        const newest = this.#waiting.get(modality);
        this.#waiting.delete(modality);
        this.#show(newest);
      }, SHOWN_EVERY);
    }
    this.#waiting.set(modality, answer);
  }

  #show(answer) {
    const modality = answer.query_modality;
    let kept = this.#cards.get(modality);
    if (!kept) {
      kept = { card: this.#newCard(modality) };
      this.#cards.set(modality, kept);
      this.#place(kept.card, modality);
    }
    kept.shownAt = performance.now();
    kept.card.show(answer, this.#tiles.snapshot(leading(modality), answer.stamp));
  }

  #newCard(modality) {
    if (modality.includes('+') || modality === 'text') return new AnswerCard();
    const remember = iconButton('plus', `Remember what it ${asks(modality).toLowerCase()} now`, () => this.#remember(modality));
    return new AnswerCard({ actions: [remember] });
  }

  #place(card, modality) {
    const list = byId('answers');
    list.querySelector('.empty')?.remove();
    const rank = (one) => (SENSES.indexOf(leading(one)) + 1 || SENSES.length + 1) + (one.includes('+') ? 0.5 : 0);
    card.element.dataset.rank = rank(modality);
    const after = [...list.children].find((other) => Number(other.dataset.rank) > rank(modality));
    list.insertBefore(card.element, after ?? null);
  }

  /** Keep in the history what is new: another thing, or recognised where it was not. */
  #note(answer) {
    const best = answer.matches[0];
    const found = answer.accepted && best ? best.label : '';
    if (this.#last.get(answer.query_modality) === found) return;
    this.#last.set(answer.query_modality, found);
    if (!found) return;
    const told = `${asks(answer.query_modality)}: ${found}, ${percent(best.probability)}`;
    const line = el('li', {}, el('time', { class: 'soft', text: new Date().toLocaleTimeString() }), icon(leading(answer.query_modality)),
      el('span', { class: 'name', dir: 'auto', text: found }), el('span', { class: 'share', text: percent(best.probability) }));
    const history = byId('history');
    history.prepend(line);
    while (history.children.length > KEPT) history.lastElementChild.remove();
    byId('earlier').hidden = false;
    if (performance.now() - this.#spokenAt > SPOKEN_EVERY) {
      this.#spokenAt = performance.now();
      announce(told);
    }
  }
}
