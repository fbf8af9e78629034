import type { Company, HeldInput } from '../../client/index.js';
import { element } from '../dom.js';
import { heldInWords } from './held-words.js';
import { nameOf } from './situation.js';

export interface HeldOptions {
  readonly company: Company;
  /** Asks the server who holds what. */
  readonly load: () => Promise<readonly HeldInput[]>;
}

interface Row {
  readonly element: HTMLElement;
  readonly show: (name: string, words: string) => void;
}

/** What is held at the host and by whom, for those who manage. */
export class HeldPart {
  readonly element: HTMLElement;
  readonly #options: HeldOptions;
  readonly #list = element('ul', { class: 'held' });
  readonly #rows = new Map<string, Row>();
  readonly #nothing = element('p', { class: 'detail' }, 'Nothing is held.');
  readonly #all: HTMLButtonElement;
  #isLoading = false;

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

  /** Rows stay what they are, so that a button that has the focus keeps it. */
  #show(viewers: readonly HeldInput[]): void {
    const holding = new Map(
      viewers
        .map((viewer) => [viewer.peer_id, nameOf(viewer), heldInWords(viewer)] as const)
        .filter(([, , words]) => words !== '')
        .map(([peerId, ...words]) => [peerId, words] as const),
    );
    this.#nothing.hidden = holding.size > 0;
    for (const [peerId, row] of this.#rows) {
      if (holding.has(peerId)) continue;
      // The focus would be lost with its button.
      if (row.element.contains(document.activeElement)) this.#all.focus({ preventScroll: true });
      row.element.remove();
      this.#rows.delete(peerId);
    }
    for (const [peerId, words] of holding) {
      let row = this.#rows.get(peerId);
      if (row === undefined) {
        row = this.#row(peerId);
        this.#rows.set(peerId, row);
        this.#list.append(row.element);
      }
      row.show(...words);
    }
  }

  #row(peerId: string): Row {
    const who = element('strong');
    const what = element('span');
    const release = element(
      'button',
      { type: 'button', onclick: () => this.#options.company.releaseInput(peerId) },
      'Release',
    );
    return {
      element: element('li', {}, element('div', {}, who, ' ', what), release),
      show: (name, words) => {
        if (who.textContent !== name) who.textContent = name;
        if (what.textContent !== words) what.textContent = words;
        release.setAttribute('aria-label', `Release what ${name} holds`);
      },
    };
  }
}
