import { ApiError, type MoonteeApi, type StreamerInfo } from '../client/index.js';
import { Cleanup, element, icon } from './dom.js';

/** Milliseconds between looks at the list. */
const INTERVAL_MS = 2_000;

const STATUS_TEXT: Readonly<Record<string, string>> = {
  starting: 'Starting',
  active: 'Live',
  reconnecting: 'Reconnecting',
  failed: 'Failed',
  stopping: 'Stopping',
};

export interface ListPage {
  readonly element: HTMLElement;
  close(): void;
}

/** All streamers with their state, kept up to date while the page is looked at. */
export function listPage(api: MoonteeApi, onUnauthorized: () => void): ListPage {
  const cleanup = new Cleanup();
  const list = element('ul', { class: 'streamers' });
  const message = element('p', { class: 'message', role: 'status' }, 'Loading …');
  let shown = '';
  let isLoading = false;
  let isClosed = false;
  /** The server wants credentials: asking again and again would not help. */
  let isRefused = false;

  const show = (streamers: readonly StreamerInfo[]): void => {
    const text = JSON.stringify(streamers);
    if (text === shown) return;
    shown = text;
    const focused = document.activeElement?.getAttribute('href');
    list.replaceChildren(
      ...[...streamers]
        .sort((a, b) => a.streamer_id.localeCompare(b.streamer_id))
        .map((streamer) => element('li', {}, card(streamer))),
    );
    for (const link of list.querySelectorAll('a')) {
      if (link.getAttribute('href') === focused) link.focus();
    }
  };

  const load = async (): Promise<void> => {
    if (isLoading || isRefused || document.hidden) return;
    isLoading = true;
    try {
      const streamers = await api.listStreamers();
      show(streamers);
      message.classList.remove('wrong');
      message.textContent =
        streamers.length === 0
          ? 'No streamer runs. One appears here as soon as it is created through the REST interface.'
          : '';
    } catch (error) {
      if (isClosed) return;
      if (error instanceof ApiError && error.isUnauthorized) {
        isRefused = true;
        message.replaceChildren(
          element(
            'button',
            { class: 'primary', type: 'button', onclick: onUnauthorized },
            'Sign in',
          ),
        );
        onUnauthorized();
        return;
      }
      message.classList.add('wrong');
      message.textContent = error instanceof Error ? `${error.message}.` : 'Something went wrong.';
    } finally {
      isLoading = false;
    }
  };

  cleanup.every(INTERVAL_MS, () => void load());
  cleanup.listen(document, 'visibilitychange', () => void load());
  cleanup.add(() => {
    isClosed = true;
  });
  void load();

  return {
    element: element(
      'main',
      { class: 'list' },
      element(
        'header',
        {},
        element('h1', {}, element('img', { src: './favicon.svg', alt: '' }), 'Moontee'),
        element('p', {}, 'Pick a stream to watch and to play.'),
      ),
      message,
      list,
    ),
    close: () => cleanup.run(),
  };
}

function card(streamer: StreamerInfo): HTMLElement {
  const { streamer_id: id, status, width, height, fps, connected_peers: viewers } = streamer;
  return element(
    'a',
    { class: 'card', href: `#/streamers/${encodeURIComponent(id)}` },
    element('span', { class: 'screen' }, icon('screen')),
    element(
      'span',
      { class: 'what' },
      element('strong', {}, id),
      element('span', { class: 'detail' }, `${width} × ${height}, ${fps} Hz`),
      streamer.error !== null && element('span', { class: 'detail wrong' }, streamer.error),
    ),
    element(
      'span',
      { class: 'state' },
      element('span', { class: 'badge', 'data-status': status }, STATUS_TEXT[status] ?? status),
      element(
        'span',
        { class: 'viewers' },
        icon('people'),
        viewers === 1 ? '1 viewer' : `${viewers} viewers`,
      ),
    ),
  );
}
