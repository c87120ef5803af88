// SPDX-License-Identifier: Apache-2.0
/** The operator's own questions: drawn, written, a file, or what is sensed now; one or several at once. */

import { AnswerCard } from './answer_card.js';
import { query } from './api.js';
import { byId, el, icon, iconButton, setText } from './dom.js';
import { announce, complain } from './notices.js';
import { Question, partsPicture } from './question.js';
import { SketchPad } from './sketch_pad.js';
import { NOW } from './words.js';

const PAUSE = 450; // milliseconds without a new stroke, after which the drawing is asked
const THUMBNAIL = 144; // pixels

/** The modality of a file by what its type says; '' for what nobody asks with. */
export function modalityOf(file, { drawing = false, knock = false } = {}) {
  const name = file.name?.toLowerCase() ?? '';
  if (file.type.startsWith('audio/') || /\.(wav|flac)$/.test(name)) return knock ? 'impact' : 'sound';
  if (file.type === 'image/png' || file.type === 'image/jpeg') return drawing ? 'sketch' : 'image';
  return '';
}

/** The panel to ask with. */
export class Ask {
  #pad = new SketchPad(byId('pad'));
  #question = new Question();
  #card = null;
  #asked = [];
  #number = 0;
  #timer = 0;
  #remember;
  #look;

  /**
   * @param {function([string, Blob|string][], string[])} remember called with the samples that were
   *   asked, and the senses that were asked live.
   * @param {function(string): Node|null} look a small picture of what a sense perceives now.
   */
  constructor(remember, look) {
    this.#remember = remember;
    this.#look = look;
    this.#tabs();
    this.#draw();
    byId('panel-write').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = byId('text').value.trim();
      if (text) this.#take({ modality: 'text', sample: text, shown: null, name: text });
      if (text && this.#question.open) byId('text').value = ''; // it is a part now
      if (!text || this.#question.open) byId('text').focus();
    });
    this.#files();
    this.#question.addEventListener('ask', ({ detail }) => this.#ask(detail));
    byId('together').addEventListener('change', () => this.#together());
    setInterval(() => this.#card?.look(), 1000);
  }

  /** The senses whose newest sample can be asked. */
  offer(senses) {
    const shown = senses.filter((sense) => NOW[sense]);
    byId('now').replaceChildren(...shown.map((sense) => el('button', { type: 'button', class: 'quiet', 'data-sense': sense, on: { click: () => this.#take({ modality: sense, sample: null, shown: null, name: '' }) } }, icon(sense), NOW[sense])));
  }

  #tabs() {
    const tabs = [...document.querySelectorAll('.ask [role=tab]')];
    const choose = (chosen) => {
      for (const tab of tabs) {
        const on = tab === chosen;
        tab.setAttribute('aria-selected', on);
        tab.tabIndex = on ? 0 : -1;
        byId(tab.getAttribute('aria-controls')).hidden = !on;
      }
    };
    tabs.forEach((tab, index) => {
      tab.addEventListener('click', () => choose(tab));
      tab.addEventListener('keydown', ({ key }) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
        if (!step) return;
        const next = tabs[(index + step + tabs.length) % tabs.length];
        choose(next);
        next.focus();
      });
    });
  }

  #draw() {
    const pad = this.#pad;
    const askNow = async () => {
      clearTimeout(this.#timer);
      if (pad.empty) return;
      const sample = await pad.picture();
      this.#take({ modality: 'sketch', sample, shown: await small(sample, 'your drawing'), name: '' });
    };
    pad.addEventListener('change', () => {
      for (const id of ['pad-undo', 'pad-clear', 'pad-ask']) byId(id).disabled = pad.empty;
      byId('pad').classList.toggle('drawn', !pad.empty);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(askNow, PAUSE);
    });
    pad.addEventListener('ask', askNow);
    byId('pad-ask').addEventListener('click', askNow);
    byId('pad-undo').addEventListener('click', () => pad.undo());
    byId('pad-clear').addEventListener('click', () => {
      pad.clear();
      byId('pad').focus();
    });
  }

  #files() {
    const panel = document.querySelector('.ask');
    const input = byId('file');
    const take = async (files) => {
      if (files.length > 1) this.#question.open = true;
      for (const file of files) await this.#file(file); // in their order
    };
    input.addEventListener('change', () => {
      take([...input.files]);
      input.value = ''; // the same file may be asked again
    });
    for (const over of ['dragenter', 'dragover']) {
      panel.addEventListener(over, (event) => {
        if (![...event.dataTransfer.types].includes('Files')) return;
        event.preventDefault();
        panel.classList.add('dropping');
      });
    }
    panel.addEventListener('dragleave', (event) => panel.contains(event.relatedTarget) || panel.classList.remove('dropping'));
    panel.addEventListener('drop', (event) => {
      event.preventDefault();
      panel.classList.remove('dropping');
      byId('tab-file').click();
      take([...event.dataTransfer.files]);
    });
    addEventListener('paste', (event) => take([...event.clipboardData.files]));
  }

  async #file(file) {
    const modality = modalityOf(file, { drawing: byId('file-drawing').checked, knock: byId('file-knock').checked });
    if (!modality) return complain(new Error(`“${file.name}” is neither a PNG or JPEG picture nor a WAV or FLAC sound.`));
    const shown = file.type.startsWith('image/') ? await small(file, file.name) : null;
    return this.#take({ modality, sample: file, shown, name: file.name });
  }

  /** What was asked last becomes the first part, so that it can be asked again with another sense. */
  #together() {
    const { open } = this.#question;
    for (const id of ['pad-ask', 'text-ask']) setText(byId(id), open ? 'Add' : 'Ask');
    setText(byId('pad-help'), `Draw a thing. It ${open ? 'becomes a part of the question' : 'is looked for'} when you lift the pen.`);
    if (open && this.#question.empty) for (const part of this.#asked) this.#question.add(part);
  }

  /** Ask a part, or make it one of a question of several senses. */
  #take(part) {
    if (this.#question.open) this.#question.add(part);
    else this.#ask([part]);
  }

  async #ask(parts) {
    const number = (this.#number += 1);
    const place = byId('own');
    place.setAttribute('aria-busy', 'true');
    try {
      const [samples, live] = split(parts);
      const seen = live.map((sense) => [sense, copied(this.#look(sense))]);
      const answer = await query(samples, live);
      if (number !== this.#number) return; // a newer question has been asked since
      this.#asked = parts;
      const now = new Map(seen);
      this.#show(answer, parts.map((part) => (part.sample === null ? { ...part, shown: now.get(part.modality) } : part)));
    } catch (error) {
      if (number !== this.#number) return;
      if (this.#question.open) this.#question.complain(error);
      else complain(error);
    } finally {
      if (number === this.#number) place.setAttribute('aria-busy', 'false');
    }
  }

  #show(answer, parts) {
    const [{ modality, sample, shown, name }] = parts;
    const alone = shown ?? (name && modality !== 'text' ? el('q', { dir: 'auto', text: name }) : sample === null ? icon(modality) : null);
    if (!this.#card) {
      const remember = iconButton('plus', 'Remember this as a thing', () => this.#remember(...split(this.#asked)));
      this.#card = new AnswerCard({ rows: 5, title: 'You asked', actions: [remember] });
      byId('own').append(this.#card.element);
    }
    this.#card.show(answer, parts.length > 1 ? partsPicture(parts) : alone);
    announce(`Answer: ${this.#card.summary()}`);
    // The parts take the room in which it would be seen.
    if (this.#question.open) byId('own').scrollIntoView({ block: 'nearest' });
  }
}

/** The samples among parts, and the senses of those that are live. */
function split(parts) {
  const sent = parts.filter(({ sample }) => sample !== null);
  const live = parts.filter(({ sample }) => sample === null);
  return [sent.map(({ modality, sample }) => [modality, sample]), live.map(({ modality }) => modality)];
}

/** A canvas of its own with the same picture; null of null. */
function copied(canvas) {
  if (!canvas) return null;
  const copy = el('canvas', { width: canvas.width, height: canvas.height, role: 'img', 'aria-label': 'what was asked' });
  copy.getContext('2d').drawImage(canvas, 0, 0);
  return copy;
}

/** A picture as a small canvas, so that it needs no address that would have to be freed; null if it is none. */
async function small(blob, label) {
  try {
    const bitmap = await createImageBitmap(blob);
    const share = Math.min(1, THUMBNAIL / Math.max(bitmap.width, bitmap.height));
    const copy = el('canvas', {
      width: Math.max(1, Math.round(bitmap.width * share)), height: Math.max(1, Math.round(bitmap.height * share)),
      role: 'img', 'aria-label': label,
    });
    const context = copy.getContext('2d');
    context.imageSmoothingQuality = 'high'; // thin lines stay lines
    context.drawImage(bitmap, 0, 0, copy.width, copy.height);
    bitmap.close();
    return copy;
  } catch {
    return null; // the server says what is wrong with it
  }
}
