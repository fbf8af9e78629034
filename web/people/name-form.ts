import type { Company } from '../../client/index.js';
import { element } from '../dom.js';
import { MAX_NAME } from '../settings.js';
import type { Situation } from './situation.js';

/** How others see this viewer; its own to say unless it was let in with a name. */
export class NameForm {
  readonly element: HTMLFormElement;
  readonly #field = element('input', {
    id: 'own-name',
    autocomplete: 'nickname',
    maxlength: MAX_NAME,
    placeholder: 'Guest',
  });

  /** @param keep remembers the name for the next time */
  constructor(company: Company, keep: (name: string) => void) {
    this.element = element(
      'form',
      {
        class: 'name-form',
        onsubmit: (event) => {
          event.preventDefault();
          const name = this.#field.value.trim();
          company.rename(name === '' ? null : name);
          keep(name);
        },
      },
      element('label', { for: 'own-name' }, 'Your name'),
      element('div', { class: 'line' }, this.#field, element('button', {}, 'Save')),
    );
  }

  show({ you }: Situation): void {
    this.element.hidden = you.is_name_certain;
    if (document.activeElement !== this.#field) this.#field.value = you.name ?? '';
  }
}
