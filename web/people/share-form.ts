import type { CreateShare } from '../../client/index.js';
import { element } from '../dom.js';
import { RIGHTS, type Right } from './situation.js';

const HOUR_S = 3_600;

/** How long a link is good, as the page offers it. */
const ENDS: readonly (readonly [seconds: number, words: string])[] = [
  [HOUR_S, 'an hour'],
  [24 * HOUR_S, 'a day'],
  [7 * 24 * HOUR_S, 'a week'],
  [30 * 24 * HOUR_S, '30 days'],
];
const DEFAULT_END_S = 24 * HOUR_S;
/** The shortest PIN that the server takes. */
const MIN_PIN = 4;

/** What a new link permits, for how long, how often, and with which PIN. */
export class ShareForm {
  readonly element: HTMLFormElement;
  readonly #rights: ReadonlyMap<Right, HTMLInputElement>;
  readonly #labels: ReadonlyMap<Right, HTMLElement>;
  readonly #end = element('select', { id: 'share-end' });
  readonly #uses = element('input', {
    ...{ id: 'share-uses', type: 'number', min: 1, max: 10_000, step: 1 },
    ...{ inputmode: 'numeric', placeholder: 'any number' },
  });
  readonly #pin = element('input', {
    ...{ id: 'share-pin-wanted', minlength: MIN_PIN, maxlength: 64 },
    ...{ autocomplete: 'off', placeholder: 'none' },
  });
  readonly #make = element('button', { class: 'primary' }, 'Make a link');

  /** @param onMake resolves when it is made, or is not */
  constructor(onMake: (share: CreateShare) => Promise<void>) {
    this.#rights = new Map(
      RIGHTS.map(([right]) => [right, element('input', { type: 'checkbox', name: right })]),
    );
    this.#labels = new Map(
      RIGHTS.map(([right, words]) => [
        right,
        element('label', {}, this.#rights.get(right) ?? '', words),
      ]),
    );
    const watch = this.#rights.get('watch');
    if (watch !== undefined) {
      watch.checked = true;
      // Without it there is nothing to come for.
      watch.disabled = true;
    }
    this.#end.append(...ENDS.map(([seconds, words]) => new Option(words, String(seconds))));
    this.#end.value = String(DEFAULT_END_S);
    this.element = element(
      'form',
      {
        class: 'share-form',
        onsubmit: (event) => {
          event.preventDefault();
          this.#make.disabled = true;
          void onMake(this.#read()).finally(() => {
            this.#make.disabled = false;
          });
        },
      },
      element(
        'fieldset',
        { class: 'rights' },
        element('legend', {}, 'Who comes by this link may'),
        ...this.#labels.values(),
      ),
      element(
        'div',
        { class: 'fields' },
        field('Good for', this.#end),
        field('Uses', this.#uses),
        field('PIN', this.#pin),
      ),
      this.#make,
    );
  }

  /** Nobody hands on what they do not have. */
  offer(granted: readonly Right[]): void {
    for (const [right, label] of this.#labels) {
      label.hidden = !granted.includes(right);
      const box = this.#rights.get(right);
      if (label.hidden && box !== undefined) box.checked = false;
    }
  }

  #read(): CreateShare {
    const rights = [...this.#rights].flatMap(([right, { checked }]) => (checked ? [right] : []));
    const uses = this.#uses.valueAsNumber;
    return {
      rights,
      expires_in_s: Number(this.#end.value),
      max_uses: Number.isNaN(uses) ? null : uses,
      pin: this.#pin.value === '' ? null : this.#pin.value,
    };
  }
}

function field(words: string, input: HTMLInputElement | HTMLSelectElement): HTMLElement {
  return element('div', {}, element('label', { for: input.id }, words), input);
}
