import type { Company, PresentViewer } from '../../client/index.js';
import { element } from '../dom.js';
import { RightsPart, type RightsOptions } from './rights-part.js';
import { may, nameOf, otherChoices, rightsInWords, type Situation } from './situation.js';

export interface PersonOptions extends RightsOptions {
  readonly company: Company;
}

/** One who is here: name, colour, what it may do, and what can be done about it. */
export class Person {
  readonly element: HTMLElement;
  readonly #dot = element('span', { class: 'dot' });
  readonly #name = element('strong');
  readonly #badge = element('span', { class: 'badge' });
  readonly #rights = element('span', { class: 'detail' });
  readonly #give: HTMLButtonElement;
  readonly #refuse: HTMLButtonElement;
  readonly #more: RightsPart;

  constructor(options: PersonOptions) {
    const { company, peerId } = options;
    this.#more = new RightsPart(options);
    this.#give = element(
      'button',
      { type: 'button', onclick: () => company.grant(peerId) },
      'Give control',
    );
    this.#refuse = element(
      'button',
      { type: 'button', onclick: () => company.deny(peerId) },
      'Refuse',
    );
    this.element = element(
      'li',
      { class: 'person' },
      this.#dot,
      element('div', { class: 'what' }, this.#name, this.#rights),
      this.#badge,
      element('div', { class: 'choices' }, this.#give, this.#refuse),
      this.#more.element,
    );
  }

  show(situation: Situation, viewer: PresentViewer): void {
    const { you, control } = situation;
    const name = nameOf(viewer);
    const isYou = viewer.peer_id === you.peer_id;
    this.#dot.style.setProperty('background', viewer.color);
    this.#name.textContent = isYou ? `${name} (you)` : name;
    this.#rights.textContent = rightsInWords(viewer.granted);
    this.#badge.textContent = badgeOf(control, viewer.peer_id);
    this.#badge.hidden = this.#badge.textContent === '';
    const { give, refuse } = otherChoices(situation, viewer);
    this.#give.hidden = !give;
    this.#refuse.hidden = !refuse;
    // One's own rights are better left alone: they could not be had back.
    this.#more.element.hidden = isYou || !may(you, 'manage');
    this.#more.show(viewer);
    this.#give.setAttribute('aria-label', `Give control to ${name}`);
    this.#refuse.setAttribute('aria-label', `Refuse control to ${name}`);
  }
}

function badgeOf({ holder, asking }: Situation['control'], peerId: string): string {
  if (holder === peerId) return 'In control';
  return asking.includes(peerId) ? 'Asks for control' : '';
}
