import { attemptAsync } from '../../client/attempt.js';
import type { NewShare } from '../../client/index.js';
import { element } from '../dom.js';
import { qrCode } from './qr.js';

/** A link that was just made: to copy, or to be read by a camera. Its address is told once. */
export function newLink({ url, has_pin: hasPin }: NewShare): HTMLElement {
  const field = element('input', { id: 'share-url', readonly: true, value: url });
  const copy = element('button', { type: 'button', class: 'primary' }, 'Copy');
  const said = element('p', { class: 'detail', role: 'status' });
  copy.addEventListener('click', () => {
    void attemptAsync(async () => {
      await navigator.clipboard.writeText(url);
      return true;
    }).then((isCopied) => {
      said.textContent = isCopied === true ? 'Copied.' : 'Copy it from the field.';
      if (isCopied !== true) field.select();
    });
  });
  field.addEventListener('focus', () => field.select());
  return element(
    'section',
    { class: 'new-link', 'aria-label': 'New link' },
    qrCode(url, 'QR code of the link'),
    element(
      'div',
      {},
      element('label', { for: 'share-url' }, 'Link'),
      element('div', { class: 'line' }, field, copy),
      element(
        'p',
        { class: 'detail' },
        'It is shown this once.',
        hasPin && ' Tell the PIN by another way.',
      ),
      said,
    ),
  );
}
