import type { ShareInfo } from '../../client/index.js';
import { element } from '../dom.js';
import { listed, rightsInWords } from './situation.js';

/** Names of visitors that are written out. */
const MAX_NAMES = 6;

const STATES: Readonly<Record<ShareInfo['state'], string>> = {
  open: '',
  used_up: 'used up',
  locked: 'locked after wrong PINs',
};

/** The links that are good, who came by them, and their end. */
export class ShareList {
  readonly element = element('section', { 'aria-labelledby': 'share-list-title', hidden: true });
  readonly #list = element('ul', { class: 'share-list' });
  readonly #revoke: (id: string) => void;

  /** @param revoke ends a link and whoever came by it */
  constructor(revoke: (id: string) => void) {
    this.#revoke = revoke;
    this.element.append(element('h3', { id: 'share-list-title' }, 'Links'), this.#list);
  }

  show(shares: readonly ShareInfo[]): void {
    this.element.hidden = shares.length === 0;
    this.#list.replaceChildren(...shares.map((share) => this.#row(share)));
  }

  #row(share: ShareInfo): HTMLElement {
    const words = rightsInWords(share.rights);
    return element(
      'li',
      {},
      element(
        'div',
        { class: 'what' },
        element('strong', {}, words),
        element('span', { class: 'detail' }, factsOf(share)),
        share.visitors.length > 0 &&
          element('span', { class: 'detail' }, `Came: ${visitorsOf(share)}`),
      ),
      element(
        'button',
        {
          type: 'button',
          'aria-label': `Revoke the link: ${words}`,
          onclick: () => this.#revoke(share.id),
        },
        'Revoke',
      ),
    );
  }
}

function factsOf(share: ShareInfo): string {
  const { uses, max_uses: most, has_pin: hasPin, state, expires_at: end } = share;
  return [
    most === null ? `used ${uses} ×` : `used ${uses} of ${most} ×`,
    hasPin && 'with a PIN',
    STATES[state],
    `until ${new Date(end).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}`,
  ]
    .filter((fact) => fact !== false && fact !== '')
    .join(' · ');
}

function visitorsOf({ visitors }: ShareInfo): string {
  const names = visitors.map(({ name }) => name ?? 'a guest');
  const more = names.length - MAX_NAMES;
  return listed(more > 0 ? [...names.slice(-MAX_NAMES), `${more} more`] : names);
}
