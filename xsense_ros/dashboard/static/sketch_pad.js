// SPDX-License-Identifier: Apache-2.0
/** Paper to draw on with a mouse, a finger, a pen or the arrow keys. */

const INK = '#16181c';
const WIDTH = 9; // of a line, on a sheet 960 pixels wide
const STEP = 24; // of an arrow key; a quarter of it with Shift
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Events: 'change' after a stroke is finished or taken back, 'ask' where the Enter key asks. */
export class SketchPad extends EventTarget {
  #canvas;
  #strokes = [];
  #drawing = new Map();
  #pen = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.#canvas = canvas;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, (event) => this.#up(event));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => this.#lift());
    this.#paint();
  }

  /** Whether nothing is drawn. */
  get empty() {
    return !this.#strokes.length;
  }

  /** Take back the last stroke. */
  undo() {
    this.#strokes.pop();
    this.#changed();
  }

  /** A new sheet. */
  clear() {
    this.#strokes = [];
    this.#pen = null;
    this.#changed();
  }

  /** The drawing as a PNG, black on white. */
  picture() {
    this.#paint();
    return new Promise((resolve) => {
      this.#canvas.toBlob((blob) => resolve(blob), 'image/png');
      this.#paint(this.#pen);
    });
  }

  #place({ clientX, clientY, pressure, pointerType }) {
    const frame = this.#canvas.getBoundingClientRect();
    const x = ((clientX - frame.left) / frame.width) * this.#canvas.width;
    const y = ((clientY - frame.top) / frame.height) * this.#canvas.height;
    // Only a pen knows how hard it is pressed; the others say 0.5 or 0.
    return { x, y, width: pointerType === 'pen' ? WIDTH * (0.5 + pressure) : WIDTH };
  }

  #down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true });
    // What is drawn goes on outside the sheet until it is released; a simulated pointer has none.
    if (event.isTrusted) this.#canvas.setPointerCapture(event.pointerId);
    const stroke = [this.#place(event)];
    this.#drawing.set(event.pointerId, stroke);
    this.#strokes.push(stroke);
    this.#paint();
  }

  #move(event) {
    const stroke = this.#drawing.get(event.pointerId);
    if (!stroke) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const one of moves.length ? moves : [event]) stroke.push(this.#place(one));
    this.#paint();
  }

  #up(event) {
    if (this.#drawing.delete(event.pointerId) && !this.#drawing.size) this.#changed();
  }

  #key(event) {
    if (event.key === 'Enter') {
      this.#lift();
      this.dispatchEvent(new Event('ask'));
    } else if (event.key === ' ') this.#toggle();
    else if (MOVES[event.key]) this.#step(MOVES[event.key], event.shiftKey ? STEP / 4 : STEP);
    else if ((event.ctrlKey || event.metaKey) && event.key === 'z') this.undo();
    else return;
    event.preventDefault();
  }

  #toggle() {
    this.#pen ??= this.#middle();
    if (this.#pen.stroke) return this.#lift();
    this.#pen.stroke = [{ ...this.#pen, width: WIDTH }];
    this.#strokes.push(this.#pen.stroke);
    return this.#paint(this.#pen);
  }

  #step([right, down], length) {
    this.#pen ??= this.#middle();
    this.#pen.x = Math.min(this.#canvas.width, Math.max(0, this.#pen.x + right * length));
    this.#pen.y = Math.min(this.#canvas.height, Math.max(0, this.#pen.y + down * length));
    this.#pen.stroke?.push({ x: this.#pen.x, y: this.#pen.y, width: WIDTH });
    this.#paint(this.#pen);
  }

  #lift() {
    const drawn = this.#pen?.stroke;
    if (drawn) this.#pen.stroke = null;
    if (drawn) this.#changed();
    else this.#paint(this.#pen);
  }

  #middle() {
    return { x: this.#canvas.width / 2, y: this.#canvas.height / 2, stroke: null };
  }

  #changed() {
    this.#paint(this.#pen);
    this.dispatchEvent(new Event('change'));
  }

  #paint(pen = null) {
    const context = this.#canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.strokeStyle = context.fillStyle = INK;
    context.lineCap = context.lineJoin = 'round';
    for (const stroke of this.#strokes) line(context, stroke);
    if (pen && document.activeElement === this.#canvas) cross(context, pen);
  }
}

/** A stroke, smooth through the middles of its pieces; a single place is a dot. */
function line(context, stroke) {
  if (stroke.length === 1) {
    context.beginPath();
    context.arc(stroke[0].x, stroke[0].y, stroke[0].width / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  let [from] = stroke;
  for (let index = 1; index < stroke.length; index += 1) {
    const [before, place] = [stroke[index - 1], stroke[index]];
    const last = index === stroke.length - 1;
    const to = last ? place : { x: (before.x + place.x) / 2, y: (before.y + place.y) / 2 };
    context.lineWidth = place.width;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.quadraticCurveTo(before.x, before.y, to.x, to.y);
    context.stroke();
    from = to;
  }
}

/** Where the pen of the keyboard is; full where it is down. */
function cross(context, { x, y, stroke }) {
  context.save();
  context.strokeStyle = context.fillStyle = '#16828a';
  context.lineWidth = 4;
  context.beginPath();
  context.arc(x, y, 15, 0, 2 * Math.PI);
  if (stroke) context.fill();
  else context.stroke();
  context.restore();
}
