import { element } from './dom.js';

const KEY = 'moontee.credentials';

/** Kept for this tab only, until it is closed. */
export function storedCredentials(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
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
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'credentials-title' },
    element(
      'form',
      { method: 'dialog' },
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
        element('button', { class: 'primary', value: 'ok' }, 'Sign in'),
        element('button', { value: '', formnovalidate: true }, 'Cancel'),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise<void>((resolve) => {
    dialog.addEventListener('close', () => resolve(), { once: true });
  });
  dialog.remove();
  if (dialog.returnValue !== 'ok') return null;
  try {
    sessionStorage.setItem(KEY, field.value);
  } catch {
    // Then they are asked for again after a reload.
  }
  return field.value;
}
