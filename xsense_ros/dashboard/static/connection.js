// SPDX-License-Identifier: Apache-2.0
/** The live connection: messages in, acknowledgements out, and a new one with back-off when it breaks. */

const FIRST_WAIT = 500; // milliseconds
const LONGEST_WAIT = 8000;
const SILENCE = 6000; // the server tells its state once a second; after so long the line is dead

/**
 * Events: every JSON message under its `type` (detail: the message), 'tile' (detail: {header, jpeg}),
 * and 'link' (detail: {level: 'good'|'wait'|'bad', text}).
 */
export class Connection extends EventTarget {
  #socket = null;
  #wait = FIRST_WAIT;
  #heard = 0;
  #watched = [];

  /** Connect, and stay connected. */
  start() {
    this.#open();
    setInterval(() => this.#lookForSilence(), 1000);
    addEventListener('online', () => this.#socket?.readyState === WebSocket.CLOSED && this.#open());
  }

  /** Ask for the frames of these tiles, and of no others. */
  watch(names) {
    if (names.join('\n') === this.#watched.join('\n')) return;
    this.#watched = names;
    this.#send({ type: 'watch', tiles: names });
  }

  /** A frame was drawn: the next one of this tile may come. */
  acknowledge(name) {
    this.#send({ type: 'ack', tile: name });
  }

  #open() {
    this.#tell('wait', 'connecting');
    const address = new URL('live', document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#heard = performance.now();
      this.#tell('good', 'live');
      this.#send({ type: 'watch', tiles: this.#watched });
    };
    socket.onmessage = ({ data }) => {
      this.#heard = performance.now();
      this.#wait = FIRST_WAIT;
      if (typeof data === 'string') {
        const message = JSON.parse(data);
        this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
      } else this.dispatchEvent(new CustomEvent('tile', { detail: unpack(data) }));
    };
    socket.onclose = () => this.#again(socket);
    this.#socket = socket;
  }

  #again(socket) {
    if (socket !== this.#socket) return;
    const wait = this.#wait * (0.75 + Math.random() / 2); // not all browsers at once
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    this.#tell('bad', 'reconnecting');
    setTimeout(() => socket === this.#socket && this.#open(), wait);
  }

  #lookForSilence() {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || performance.now() - this.#heard < SILENCE) return;
    socket.onclose = null;
    socket.close();
    this.#again(socket);
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #tell(level, text) {
    this.dispatchEvent(new CustomEvent('link', { detail: { level, text } }));
  }
}

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { header, jpeg: new Blob([new Uint8Array(buffer, 4 + length)], { type: 'image/jpeg' }) };
}
