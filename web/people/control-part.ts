import type { Company, ControlInfo } from '../../client/index.js';
import { element } from '../dom.js';
import { IdleChoice } from './idle-choice.js';
import { controlInWords, may, ownChoices, type OwnChoices, type Situation } from './situation.js';

const MODES: readonly (readonly [ControlInfo['mode'], string])[] = [
  ['shared', 'Together'],
  ['single', 'One at a time'],
  ['locked', 'Locked'],
];

const CHOICES: readonly (readonly [keyof OwnChoices, string, (company: Company) => void])[] = [
  ['ask', 'Ask for control', (company) => company.ask()],
  ['withdraw', 'Do not wait any more', (company) => company.release()],
  ['giveUp', 'Give up control', (company) => company.release()],
  ['take', 'Take control', (company) => company.take()],
];

/** Who steers, and what this viewer can do about it. */
export class ControlPart {
  readonly element: HTMLElement;
  readonly #words = element('p', { role: 'status' });
  readonly #choices: readonly (readonly [keyof OwnChoices, HTMLButtonElement])[];
  readonly #modes: HTMLElement;
  readonly #idle: IdleChoice;
  readonly #radios: readonly (readonly [ControlInfo['mode'], HTMLInputElement])[];

  constructor(company: Company) {
    this.#choices = CHOICES.map(([name, words, act]) => [
      name,
      element('button', { type: 'button', onclick: () => act(company) }, words),
    ]);
    this.#radios = MODES.map(([mode]) => [
      mode,
      element('input', {
        type: 'radio',
        name: 'control-mode',
        value: mode,
        onchange: () => company.set({ mode }),
      }),
    ]);
    this.#modes = element(
      'fieldset',
      { class: 'modes' },
      element('legend', {}, 'Who may steer'),
      ...this.#radios.map(([, radio], n) => element('label', {}, radio, MODES[n]?.[1])),
    );
    this.#idle = new IdleChoice(company);
    this.element = element(
      'section',
      { 'aria-label': 'Control' },
      this.#words,
      element('div', { class: 'choices' }, ...this.#choices.map(([, button]) => button)),
      this.#modes,
      this.#idle.element,
    );
  }

  show(situation: Situation): void {
    const words = controlInWords(situation);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    const choices = ownChoices(situation);
    for (const [name, button] of this.#choices) button.hidden = !choices[name];
    this.#idle.show(situation);
    this.#modes.hidden = !may(situation.you, 'manage');
    for (const [mode, radio] of this.#radios) radio.checked = situation.control.mode === mode;
  }
}
