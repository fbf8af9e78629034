import { MoonteeApi } from '../client/index.js';
import { askCredentials, storeCredentials, storedCredentials } from './credentials.js';
import { redeem, takeInvitation } from './invitation.js';
import { listPage } from './list-page.js';
import { startError } from './start-error.js';
import { ViewerPage } from './viewer-page.js';
import { WatchPage } from './watch-page.js';

interface Page {
  readonly element: HTMLElement;
  close(): void;
}

/** The path at which the server is installed below its origin; its own words are in `config.js`. */
async function pathPrefix(): Promise<string> {
  const name = './config.js';
  try {
    const { default: config } = (await import(name)) as { default: { path_prefix?: unknown } };
    return typeof config.path_prefix === 'string' ? config.path_prefix : '';
  } catch {
    return '';
  }
}

/** Shows the page that the address names: `#/` or `#/streamers/<id>`. */
class App {
  readonly #url: string;
  #credentials = storedCredentials();
  #page: Page | undefined;
  #isAsking = false;

  constructor(url: string) {
    this.#url = url;
    addEventListener('hashchange', () => void this.start());
    addEventListener('pagehide', () => this.#page?.close());
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) this.show();
    });
  }

  /** Shows what the address names, once what it brings has been taken. */
  async start(): Promise<void> {
    const { token, share } = takeInvitation();
    if (token !== null) this.#enter(token);
    if (share !== null) {
      const welcome = await redeem(new MoonteeApi({ url: this.#url }), share);
      if (welcome !== null) {
        this.#enter(welcome.token);
        const hash = `#/streamers/${encodeURIComponent(welcome.streamerId)}`;
        if (location.hash !== hash) history.replaceState(history.state, '', hash);
      }
    }
    this.show();
  }

  #enter(token: string): void {
    storeCredentials(token);
    this.#credentials = token;
  }

  show(): void {
    try {
      this.#page?.close();
      this.#page = this.#open();
      document.body.replaceChildren(this.#page.element);
    } catch (error) {
      this.#page = undefined;
      document.body.replaceChildren(startError(error));
    }
  }

  #open(): Page {
    const api = new MoonteeApi({ url: this.#url, credentials: this.#credentials });
    const onUnauthorized = (): void => void this.#signIn();
    const streamerId = streamerOf(location.hash);
    if (streamerId === undefined) {
      document.title = 'Moontee';
      return listPage(api, onUnauthorized);
    }
    const Page = isWatchOnly() ? WatchPage : ViewerPage;
    return new Page({ api, streamerId, onUnauthorized });
  }

  async #signIn(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const credentials = await askCredentials(this.#credentials !== null);
    this.#isAsking = false;
    if (credentials === null) return;
    this.#credentials = credentials;
    this.show();
  }
}

/** `?view=only`, of the address or behind its hash: nothing is steered, and there is no tool bar. */
function isWatchOnly(): boolean {
  const [, ofHash = ''] = location.hash.split('?', 2);
  return [location.search, ofHash].some(
    (query) => new URLSearchParams(query).get('view') === 'only',
  );
}

function streamerOf(hash: string): string | undefined {
  const [, id] = /^#\/streamers\/([^/?]+)(?:\?.*)?$/.exec(hash) ?? [];
  try {
    return id === undefined ? undefined : decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

try {
  await new App(location.origin + (await pathPrefix())).start();
} catch (error) {
  document.body.replaceChildren(startError(error));
}
