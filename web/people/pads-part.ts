import type { Company, PresentViewer } from '../../client/index.js';
import { element } from '../dom.js';
import { padSlots, withPadOwner } from './pad-slots.js';
import { may, nameOf, type Situation } from './situation.js';

/** Whose gamepad is which at the host, for those who manage. */
export class PadsPart {
  readonly element: HTMLDetailsElement;
  readonly #company: Company;
  readonly #list = element('ul', { class: 'pads' });
  readonly #selects: HTMLSelectElement[] = [];
  #offered = '';

  constructor(company: Company) {
    this.#company = company;
    this.element = element(
      'details',
      {},
      element('summary', {}, 'Gamepads'),
      element('p', { class: 'detail' }, 'Who plays with which gamepad of the host.'),
      this.#list,
    );
  }

  show(situation: Situation): void {
    this.element.hidden = !may(situation.you, 'manage');
    if (this.element.hidden) return;
    const slots = padSlots(situation);
    const players = situation.viewers.filter(
      (viewer) => may(viewer, 'gamepad') || slots.includes(viewer.peer_id),
    );
    // Made anew, a list that is open would close.
    const offered = JSON.stringify([
      slots.length,
      players.map((one) => [one.peer_id, nameOf(one)]),
    ]);
    if (offered !== this.#offered) {
      this.#offered = offered;
      this.#offer(slots.length, players);
    }
    for (const [slot, select] of this.#selects.entries()) select.value = slots[slot] ?? '';
  }

  #offer(count: number, players: readonly PresentViewer[]): void {
    while (this.#selects.length > count) {
      this.#selects.pop();
      this.#list.lastElementChild?.remove();
    }
    while (this.#selects.length < count) this.#add(this.#selects.length);
    for (const select of this.#selects) {
      select.replaceChildren(
        element('option', { value: '' }, 'Anybody'),
        ...players.map((one) => element('option', { value: one.peer_id }, nameOf(one))),
      );
    }
  }

  #add(slot: number): void {
    const id = `pad-owner-${slot}`;
    const select = element('select', { id, onchange: () => this.#assign(slot, select.value) });
    this.#selects.push(select);
    const label = element('label', { for: id }, `Gamepad ${slot + 1}`);
    this.#list.append(element('li', { class: 'field' }, label, select));
  }

  #assign(slot: number, owner: string): void {
    const { control, viewers } = this.#company;
    if (control === undefined) return;
    const here = viewers.map(({ peer_id: id }) => id);
    this.#company.set({
      pads: withPadOwner(control.pads, slot, owner === '' ? null : owner, here),
    });
  }
}
