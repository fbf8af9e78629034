/** A negotiation between an engine, a browser and a clock that a test holds in its hands. */
import { silentLog } from '../../src/core/log.js';
import { PathReport } from '../../src/ice/path-report.js';
import type { NetworkOptions } from '../../src/ice/types.js';
import { Negotiation, type RtcEngine } from '../../src/media/negotiation.js';
import type { SanitizedDescription } from '../../src/media/sdp.js';
import type { PeerDescription, PeerState } from '../../src/media/types.js';

const NETWORK: NetworkOptions = {
  iceServers: [],
  portRange: null,
  nat1to1: null,
  localAddresses: [],
  relayOnly: false,
  tcpCandidates: false,
  ipv6: false,
};

const HEAD = ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0'];

interface Party {
  readonly ufrag?: string;
  readonly certificate?: string;
  readonly setup?: string;
}

function section(line: string, mid: string, { ufrag, certificate, setup }: Party): string[] {
  return [
    line,
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag ?? 'abcd'}`,
    'a=ice-pwd:0123456789012345678901',
    `a=fingerprint:sha-256 ${new Array<string>(32).fill(certificate ?? 'AB').join(':')}`,
    `a=setup:${setup ?? 'active'}`,
    `a=mid:${mid}`,
  ];
}

/** Video, sound and channels: our offer, or a browser's answer to it. */
export function media(party: Party = {}, videoPort = 9): string {
  const lines = [
    ...[...HEAD, 'a=group:BUNDLE video0 audio1 application2'],
    ...section(`m=video ${videoPort} UDP/TLS/RTP/SAVPF 96`, 'video0', party),
    ...['a=recvonly', 'a=rtpmap:96 H264/90000'],
    ...section('m=audio 9 UDP/TLS/RTP/SAVPF 97', 'audio1', party),
    ...['a=recvonly', 'a=rtpmap:97 OPUS/48000/2'],
    ...section('m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'application2', party),
    'a=sctp-port:5000',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** What a browser may offer before it was offered anything. */
export function channels(party: Party = {}): string {
  const lines = [
    ...[...HEAD, 'a=group:BUNDLE 0'],
    ...section('m=application 9 UDP/DTLS/SCTP webrtc-datachannel', '0', {
      setup: 'actpass',
      ...party,
    }),
    'a=sctp-port:5000',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

export function candidate(index: number): string {
  return `candidate:${index} 1 udp ${1000 + index} 192.168.1.2 ${50_000 + index} typ host`;
}

interface Operation {
  readonly name: 'createOffer' | 'acceptAnswer' | 'acceptOffer';
  readonly iceRestart: boolean;
  resolve(): void;
  reject(error: Error): void;
}

interface Timer {
  readonly milliseconds: number;
  readonly expire: () => void;
}

/** Microtasks and immediates that were on their way are done afterwards. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export class Stage {
  readonly negotiation: Negotiation;
  /** Everything that the browser got, in order. */
  readonly sent: (PeerDescription | { readonly type: 'candidate'; readonly line: string })[] = [];
  /** Everything that the engine was told, in order. */
  readonly told: string[] = [];
  readonly states: PeerState[] = [];
  readonly timers = new Set<Timer>();
  /** Faults that an observer would have seen as they happened. */
  readonly faults: string[] = [];
  operation: Operation | null = null;
  /** The engine resolves at once. */
  willing = true;
  restartsIce = true;
  #remoteSet = false;
  #describing = false;
  /** Candidates sent since ICE was started. */
  fresh: string[] = [];

  constructor() {
    const can = (): boolean => this.restartsIce;
    const engine: RtcEngine = {
      get restartsIce() {
        return can();
      },
      createOffer: (iceRestart) => this.#run('createOffer', iceRestart, media()),
      acceptAnswer: async (answer) => {
        await this.#run('acceptAnswer', false, '', answer);
      },
      acceptOffer: (offer, iceRestart) => this.#run('acceptOffer', iceRestart, media(), offer),
      addCandidate: (line) => {
        if (!this.#remoteSet) this.faults.push('a remote candidate before its description');
        if (this.negotiation.closed) this.faults.push('a remote candidate after the end');
        this.told.push(line);
      },
    };
    const path = new PathReport({ relayOnly: false, turnServers: 0, portRange: null });
    this.negotiation = new Negotiation({
      ...{ engine, path, network: NETWORK, formats: null, videoName: 'H.264', log: silentLog() },
      schedule: (milliseconds, work) => {
        const timer: Timer = {
          milliseconds,
          expire: () => {
            this.timers.delete(timer);
            work();
          },
        };
        this.timers.add(timer);
        return () => this.timers.delete(timer);
      },
      sendDescription: (description) => {
        if (this.negotiation.closed) this.faults.push('a description after the end');
        this.#describing = false;
        this.sent.push(description);
      },
      sendCandidate: ({ candidate: line }) => {
        if (this.negotiation.closed) this.faults.push('a candidate after the end');
        if (this.#describing || this.sent.length === 0) {
          this.faults.push('a candidate before its description');
        }
        this.fresh.push(line);
        this.sent.push({ type: 'candidate', line });
      },
      stateChanged: (state) => this.states.push(state),
    });
  }

  get offers(): number {
    return this.sent.filter(({ type }) => type === 'offer').length;
  }

  async answer(sdp = media()): Promise<void> {
    await this.negotiation.receive({ type: 'answer', sdp });
  }

  async expire(milliseconds: number): Promise<void> {
    for (const timer of [...this.timers]) if (timer.milliseconds === milliseconds) timer.expire();
    await settled();
  }

  #run(
    name: Operation['name'],
    iceRestart: boolean,
    sdp: string,
    remote?: SanitizedDescription,
  ): Promise<string> {
    if (this.operation) this.faults.push('two operations at once');
    if (this.negotiation.closed) this.faults.push('an operation after the end');
    this.told.push(iceRestart ? `${name} with a restart` : name);
    if (iceRestart) {
      this.#remoteSet = false;
      this.fresh = [];
    }
    if (name !== 'acceptAnswer') this.#describing = true;
    return new Promise((resolve, reject) => {
      this.operation = {
        ...{ name, iceRestart },
        resolve: () => {
          this.operation = null;
          if (remote) this.#remoteSet = true;
          resolve(sdp);
        },
        reject: (error) => {
          this.operation = null;
          reject(error);
        },
      };
      if (this.willing) this.operation.resolve();
    });
  }
}
