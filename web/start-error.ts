import { element } from './dom.js';

/** What is shown in place of a page that could not be made. */
export function startError(error: unknown): HTMLElement {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return element(
    'main',
    { class: 'list' },
    element('h1', {}, 'Moontee'),
    element(
      'div',
      { role: 'alert' },
      element('p', {}, 'The page could not be started in this browser.'),
      element('p', { class: 'message wrong' }, reason),
    ),
    element(
      'div',
      { class: 'actions' },
      element(
        'button',
        { class: 'primary', type: 'button', onclick: () => location.reload() },
        'Start again',
      ),
    ),
  );
}
