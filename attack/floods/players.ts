/** Floods of WHEP players with the right credentials, who mean no good. */
import type { SeededRandom } from '../../src/moonlight/random.js';
import { below, inParallel } from '../support/requests.js';
import type { Scene } from '../support/scene.js';
import { STREAMER } from '../support/terms.js';
import type { Flood } from './flood.js';

const WORKERS = 4;
/** Milliseconds that a player waits for an answer. */
const PATIENCE_MS = 20_000;
const PATH = `/api/streamers/${STREAMER}/whep`;
const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** @returns where the session is, if one was made */
async function ask(scene: Scene, signal: AbortSignal, asked: Ask): Promise<string | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${scene.port}${asked.path}`, {
      method: asked.method,
      headers: {
        Authorization: `Bearer ${scene.password}`,
        'Content-Type': asked.type,
        'If-Match': '*',
      },
      body: asked.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    await answer.arrayBuffer();
    return answer.headers.get('Location');
  } catch {
    // It is over, or the server took too long for a flood.
    return null;
  }
}

/** As of a browser, with payload types of its own. */
function offerOf(random: SeededRandom): string {
  const video = 96 + below(random, 15);
  const audio = 112 + below(random, 15);
  const section = (kind: string, payload: number, rows: readonly string[]): string[] => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payload}`,
    ...['c=IN IP4 0.0.0.0', 'a=ice-ufrag:flood', 'a=ice-pwd:floodfloodfloodfloodflood'],
    `a=fingerprint:sha-256 ${new Array<string>(32).fill('AB').join(':')}`,
    ...['a=setup:actpass', `a=mid:${kind}`, 'a=recvonly', 'a=rtcp-mux'],
    ...rows.map((row) => row.replace('%', String(payload))),
  ];
  return [
    ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE video audio'],
    ...section('video', video, [
      'a=rtpmap:% H264/90000',
      'a=fmtp:% level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    ]),
    ...section('audio', audio, ['a=rtpmap:% opus/48000/2']),
    '',
  ].join('\r\n');
}

/** Again and again, some at a time, until the time is over. */
function players(
  name: string,
  portion: (scene: Scene, signal: AbortSignal, random: SeededRandom) => Promise<number>,
): Flood {
  return {
    name,
    async run({ scene, signal, random }) {
      let tried = 0;
      await inParallel(new Array<null>(WORKERS).fill(null), WORKERS, async () => {
        while (!signal.aborted && scene.running) tried += await portion(scene, signal, random);
      });
      return tried;
    },
  };
}

export const PLAYERS: readonly Flood[] = [
  players('players that join, say things and never connect', async (scene, signal, random) => {
    const post = { method: 'POST', path: PATH, type: SDP, body: offerOf(random) };
    const location = await ask(scene, signal, post);
    if (location === null) return 1;
    const patch = { method: 'PATCH', path: location, type: FRAGMENT };
    const candidates = 'a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n'.repeat(50);
    const credentials = `a=ice-ufrag:f${below(random, 1_000_000)}\r\na=ice-pwd:${'x'.repeat(24)}\r\n`;
    for (const body of [candidates, `${credentials}m=video 9 RTP/AVP 0\r\n${candidates}`, 'x']) {
      await ask(scene, signal, { ...patch, body });
    }
    // Every second one goes without a word.
    if (below(random, 2) === 0) {
      await ask(scene, signal, { method: 'DELETE', path: location, type: SDP, body: '' });
    }
    return 5;
  }),
  players('offers of players that are none', async (scene, signal, random) => {
    const whole = offerOf(random);
    const at = below(random, whole.length);
    const bodies = [
      whole.slice(0, at),
      whole.replaceAll(/\d/g, () => String(below(random, 10))),
      `${whole}${'a=x\r\n'.repeat(8_000)}`,
      `${whole}${whole.slice(whole.indexOf('m='))}`,
      '\0'.repeat(1 + at),
    ];
    const body = bodies[below(random, bodies.length)] ?? '';
    await ask(scene, signal, { method: 'POST', path: PATH, type: SDP, body });
    return 1;
  }),
];
