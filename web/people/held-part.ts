import type { Company, HeldInput } from '../../client/index.js';
import { element } from '../dom.js';
import { heldInWords } from './held-words.js';
import { nameOf } from './situation.js';

export interface HeldOptions {
  readonly company: Company;
  /** Asks the server who holds what. */
  readonly load: () => Promise<readonly HeldInput[]>;
}

/** What is held at the host and by whom, for those who manage. */
export class HeldPart {
  readonly element: HTMLElement;
  readonly #options: HeldOptions;
  readonly #list = element('ul', { class: 'held' });
  readonly #nothing = element('p', { class: 'detail' }, 'Nothing is held.');
  readonly #all: HTMLButtonElement;
  #isLoading = false;
  #shown = '';

  constructor(options: HeldOptions) {
    this.#options = options;
    this.#all = element(
      'button',
      { type: 'button', onclick: () => options.company.releaseInput() },
      'Release all',
    );
    this.element = element(
      'section',
      { 'aria-labelledby': 'held-title' },
      element('h3', { id: 'held-title' }, 'Held at the host'),
      this.#nothing,
      this.#list,
      this.#all,
    );
  }

  /** What cannot be asked for stays as it was. */
  async load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#show(await this.#options.load());
    } catch {
      // The next time may do.
    } finally {
      this.#isLoading = false;
    }
  }

  #show(viewers: readonly HeldInput[]): void {
    const rows = viewers
      .map((viewer) => [nameOf(viewer), heldInWords(viewer)] as const)
      .filter(([, words]) => words !== '');
    const text = JSON.stringify(rows);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#nothing.hidden = rows.length > 0;
    this.#list.replaceChildren(
      ...rows.map(([name, words]) => element('li', {}, element('strong', {}, name), ` ${words}`)),
    );
  }
}
