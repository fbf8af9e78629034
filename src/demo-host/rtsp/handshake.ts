import type { VideoCodec } from '../../moonlight/types.js';
import { canInvalidate } from '../apps.js';
import type { HostStyle, VideoFormat } from '../options.js';
import type { Session, Sessions } from '../sessions.js';
import { parseAnnounce } from './announce.js';
import { describeBody, type OfferedEncryption } from './describe.js';
import type { RtspAnswer, RtspRequest } from './message.js';
import type { RtspBackend, RtspReply } from './server.js';

export type StreamKind = 'video' | 'audio' | 'control';

export interface HandshakeContext {
  readonly style: HostStyle;
  readonly sessions: Sessions;
  /** All codecs of the host, for DESCRIBE. */
  readonly codecs: ReadonlySet<VideoCodec>;
  /** What the session's app can be had in. */
  readonly formatsOf: (session: Session) => readonly VideoFormat[];
  readonly encryption: OfferedEncryption;
  readonly fecPercentage: number;
  /** Sessions are found by the client's address alone. */
  readonly byAddress: boolean;
  /** SETUP gives each session marks of its own. */
  readonly markSessions: boolean;
  /** Who has no session is not answered. */
  readonly silentWithoutSession: boolean;
  /** The UDP port of a session's stream. */
  readonly port: (session: Session, kind: StreamKind) => number;
}

/**
 * The meaning of the seven requests (§3.2). A request belongs to the session of its connection, its
 * key or its token. Without any of them SETUP takes the oldest launch of that address that is still
 * free.
 */
export class Handshake implements RtspBackend {
  readonly #context: HandshakeContext;

  constructor(context: HandshakeContext) {
    this.#context = context;
  }

  candidates(address: string): readonly Session[] {
    // Launched from elsewhere is possible: a client may have several addresses.
    const local = (session: Session): number => (session.request.address === address ? 0 : 1);
    return [...this.#context.sessions.all].sort((a, b) => local(a) - local(b));
  }

  reply(request: RtspRequest, address: string, known: Session | null): RtspReply {
    // What comes back into a header must not be able to end it.
    const cseq = /^\d{1,10}$/.exec(request.headers.get('cseq') ?? '')?.[0] ?? '0';
    if (this.#context.silentWithoutSession && this.candidates(address).length === 0) {
      return { session: null, answer: null };
    }
    const { session, ...answer } = this.#answer(request, address, known);
    return {
      session,
      answer: { ...answer, headers: [['CSeq', cseq], ...answer.headers] },
    };
  }

  #answer(
    request: RtspRequest,
    address: string,
    known: Session | null,
  ): RtspAnswer & { session: Session | null } {
    const live = known !== null && known.state !== 'closed' ? known : null;
    const session = live ?? this.#byToken(request, address);
    const plain = (status: number): RtspAnswer & { session: Session | null } => ({
      status,
      headers: [],
      session,
    });
    switch (request.method) {
      case 'OPTIONS':
      case 'PLAY':
        return plain(200);
      case 'DESCRIBE':
        return { ...this.#describe(session ?? this.#unclaimed(address)), session };
      case 'SETUP':
        return this.#setup(request, address, session);
      case 'ANNOUNCE': {
        const target = session ?? this.#unannounced(address);
        return { ...this.#announce(request, target), session: target };
      }
      default:
        return plain(404);
    }
  }

  /** @param session whose stream this is likely to be; plain RTSP does not identify it yet */
  #describe(session: Session | null): RtspAnswer {
    const { style, codecs, encryption } = this.#context;
    const repairs = session !== null && canInvalidate(session.game.app);
    const body = describeBody(style, codecs, encryption, repairs);
    // Wolf leaves the length out; a client with one connection for all needs it.
    const headers =
      style === 'wolf' ? [] : [['Content-length', String(Buffer.byteLength(body))] as const];
    return { status: 200, headers, body };
  }

  #setup(
    request: RtspRequest,
    address: string,
    known: Session | null,
  ): RtspAnswer & { session: Session | null } {
    // Only the word between `=` and the next `/` counts; some clients put the URL in front.
    const kind = /^(?:rtsp(?:enc)?:\/\/[^/]*\/)?streamid=(video|audio|control)(?:\/|$)/i
      .exec(request.target)?.[1]
      ?.toLowerCase();
    const session =
      known ?? this.#firstOf(address) ?? this.#unclaimed(address) ?? this.#unannounced(address);
    if (kind === undefined) return { status: 404, headers: [], session };
    if (session === null) return { status: 454, headers: [], session };
    session.claimed = true;
    const stream = kind as StreamKind;
    const headers: [string, string][] = [
      ['Session', `${session.token};timeout = 90`],
      ['Transport', `server_port=${this.#context.port(session, stream)}`],
    ];
    if (this.#context.markSessions) {
      headers.push(
        stream === 'control'
          ? ['X-SS-Connect-Data', String(session.connectData)]
          : ['X-SS-Ping-Payload', session.pingPayload],
      );
    }
    return { status: 200, headers, session };
  }

  #announce(request: RtspRequest, session: Session | null): RtspAnswer {
    if (session === null) return { status: 454, headers: [] };
    const { style, encryption, fecPercentage } = this.#context;
    const formats = this.#context.formatsOf(session);
    const result = parseAnnounce(request.body, { style, formats, encryption, fecPercentage });
    if (result.kind === 'refused') {
      session.log.warn({ status: result.status, reason: result.why }, 'announce refused');
      return { status: result.status, headers: [] };
    }
    session.announce(result.stream);
    return { status: 200, headers: [] };
  }

  #byToken(request: RtspRequest, address: string): Session | null {
    const token = request.headers.get('session')?.split(';', 1)[0]?.trim();
    if (token === undefined) return null;
    return this.candidates(address).find((session) => session.token === token) ?? null;
  }

  #firstOf(address: string): Session | null {
    if (!this.#context.byAddress) return null;
    return this.#context.sessions.all.find(({ request }) => request.address === address) ?? null;
  }

  #unclaimed(address: string): Session | null {
    const free = this.candidates(address).find(
      (session) => session.state === 'launched' && !session.claimed,
    );
    return free ?? null;
  }

  /** The youngest that still negotiates, for clients that lose their token. */
  #unannounced(address: string): Session | null {
    const launched = this.candidates(address).filter(({ state }) => state === 'launched');
    const local = launched.filter(({ request }) => request.address === address);
    return local.at(-1) ?? launched.at(-1) ?? null;
  }
}
