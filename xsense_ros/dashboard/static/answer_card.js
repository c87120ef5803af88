// SPDX-License-Identifier: Apache-2.0
/** One answer: what was asked, the best match, the others, and what it cost. */

import { thumbnailUrl, viewUrl } from './api.js';
import { el, icon, setAttribute, setText } from './dom.js';
import { playButton } from './sound.js';
import { ago, asks, kindsOf, leading, milliseconds, percent } from './words.js';

const STAGES = ['wait', 'decode', 'preprocess', 'encode', 'search'];

/** A card that shows one answer after the other without being built anew. */
export class AnswerCard {
  #rows = [];
  #at = 0;
  #playsFor = '';

  /**
   * @param {{rows: number, title: string, actions: (Node)[]}} options how many matches it shows,
   *   its title where it is not told by the sense, and its buttons.
   */
  constructor({ rows = 3, title = '', actions = [] } = {}) {
    this.answer = null;
    this.#title = title;
    this.heading = el('h3');
    this.when = el('time', { class: 'soft' });
    this.question = el('div', { class: 'question' });
    this.picture = el('div', { class: 'answer-picture' });
    this.label = el('p', { class: 'answer-label', dir: 'auto' });
    this.bar = meter();
    this.share = el('span', { class: 'share' });
    this.verdict = el('span', { class: 'verdict' });
    this.where = el('span', { class: 'soft small' });
    this.player = el('span');
    this.hint = el('p', { class: 'soft small hint', hidden: true });
    this.list = el('ol', { class: 'others', start: 2 });
    this.stages = el('span', { class: 'stages', role: 'img' }, ...STAGES.map((stage) => el('i', { 'data-stage': stage })));
    this.cost = el('span', { class: 'soft small' });
    this.#count = rows;
    this.element = el(
      'article',
      { class: 'card answer' },
      el('header', {}, (this.mark = el('span', { class: 'mark' })), this.heading, this.when, el('span', { class: 'spring' }), this.stages, this.cost, ...actions),
      el('div', { class: 'answer-body' }, this.question, icon('arrow'), this.picture,
        el('div', { class: 'answer-words' }, el('div', { class: 'row tight' }, this.label, this.player), el('div', { class: 'row' }, this.bar, this.share),
          el('div', { class: 'row tight' }, this.verdict, this.where))),
      this.hint,
      this.list,
    );
  }

  #title;
  #count;

  /**
   * Show an answer.
   * @param {Object} answer as the server tells it.
   * @param {Node|null} question picture of what was asked; null keeps the last one.
   */
  show(answer, question) {
    const sense = leading(answer.query_modality);
    const [best, ...others] = answer.matches;
    if (this.answer?.query_modality !== answer.query_modality) this.mark.replaceChildren(icon(sense));
    this.answer = answer;
    this.#at = performance.now();
    setAttribute(this.element, 'data-sense', sense);
    setAttribute(this.element, 'data-accepted', answer.accepted);
    setText(this.heading, this.#title || asks(answer.query_modality));
    this.#ask(answer, question, sense);
    this.#best(best, answer);
    this.#others(others.slice(0, this.#count - 1), answer.gallery_version);
    this.#costs(answer.ms ?? {});
    this.look();
  }

  /** Tell anew how long ago it was. */
  look() {
    if (this.answer) setText(this.when, ago((performance.now() - this.#at) / 1000));
  }

  /** One line for screen readers and lists. */
  summary() {
    const best = this.answer.matches[0];
    if (!best) return 'nothing to compare with';
    return this.answer.accepted ? `${best.label}, ${percent(best.probability)}` : `unknown; closest is ${best.label}, ${percent(best.probability)}`;
  }

  #ask(answer, question, sense) {
    const whole = question?.classList.contains('asked'); // shows the words, too
    if (answer.query_text && !whole) {
      if (this.question.textContent !== answer.query_text) this.question.replaceChildren(el('q', { dir: 'auto', text: answer.query_text }));
    } else if (question) this.question.replaceChildren(question);
    else if (!this.question.firstChild) this.question.replaceChildren(icon(sense));
  }

  #best(best, answer) {
    this.bar.hidden = this.share.hidden = this.verdict.hidden = !best;
    this.picture.replaceChildren(...(best ? [keep(this.picture, best, answer.gallery_version)] : [icon('question')]));
    setText(this.label, best ? best.label : 'Nothing to compare with');
    const joint = answer.query_modality.includes('+');
    setText(this.where, best ? `${best.space}` : 'Remember something first.');
    this.hint.hidden = !(this.#title && best && joint);
    setText(this.hint, joint ? told(answer, best) : '');
    if (!best) return;
    fillMeter(this.bar, best.probability, `probability of ${best.label}`);
    setText(this.share, percent(best.probability));
    setText(this.verdict, answer.accepted ? 'recognised' : 'unknown');
    this.where.title = `cosine ${best.score.toFixed(3)}, lead ${best.margin.toFixed(2)}`;
    const number = (best.views ?? []).indexOf('sound');
    const plays = number < 0 ? '' : viewUrl(best.item_id, number, answer.gallery_version);
    if (plays !== this.#playsFor) this.player.replaceChildren(...(plays ? [playButton(plays, `the sound of ${best.label}`)] : []));
    this.#playsFor = plays;
  }

  #others(others, version) {
    while (this.#rows.length < others.length) {
      const row = { picture: el('span', { class: 'tiny' }), label: el('span', { class: 'name', dir: 'auto' }), bar: meter(), share: el('span', { class: 'share' }) };
      row.element = el('li', {}, row.picture, row.label, row.bar, row.share);
      this.#rows.push(row);
      this.list.append(row.element);
    }
    this.#rows.forEach((row, index) => {
      const match = others[index];
      row.element.hidden = !match;
      if (!match) return;
      row.picture.replaceChildren(keep(row.picture, match, version));
      setText(row.label, match.label);
      fillMeter(row.bar, match.probability, `probability of ${match.label}`);
      setText(row.share, percent(match.probability));
    });
  }

  #costs(ms) {
    const told = STAGES.filter((stage) => ms[stage] >= 0.05).map((stage) => `${stage} ${milliseconds(ms[stage])}`);
    const total = ms.total || STAGES.reduce((sum, stage) => sum + (ms[stage] || 0), 0) || 1;
    for (const part of this.stages.children) part.style.width = `${(100 * (ms[part.dataset.stage] || 0)) / total}%`;
    setAttribute(this.stages, 'aria-label', `time: ${told.join(', ') || 'not told'}`);
    this.stages.title = told.join('\n');
    setText(this.cost, Number.isFinite(ms.total) ? milliseconds(ms.total) : '');
  }
}

/** Which senses gave an answer of several, and where one of them said most. */
function told({ query_modality: modality, accepted }, best) {
  const joined = `${kindsOf(modality)}, answered as one${best ? `; most was said in ${best.space}` : ''}.`;
  // Ranked is not recognised: perhaps nobody has measured these senses together.
  return accepted ? joined : `${joined} Not sure enough, or no threshold was measured for these senses together: see fusion.min_probability.`;
}

/** The picture of an item: the node that is there already where it is still the right one. */
function keep(place, match, version) {
  const url = thumbnailUrl(match.item_id, version);
  const old = place.firstElementChild;
  if (old?.dataset.url === url) return old;
  return pictured(match.views ?? ['image']) ? thumbnail(url, match.modality) : mark(url, match.modality);
}

/** Whether an item with views of these modalities has a picture. */
export const pictured = (views) => views.some((modality) => ['image', 'sketch', 'touch'].includes(modality));

function mark(url, modality) {
  const picture = icon(modality);
  picture.dataset.url = url;
  return picture;
}

/**
 * A small picture; an icon of the sense where the item has none.
 * @param {string} url
 * @param {string} modality of the view that is shown.
 */
export function thumbnail(url, modality) {
  const picture = el('img', { src: url, alt: '', 'data-url': url, loading: 'lazy', decoding: 'async' });
  picture.addEventListener('error', () => picture.replaceWith(mark(url, modality)));
  return picture;
}

function meter() {
  return el('span', { class: 'meter', role: 'meter', 'aria-valuemin': 0, 'aria-valuemax': 1 }, el('i'));
}

function fillMeter(bar, share, label) {
  setAttribute(bar, 'aria-valuenow', share.toFixed(3));
  setAttribute(bar, 'aria-valuetext', percent(share));
  setAttribute(bar, 'aria-label', label);
  bar.firstElementChild.style.width = `${Math.max(0, Math.min(100, 100 * share))}%`;
}
