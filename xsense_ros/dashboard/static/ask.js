// SPDX-License-Identifier: Apache-2.0
/** The operator's own questions: drawn, written, or a file. */

import { AnswerCard } from './answer_card.js';
import { query } from './api.js';
import { byId, el, iconButton } from './dom.js';
import { announce, complain } from './notices.js';
import { SketchPad } from './sketch_pad.js';

const PAUSE = 450; // milliseconds without a new stroke, after which the drawing is asked
const THUMBNAIL = 144; // pixels

/** The modality of a file by what its type says; '' for what nobody asks with. */
export function modalityOf(file, drawing = false) {
  const name = file.name?.toLowerCase() ?? '';
  if (file.type.startsWith('audio/') || /\.(wav|flac)$/.test(name)) return 'sound';
  if (file.type === 'image/png' || file.type === 'image/jpeg') return drawing ? 'sketch' : 'image';
  return '';
}

/** The panel to ask with. */
export class Ask {
  #pad = new SketchPad(byId('pad'));
  #card = null;
  #sample = null;
  #number = 0;
  #timer = 0;
  #remember;

  /** @param {function([string, Blob|string])} remember called with the sample that was asked. */
  constructor(remember) {
    this.#remember = remember;
    this.#tabs();
    this.#draw();
    byId('panel-write').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = byId('text').value.trim();
      if (text) this.#ask('text', text, null);
      else byId('text').focus();
    });
    this.#files();
    setInterval(() => this.#card?.look(), 1000);
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
      const picture = await pad.picture();
      this.#ask('sketch', picture, await small(picture, 'your drawing'));
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
    const take = ([file]) => file && this.#file(file);
    input.addEventListener('change', () => {
      take(input.files);
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
      take(event.dataTransfer.files);
    });
    addEventListener('paste', (event) => take([...event.clipboardData.files]));
  }

  async #file(file) {
    const modality = modalityOf(file, byId('file-drawing').checked);
    if (!modality) return complain(new Error(`“${file.name}” is neither a PNG or JPEG picture nor a WAV or FLAC sound.`));
    const shown = modality === 'sound' ? null : await small(file, file.name);
    return this.#ask(modality, file, shown, file.name);
  }

  async #ask(modality, sample, shown, name = '') {
    const number = (this.#number += 1);
    const place = byId('own');
    place.setAttribute('aria-busy', 'true');
    try {
      const answer = await query(modality, sample);
      if (number !== this.#number) return; // a newer question has been asked since
      this.#sample = [modality, sample];
      this.#show(answer, shown, name);
    } catch (error) {
      if (number === this.#number) complain(error);
    } finally {
      if (number === this.#number) place.setAttribute('aria-busy', 'false');
    }
  }

  #show(answer, shown, name) {
    const asked = shown ?? (name ? el('q', { dir: 'auto', text: name }) : null);
    if (!this.#card) {
      const remember = iconButton('plus', 'Remember this as a thing', () => this.#remember(this.#sample));
      this.#card = new AnswerCard({ rows: 5, title: 'You asked', actions: [remember] });
      byId('own').append(this.#card.element);
    }
    this.#card.show(answer, asked);
    announce(`Answer: ${this.#card.summary()}`);
  }
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
