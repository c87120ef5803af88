// SPDX-License-Identifier: Apache-2.0
/** One sound at a time, played by small round buttons. */

import { icon, iconButton } from './dom.js';
import { complain } from './notices.js';

let playing = null;

/**
 * A button that plays and stops a sound. It is fetched when it is first played.
 * @param {string} url
 * @param {string} label what it is, for its accessible name.
 */
export function playButton(url, label) {
  const audio = new Audio();
  audio.preload = 'none';
  audio.src = url;
  const button = iconButton('play', `Play ${label}`, () => (audio.paused ? begin() : audio.pause()));
  button.classList.add('play');
  const begin = async () => {
    playing?.pause();
    playing = audio;
    try {
      await audio.play();
    } catch (error) {
      if (error.name !== 'AbortError') complain(new Error('This sound cannot be played.'));
    }
  };
  const show = () => {
    button.replaceChildren(icon(audio.paused ? 'play' : 'pause'));
    button.setAttribute('aria-label', `${audio.paused ? 'Play' : 'Stop'} ${label}`);
    if (audio.paused) audio.currentTime = 0;
  };
  for (const event of ['play', 'pause', 'ended']) audio.addEventListener(event, show);
  return button;
}
