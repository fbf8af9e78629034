import { ending, endingOf, type Ending } from './ending.js';
import { MEDIA_ENDED, MEDIA_SUPERSEDED } from './media-messages.js';
import type { MediaOutlet, MediaSupport } from './media-outlet.js';

export interface MediaPathOptions {
  readonly outlet: MediaOutlet;
  /** Of the viewer socket. */
  readonly url: string;
  /** Asks the server for a ticket. */
  readonly ask: (support: MediaSupport) => void;
  readonly onPicture: () => void;
  /** Another socket is tried. */
  readonly onLost: () => void;
  readonly onEnd: (end: Ending) => void;
}

/** Sockets in a row that showed no picture after which it is over. */
const MAX_SOCKETS = 5;
/** Milliseconds before another ticket is asked for, times the sockets that were lost in a row. */
const PAUSE = 250;

/** The media of a viewer over sockets, one after another, each with a ticket of its own. */
export class MediaPath {
  readonly #options: MediaPathOptions;
  #sockets = 0;
  #isWanted = false;
  #isUsed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: MediaPathOptions) {
    this.#options = options;
  }

  /** A socket is open or asked for. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Lets the browser find out what it decodes, which takes it a while. */
  prepare(): void {
    void this.#options.outlet.support();
  }

  /** The viewer socket is ready for a request. Nothing comes of it where nothing can be decoded. */
  begin(): void {
    this.#isWanted = true;
    void this.#options.outlet.support().then((support) => {
      if (this.#closed || !this.#isWanted || support.video.length === 0) return;
      this.#isUsed = true;
      this.#options.ask(support);
    });
  }

  /** The server's answer. */
  ticket({ path, ticket }: { readonly path: string; readonly ticket: string }): void {
    if (this.#closed || !this.#isUsed) return;
    const { outlet, url } = this.#options;
    const target = new URL(path, url);
    target.searchParams.set('t', ticket);
    this.#sockets += 1;
    outlet.open(target.href, {
      onPicture: () => {
        this.#sockets = 0;
        this.#options.onPicture();
      },
      onClosed: (code) => this.#onClosed(code),
    });
  }

  refused({ code, reason }: { readonly code: string; readonly reason: string }): void {
    if (!this.#closed && this.#isUsed) this.#end(endingOf({ code, reason }));
  }

  /** Media come in another way now; {@link begin} undoes it. */
  leave(): void {
    this.#isWanted = false;
    this.#isUsed = false;
    this.#sockets = 0;
    clearTimeout(this.#timer);
    this.#options.outlet.close();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isWanted = false;
    this.#isUsed = false;
    clearTimeout(this.#timer);
    this.#options.outlet.close();
  }

  #onClosed(code: number): void {
    if (this.#closed) return;
    if (code === MEDIA_SUPERSEDED) {
      this.#end(ending('SUPERSEDED'));
    } else if (code === MEDIA_ENDED) {
      // The viewer socket says why.
      this.#options.onLost();
    } else if (this.#sockets >= MAX_SOCKETS) {
      this.#end(ending('NO_PICTURE'));
    } else {
      this.#options.onLost();
      this.#timer = setTimeout(() => this.begin(), PAUSE * (this.#sockets + 1));
    }
  }

  #end(end: Ending): void {
    this.close();
    this.#options.onEnd(end);
  }
}
