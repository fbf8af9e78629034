import type { Company } from '../../client/index.js';
import { element } from '../dom.js';
import { idleInWords, spanInWords } from './idle-words.js';
import { may, type Situation } from './situation.js';

/** Milliseconds that are offered; 0: control is never lost so. */
const OFFERED = [30_000, 60_000, 120_000, 300_000, 900_000, 0] as const;

/** After how long somebody in control loses it who does nothing: to read, and to set by who manages. */
export class IdleChoice {
  readonly element: HTMLElement;
  readonly #words = element('p', { class: 'detail' });
  readonly #field: HTMLElement;
  readonly #select: HTMLSelectElement;
  #offered = '';

  constructor(company: Company) {
    this.#select = element('select', {
      id: 'idle-time',
      onchange: () => company.set({ idle_timeout_ms: Number(this.#select.value) }),
    });
    this.#field = element(
      'div',
      { class: 'field' },
      element('label', { for: 'idle-time' }, 'Idle control goes on after'),
      this.#select,
    );
    this.element = element('div', {}, this.#words, this.#field);
  }

  show({ you, control }: Situation): void {
    const isManager = may(you, 'manage');
    const words = isManager ? '' : idleInWords(control);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#words.hidden = words === '';
    this.#field.hidden = !isManager || control.mode !== 'single';
    this.element.hidden = this.#words.hidden && this.#field.hidden;
    this.#offer(control.idle_timeout_ms);
  }

  /** What is set is offered in any case. */
  #offer(now: number): void {
    const times = [...new Set<number>([...OFFERED, now])].sort(
      (a, b) => (a || Infinity) - (b || Infinity),
    );
    // Made anew, a list that is open would close.
    if (this.#offered !== times.join()) {
      this.#offered = times.join();
      this.#select.replaceChildren(
        ...times.map((time) => element('option', { value: time }, spanInWords(time))),
      );
    }
    this.#select.value = String(now);
  }
}
