import { attempt } from '../client/attempt.js';
import { ApiError, type MoonteeApi } from '../client/index.js';
import { element } from './dom.js';

/** What somebody was given to come here. */
export interface Invitation {
  /** Good as it is. */
  readonly token: string | null;
  /** The secret of a link, which is exchanged for a token. */
  readonly share: string | null;
}

/**
 * What the address brings, behind its question mark or behind that of its hash. It is taken out of the address bar
 * and of the history, where others could read it.
 */
export function takeInvitation(): Invitation {
  const [hash = '', hashQuery = ''] = location.hash.split('?', 2);
  const search = new URLSearchParams(location.search);
  const inHash = new URLSearchParams(hashQuery);
  const take = (name: string): string | null => {
    const value = inHash.get(name) ?? search.get(name);
    inHash.delete(name);
    search.delete(name);
    return value === '' ? null : value;
  };
  const invitation = { token: take('token'), share: take('share') };
  if (invitation.token === null && invitation.share === null) return invitation;
  const rest = (query: URLSearchParams): string => (query.size > 0 ? `?${query.toString()}` : '');
  const address = `${location.pathname}${rest(search)}${hash}${rest(inHash)}`;
  attempt(() => history.replaceState(history.state, '', address));
  return invitation;
}

/** Where a link led to. */
export interface Welcome {
  readonly streamerId: string;
  readonly token: string;
}

/**
 * Comes by a link: asks for a name, and for the PIN where the link has one.
 *
 * @returns null if the person gave up, or the link is not good
 */
export async function redeem(api: MoonteeApi, secret: string): Promise<Welcome | null> {
  const dialog = new WelcomeDialog();
  try {
    for (;;) {
      const given = await dialog.ask();
      if (given === null) return null;
      try {
        const { streamer_id: streamerId, token } = await api.redeemShare({ secret, ...given });
        return { streamerId, token };
      } catch (error) {
        dialog.showProblem(error);
      }
    }
  } finally {
    dialog.close();
  }
}

class WelcomeDialog {
  readonly #name = element('input', {
    id: 'visitor-name',
    name: 'name',
    autocomplete: 'nickname',
    maxlength: 64,
  });
  readonly #pin = element('input', {
    id: 'share-pin',
    name: 'pin',
    autocomplete: 'off',
    maxlength: 64,
    'aria-describedby': 'share-hint',
  });
  readonly #pinLabel = element('label', { for: 'share-pin', hidden: true }, 'PIN');
  readonly #hint = element(
    'p',
    { id: 'share-hint', role: 'status' },
    'You were invited to watch. Others see your name.',
  );
  readonly #enter = element('button', { class: 'primary' }, 'Enter');
  readonly #cancel = element('button', { type: 'button' }, 'Cancel');
  readonly #form: HTMLFormElement;
  readonly #dialog: HTMLDialogElement;

  constructor() {
    this.#pin.hidden = true;
    this.#form = element(
      'form',
      {},
      element('h2', { id: 'share-title' }, 'Welcome'),
      this.#hint,
      element('label', { for: 'visitor-name' }, 'Your name'),
      this.#name,
      this.#pinLabel,
      this.#pin,
      element('div', { class: 'actions' }, this.#enter, this.#cancel),
    );
    this.#dialog = element(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'share-title' },
      this.#form,
    );
    document.body.append(this.#dialog);
    const isModal = attempt(() => {
      this.#dialog.showModal();
      return true;
    });
    // A browser without dialogs shows the element in its place.
    if (isModal === undefined) this.#dialog.setAttribute('open', '');
    this.#name.focus();
  }

  /** What was entered; null: it was given up. */
  ask(): Promise<{ name: string; pin: string | null } | null> {
    this.#enter.disabled = false;
    return new Promise((resolve) => {
      this.#form.onsubmit = (event) => {
        event.preventDefault();
        this.#enter.disabled = true;
        resolve({ name: this.#name.value, pin: this.#pin.hidden ? null : this.#pin.value });
      };
      this.#cancel.onclick = () => resolve(null);
      this.#dialog.onclose = () => resolve(null);
    });
  }

  showProblem(error: unknown): void {
    const isRefused = error instanceof ApiError;
    const needsPin = isRefused && error.code === 'SHARE_PIN_REQUIRED';
    this.#hint.textContent = needsPin ? 'This link needs a PIN.' : textOf(error);
    this.#hint.classList.toggle('wrong', !needsPin);
    if (!needsPin && !(isRefused && error.code === 'SHARE_PIN_WRONG')) return;
    this.#pin.hidden = false;
    this.#pinLabel.hidden = false;
    this.#pin.required = true;
    this.#pin.value = '';
    this.#pin.focus();
  }

  close(): void {
    this.#dialog.remove();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message}.` : 'That did not work.';
}
