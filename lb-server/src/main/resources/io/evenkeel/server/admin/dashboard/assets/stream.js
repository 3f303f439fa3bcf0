// Server-Sent Events, with a life of its own: reconnects with growing pauses, and does not trust a connection that
// has gone silent. The state machine:
//   connecting -> live       statistics came
//   live -> stale            none for STALE_MS
//   any -> lost              the connection ended or was silent for SILENT_MS, or what goes before it failed or took
//                            LOADING_MS; next try after a pause
//   lost -> connecting       the pause is over, or the browser says that the network is back

import { EVENTS } from './api.js';

const STALE_MS = 4000;
const SILENT_MS = 15000;
const LOADING_MS = 30000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;
const TYPES = ['server', 'listener', 'change'];

export class Stream {
  #source = null;
  #heard = 0;
  #pause = FIRST_PAUSE_MS;
  #retryAt = 0;
  #timer = null;
  #state = 'closed';

  /**
   * before(isWanted): called before each try, may throw to have it counted as failed; once isWanted() is false, the try
   * has been given up, and what it learnt is not to be used any more; last: the number of the last event that
   * is known by then; state(name, secondsToRetry); stats(json); event(type, json).
   */
  constructor({ before, last, state, stats, event }) {
    this.before = before;
    this.last = last;
    this.state = state;
    this.stats = stats;
    this.event = event;
    addEventListener('online', () => this.retryNow());
    setInterval(() => this.#watch(), 1000);
  }

  /** Begins, or begins anew. */
  async open() {
    this.close();
    this.#become('connecting');
    const attempt = (this.attempt = {});
    this.#heard = performance.now();
    try {
      await this.before(() => this.attempt === attempt);
    } catch (error) {
      if (this.attempt === attempt && error.status !== 401) this.#fail();
      return;
    }
    if (this.attempt !== attempt) return;
    const source = (this.#source = new EventSource(`${EVENTS}&after=${this.last()}`));
    this.#heard = performance.now();
    source.addEventListener('stats', (message) => {
      this.#heard = performance.now();
      this.#pause = FIRST_PAUSE_MS;
      this.#become('live');
      this.stats(message.data);
    });
    for (const type of TYPES) {
      source.addEventListener(type, (message) => this.event(type, message.data));
    }
    source.onerror = () => {
      if (this.#source === source) this.#fail();
    };
  }

  close() {
    this.attempt = null;
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timer);
    this.#state = 'closed';
  }

  retryNow() {
    if (this.#state === 'lost') this.open();
  }

  #fail() {
    this.close();
    // Up to half of the pause by chance: many pages must not come back at one moment.
    const pause = this.#pause * (0.75 + Math.random() / 2);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    this.#retryAt = performance.now() + pause;
    this.#timer = setTimeout(() => this.open(), pause);
    this.#become('lost');
  }

  #watch() {
    if (this.#state === 'lost') {
      this.#become('lost');
    } else if (this.attempt) {
      const silent = performance.now() - this.#heard;
      if (silent > (this.#source ? SILENT_MS : LOADING_MS)) this.#fail();
      else if (silent > STALE_MS && this.#state === 'live') this.#become('stale');
    }
  }

  #become(state) {
    this.#state = state;
    this.state(state, state === 'lost' ? Math.max(0, (this.#retryAt - performance.now()) / 1000) : 0);
  }
}
