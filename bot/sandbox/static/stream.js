// The live stream of the sandbox. It comes back by itself; whoever listens must catch up at every `onOpen`,
// because what happened while it was away is not repeated here.

const COMPANY = ["message", "again", "member", "contact", "chat", "holder", "tags", "ways"].map((kind) => `corp_${kind}`);
const KINDS = ["message", "person", "clock", "menu", ...COMPANY];
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

export class Stream {
  #listener;
  #source = null;
  #failures = 0;
  #timer = null;

  /** `listener`: {onOpen(), onLost(failures), onEvent(kind, content)} */
  constructor(listener) {
    this.#listener = listener;
    this.#connect();
    addEventListener("online", () => this.retryNow());
  }

  retryNow() {
    if (this.#source !== null) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #connect() {
    // The browser's own reconnecting gives up for good at an HTTP error, so we do it ourselves.
    const source = new EventSource("/_sandbox/stream");
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.#listener.onOpen();
    };
    source.onerror = () => this.#lose();
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => this.#listener.onEvent(kind, JSON.parse(event.data)));
    }
  }

  #lose() {
    this.#source?.close();
    this.#source = null;
    this.#failures += 1;
    this.#listener.onLost(this.#failures);
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => this.#connect(), pause);
  }
}
