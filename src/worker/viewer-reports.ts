import type { ChildMessage } from '../protocol/ipc.js';
import type { PointerPlace } from '../protocol/company-messages.js';
import { isDeliberate, type ViewerInput } from '../input/viewer-input.js';

/** Milliseconds between two reports of who acts. */
const ACTED_MS = 1_000;
/** Milliseconds between two reports of who acts without the right. */
const TRIED_MS = 50;
/** Milliseconds between two reports of where viewers point. */
const POINTERS_MS = 34;
/** Parts of the picture that a place is told in: finer than the pixels of most pictures. */
const PLACES = 10_000;

/** What the server is told of viewers' input: who acts, and where they point if that is wanted. */
export class ViewerReports {
  readonly #send: (message: ChildMessage) => void;
  readonly #acted = new Set<string>();
  readonly #tried = new Set<string>();
  readonly #places = new Map<string, PointerPlace>();
  #arePointersWanted = false;
  #actedTimer: NodeJS.Timeout | undefined;
  #triedTimer: NodeJS.Timeout | undefined;
  #pointersTimer: NodeJS.Timeout | undefined;

  constructor(send: (message: ChildMessage) => void) {
    this.#send = send;
  }

  /** The host gets something of the viewer's input. */
  acted(peerId: string): void {
    this.#acted.add(peerId);
    this.#actedTimer ??= setTimeout(() => {
      this.#actedTimer = undefined;
      this.#send({ Acted: { peer_ids: [...this.#acted] } });
      this.#acted.clear();
    }, ACTED_MS);
  }

  /** The viewer may not do what it does. Movement alone asks for nothing. */
  tried(peerId: string, input: ViewerInput): void {
    if (!isDeliberate(input)) return;
    this.#tried.add(peerId);
    this.#triedTimer ??= setTimeout(() => {
      this.#triedTimer = undefined;
      if (this.#tried.size > 0) this.#send({ Tried: { peer_ids: [...this.#tried] } });
      this.#tried.clear();
    }, TRIED_MS);
  }

  /** It may do something else from now on: what it tried before asks for nothing. */
  rightsChanged(peerId: string): void {
    this.#tried.delete(peerId);
  }

  /** Whatever becomes of the input, it may show where the viewer points. */
  came(peerId: string, input: ViewerInput): void {
    if (!this.#arePointersWanted) return;
    const place = placeOf(input);
    if (place === null) return;
    this.#places.set(peerId, { peer_id: peerId, x: rounded(place.x), y: rounded(place.y) });
    this.#pointersTimer ??= setTimeout(() => {
      this.#pointersTimer = undefined;
      this.#send({ Pointers: { pointers: [...this.#places.values()] } });
      this.#places.clear();
    }, POINTERS_MS);
  }

  tellPointers(wanted: boolean): void {
    this.#arePointersWanted = wanted;
    if (!wanted) this.#places.clear();
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#actedTimer);
    clearTimeout(this.#triedTimer);
    clearTimeout(this.#pointersTimer);
  }
}

function placeOf(input: ViewerInput): { readonly x: number; readonly y: number } | null {
  if (input.type === 'mouse-position') {
    return { x: input.x / input.referenceWidth, y: input.y / input.referenceHeight };
  }
  return input.type === 'touch' && input.phase !== 'up' ? input : null;
}

function rounded(part: number): number {
  return Math.round(part * PLACES) / PLACES;
}
