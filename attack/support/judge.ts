/** What a stranger may be answered, by a reading that is not the server's. */
import type { SeededRandom } from '../../src/moonlight/random.js';
import { sendRaw, someAddress, type RawAnswer } from './requests.js';

export class Judge {
  readonly #bodies: ReadonlySet<string>;
  readonly #lengths: ReadonlySet<string>;

  /** @param bodies what everybody may read, as latin1 */
  constructor(bodies: readonly string[]) {
    this.#bodies = new Set(bodies);
    this.#lengths = new Set(bodies.map((body) => String(Buffer.byteLength(body, 'latin1'))));
  }

  /** Reads what everybody may read: the page, its settings, and whether the server is well. */
  static async of(port: number, random: SeededRandom): Promise<Judge> {
    const answers = await Promise.all(
      ['/', '/config.js', '/healthz', '/readyz'].map((target) =>
        sendRaw(port, someAddress(random), `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
      ),
    );
    if (answers.some(({ status }) => status !== 200)) throw new Error('what is open is not there');
    return new Judge(answers.map(({ body }) => body));
  }

  /** Why this answer must not be; null if it may. */
  problemOf(request: string, { status, head, body }: RawAnswer): string | null {
    if (status >= 500 && status !== 503) return `status ${status}`;
    if (status === 101) return isSocketUpgrade(request) ? null : 'a socket where none may be';
    // Nothing was read, or what was asked for is already known.
    if (status < 200 || status >= 300 || status === 204) return null;
    const length = /^content-length: *(\d+)/im.exec(head)?.[1] ?? '';
    const isHead = request.startsWith('HEAD ');
    const isOpen = isHead ? this.#lengths.has(length) : this.#bodies.has(body);
    return isOpen ? null : `status ${status}`;
  }
}

/** The two socket paths, and nothing that needs more than unescaping. */
function isSocketUpgrade(request: string): boolean {
  // Node takes empty lines before the first one, and any number of spaces between its parts.
  const target = /^(?:\r?\n)*GET +(\S+) +HTTP\/1\.1\r?\n/.exec(request)?.[1] ?? '';
  let path: string;
  try {
    path = decodeURIComponent(target.split('?')[0] ?? '');
  } catch {
    return false;
  }
  return (
    /^(?:\/api)?\/api\/(?:streamers\/[^/]+\/peer|host\/stream)$/.test(path) &&
    /^upgrade:[ \t]*websocket[ \t]*\r?$/im.test(request)
  );
}
