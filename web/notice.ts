import type { ConnectionStatus } from '../client/index.js';
import { element } from './dom.js';

export interface NoticeActions {
  readonly retry: () => void;
  /** Null: there is nowhere else to go. */
  readonly leave: (() => void) | null;
  readonly enterCredentials: () => void;
}

/** The card over the picture that explains the state while there is no picture. */
export class Notice {
  readonly element: HTMLElement;
  readonly #title = element('h2');
  readonly #detail = element('p');
  readonly #countdown = element('p', { class: 'countdown' });
  readonly #spinner = element('div', { class: 'spinner' });
  readonly #retry: HTMLButtonElement;
  readonly #credentials: HTMLButtonElement;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor({ retry, leave, enterCredentials }: NoticeActions) {
    this.#retry = element(
      'button',
      { class: 'primary', type: 'button', onclick: retry },
      'Try now',
    );
    this.#credentials = element(
      'button',
      { class: 'primary', type: 'button', onclick: enterCredentials },
      'Enter credentials',
    );
    this.element = element(
      'div',
      { class: 'notice' },
      element(
        'div',
        { class: 'card' },
        this.#spinner,
        element('div', { role: 'status', 'aria-live': 'polite' }, this.#title, this.#detail),
        this.#countdown,
        element(
          'div',
          { class: 'actions' },
          this.#retry,
          this.#credentials,
          leave !== null && element('button', { type: 'button', onclick: leave }, 'All streamers'),
        ),
      ),
    );
  }

  /** @param hasPicture frames are shown: a connection need not be explained */
  show(status: ConnectionStatus, hasPicture: boolean): void {
    clearInterval(this.#timer);
    this.element.hidden = status.state === 'connected' && hasPicture;
    const isFailure = status.state === 'waiting' || status.state === 'ended';
    const isUnauthorized = status.state === 'ended' && status.end.code === 'UNAUTHORIZED';
    this.element.dataset['state'] = status.state;
    this.#spinner.hidden = status.state === 'ended';
    this.#retry.hidden = !isFailure || isUnauthorized;
    this.#credentials.hidden = !isUnauthorized;
    this.#countdown.hidden = status.state !== 'waiting';
    switch (status.state) {
      case 'connecting':
        this.#title.textContent = status.attempt > 1 ? 'Reconnecting' : 'Connecting';
        this.progress(status.attempt > 1 ? `Attempt ${status.attempt}` : 'Calling the server');
        break;
      case 'connected':
        this.#title.textContent = 'Connected';
        this.progress('Waiting for the first picture');
        break;
      case 'waiting':
        this.#title.textContent = 'Connection lost';
        this.progress(status.end.reason);
        this.#countDown(status.delay);
        break;
      case 'ended':
        this.#title.textContent = isUnauthorized ? 'Credentials needed' : 'Disconnected';
        this.progress(status.end.reason);
        this.#retry.textContent = 'Try again';
        return;
    }
    this.#retry.textContent = 'Try now';
  }

  progress(text: string): void {
    this.#detail.textContent = text;
  }

  /** For those who steer by keyboard: to what can be done about it. */
  focus(): void {
    [this.#retry, this.#credentials].find(({ hidden }) => !hidden)?.focus();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #countDown(delay: number): void {
    const due = performance.now() + delay;
    const show = (): void => {
      const seconds = Math.max(0, Math.ceil((due - performance.now()) / 1000));
      this.#countdown.textContent = seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again';
    };
    show();
    this.#timer = setInterval(show, 500);
  }
}
