import type { Company } from '../../client/index.js';
import { element } from '../dom.js';
import { controlInWords, maySteer, nameOf, otherChoices, ownChoices } from './situation.js';
import type { Situation } from './situation.js';

/** Over the picture, without the panel: why input has no effect, and who wants to have control. */
export class ControlPill {
  readonly element: HTMLElement;
  readonly #words = element('span', { role: 'status' });
  readonly #ask: HTMLButtonElement;
  readonly #give: HTMLButtonElement;
  readonly #refuse: HTMLButtonElement;
  /** Who asks, if this viewer decides. */
  #asking = '';

  constructor(company: Company) {
    const button = (words: string, act: () => void): HTMLButtonElement =>
      element('button', { type: 'button', onclick: act }, words);
    this.#ask = button('Ask for control', () => company.ask());
    this.#give = button('Give', () => company.grant(this.#asking));
    this.#refuse = button('Refuse', () => company.deny(this.#asking));
    this.element = element(
      'div',
      { class: 'control-pill', hidden: true },
      this.#words,
      this.#ask,
      this.#give,
      this.#refuse,
    );
  }

  show(situation: Situation | undefined): void {
    const { words, asking, ask } = situation === undefined ? NOTHING : contentOf(situation);
    this.element.hidden = words === '';
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#asking = asking;
    this.#ask.hidden = !ask;
    this.#give.hidden = asking === '';
    this.#refuse.hidden = asking === '';
  }
}

const NOTHING = { words: '', asking: '', ask: false };

function contentOf(situation: Situation): typeof NOTHING {
  const { you, viewers, control } = situation;
  const asking = control.asking
    .map((id) => viewers.find(({ peer_id: peerId }) => peerId === id))
    .find((viewer) => viewer !== undefined && otherChoices(situation, viewer).refuse);
  if (asking !== undefined) {
    return { words: `${nameOf(asking)} asks for control.`, asking: asking.peer_id, ask: false };
  }
  const isKept = control.mode !== 'shared' && control.holder !== you.peer_id;
  if (!isKept || !maySteer(you)) return NOTHING;
  const { ask, withdraw } = ownChoices(situation);
  const words = controlInWords(situation);
  return { words: withdraw ? `${words} You have asked for it.` : words, asking: '', ask };
}
