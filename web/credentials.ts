import { attempt } from '../client/attempt.js';
import { element } from './dom.js';

const KEY = 'moontee.credentials';

/** Kept for this tab only, until it is closed. */
export function storedCredentials(): string | null {
  return attempt(() => sessionStorage.getItem(KEY)) ?? null;
}

/** What cannot be kept is asked for again after a reload. */
export function storeCredentials(credentials: string): void {
  attempt(() => sessionStorage.setItem(KEY, credentials));
}

/**
 * Asks in a dialog and keeps the answer.
 *
 * @param wasWrong there were credentials, and the server did not like them
 * @returns null if the person gave up
 */
export async function askCredentials(wasWrong: boolean): Promise<string | null> {
  const field = element('input', {
    type: 'password',
    id: 'credentials',
    name: 'credentials',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'credentials-hint',
  });
  const cancel = element('button', { type: 'button' }, 'Cancel');
  const form = element(
    'form',
    {},
    element('h2', { id: 'credentials-title' }, 'Sign in'),
    element(
      'p',
      { id: 'credentials-hint', class: wasWrong ? 'wrong' : '' },
      wasWrong ? 'These credentials are not right.' : 'This server wants credentials.',
    ),
    element('label', { for: 'credentials' }, 'Credentials'),
    field,
    element(
      'div',
      { class: 'actions' },
      element('button', { class: 'primary' }, 'Sign in'),
      cancel,
    ),
  );
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'credentials-title' },
    form,
  );
  document.body.append(dialog);
  const credentials = await new Promise<string | null>((resolve) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      resolve(field.value);
    });
    cancel.addEventListener('click', () => resolve(null));
    dialog.addEventListener('close', () => resolve(null));
    // A browser without dialogs shows the element in its place.
    const isModal = attempt(() => {
      dialog.showModal();
      return true;
    });
    if (isModal === undefined) dialog.setAttribute('open', '');
    field.focus();
  });
  dialog.remove();
  if (credentials !== null) storeCredentials(credentials);
  return credentials;
}
