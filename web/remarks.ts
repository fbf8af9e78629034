import { element } from './dom.js';

/** Milliseconds that an input may go without any change of the picture. */
const STANDSTILL_MS = 3_000;
/** Milliseconds for which the page shows that something is left out. */
const SHORT_REMARK_MS = 20_000;

/** What is wrong with a picture that is there, in one line over it. */
export class Remarks {
  readonly element = element('p', { class: 'remark', role: 'status', hidden: true });
  hostPoor = false;
  constrained = false;
  /** What the server works on. */
  stage: string | null = null;
  /** When the first input was sent that no frame has followed. */
  #unansweredAt: number | undefined;
  #short: { readonly text: string; readonly until: number } | undefined;

  /** Shows something for a while. */
  showShortly(text: string): void {
    this.#short = { text, until: performance.now() + SHORT_REMARK_MS };
  }

  /** A host sends nothing while nothing changes; but input changes something. */
  followAnswers(lastFrameAt: number, actedAt: number): void {
    if (this.#unansweredAt !== undefined && lastFrameAt >= this.#unansweredAt) {
      this.#unansweredAt = undefined;
    }
    if (actedAt > lastFrameAt) this.#unansweredAt ??= actedAt;
  }

  /** The connection begins again. */
  reset(): void {
    this.#unansweredAt = undefined;
    this.hostPoor = false;
    this.constrained = false;
    this.stage = null;
  }

  /** @param hasPicture over none the notice speaks */
  update(hasPicture: boolean): void {
    const text = hasPicture ? this.#text() : '';
    this.element.hidden = text === '';
    if (this.element.textContent !== text) this.element.textContent = text;
  }

  #text(): string {
    const now = performance.now();
    if (this.stage !== null) return this.stage;
    if (this.#unansweredAt !== undefined && now - this.#unansweredAt > STANDSTILL_MS) {
      return 'The picture stands still, and the host does not react';
    }
    if (this.constrained) return 'Your network cannot keep up';
    if (this.hostPoor) return 'The link to the host is poor';
    return this.#short !== undefined && now < this.#short.until ? this.#short.text : '';
  }
}
