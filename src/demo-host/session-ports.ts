import type { Log } from '../core/log.js';
import type { Faults } from './faults.js';
import { MediaPort } from './media/media-port.js';
import type { HostStyle, Ports } from './options.js';
import type { Session } from './sessions.js';
import type { UdpHole } from './udp-hole.js';

export interface SessionPortsOptions {
  readonly bind: string;
  readonly ports: Ports;
  readonly style: HostStyle;
  readonly faults: Faults;
  readonly hole: UdpHole;
  readonly log: Log;
}

export interface PortPair {
  readonly video: MediaPort;
  readonly audio: MediaPort;
}

/** Sunshine has one video and one audio port for all, Wolf a pair for each session (§1.1). */
export class SessionPorts {
  readonly #options: SessionPortsOptions;
  readonly #own = new Map<Session, PortPair & { readonly slot: number }>();
  #shared: PortPair | null = null;
  #closed = false;

  private constructor(options: SessionPortsOptions) {
    this.#options = options;
  }

  static async open(options: SessionPortsOptions): Promise<SessionPorts> {
    const ports = new SessionPorts(options);
    if (options.style === 'sunshine') ports.#shared = await ports.#bind(null, 0);
    return ports;
  }

  /** The shared ports; null if each session has its own. */
  get shared(): PortPair | null {
    return this.#shared;
  }

  of(session: Session): PortPair | undefined {
    return this.#shared ?? this.#own.get(session);
  }

  /** Makes sure that the session's ports are there. */
  async prepare(session: Session): Promise<PortPair> {
    const ready = this.of(session);
    if (ready !== undefined) return ready;
    const slots = new Set([...this.#own.values()].map(({ slot }) => slot));
    let slot = 0;
    while (slots.has(slot)) slot += 1;
    const pair = await this.#bind(session, slot);
    if (this.#closed || session.state === 'closed') {
      closePair(pair);
      return pair;
    }
    this.#own.set(session, { ...pair, slot });
    session.once('closed', () => {
      this.#own.delete(session);
      // The media side takes its leave of the port in the same event.
      queueMicrotask(() => closePair(pair));
    });
    return pair;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    if (this.#shared !== null) closePair(this.#shared);
    for (const pair of this.#own.values()) closePair(pair);
    this.#own.clear();
  }

  async #bind(owner: Session | null, slot: number): Promise<PortPair> {
    const { bind, ports, faults, hole, log } = this.#options;
    const at = (base: number): number => (base === 0 ? 0 : base + slot);
    const common = { bind, owner, faults, hole, log };
    const video = new MediaPort({ ...common, port: at(ports.video) });
    const audio = new MediaPort({ ...common, port: at(ports.audio) });
    try {
      await video.open();
      await audio.open();
    } catch (error) {
      closePair({ video, audio });
      throw error;
    }
    return { video, audio };
  }
}

function closePair({ video, audio }: PortPair): void {
  video.close();
  audio.close();
}
