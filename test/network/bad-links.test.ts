/** A viewer behind a bad network beside a healthy one. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { formatCandidate, parseCandidate } from '../../src/gst/sdp.js';
import type { Peer, PeerQuality, StreamPipeline } from '../../src/gst/types.js';
import type { MoonteeError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import type { StreamServerMessage } from '../../src/signaling/messages.js';
import { ChildViewer } from '../../src/streamer/child-viewer.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { LossyLink, type LinkCondition } from './lossy-link.js';

const NARROW: LinkCondition = { rate: 1_000_000, loss: 0.05, queue: 200 };
const OPEN: LinkCondition = { rate: 1e9, loss: 0, queue: 1_000 };
const CUT: LinkCondition = { ...OPEN, loss: 1 };

let receivers: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;

test.before(async () => {
  receivers = await ReceiverProcess.start();
  // Several times of what the narrow link carries.
  const clip = await encodeClip({ frames: 120, gop: 120, bitrate: 4_000_000 });
  pipeline = await createStreamPipeline(STREAM);
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await receivers.kill();
});

/** Our candidates lead over a link; the receiver's own are kept from us. */
class Detour {
  link: LossyLink | null = null;
  readonly #receiver: ReceivingPeer;
  readonly #condition: LinkCondition;

  constructor(t: ExecutionContext, receiver: ReceivingPeer, condition: LinkCondition) {
    this.#receiver = receiver;
    this.#condition = condition;
    t.teardown(() => this.link?.close());
  }

  async candidate(line: string): Promise<void> {
    const parsed = parseCandidate(line);
    if (!parsed) throw new Error(line);
    this.link ??= await LossyLink.open(parsed.port, this.#condition);
    const port = this.link.port;
    this.#receiver.addCandidate(formatCandidate({ ...parsed, port }), 'video0');
  }
}

function receiver(id: string): ReceivingPeer {
  return receivers.open(id, [], { bindAddress: '127.0.0.1' });
}

/** Without the candidates that a description may bring along. */
function bare(sdp: string): string {
  return sdp.replaceAll(/a=candidate:.*\r\n/g, '');
}

test.serial('a viewer whose network goes away is stalled, and closed with a reason', async (t) => {
  const victim = receiver('victim');
  const peer = await pipeline.addPeer('victim');
  const detour = new Detour(t, victim, OPEN);
  const failures: MoonteeError[] = [];
  const failed = new Promise<void>((resolve) => {
    const viewer = new ChildViewer({
      peer,
      log: silentLog(),
      connected: () => undefined,
      fail: (error) => {
        failures.push(error);
        resolve();
      },
      stallDeadline: 500,
      send: (message) => void signal(message),
    });
    async function signal(message: StreamServerMessage): Promise<void> {
      if (typeof message === 'string' || !('Signaling' in message)) return;
      if ('AddIceCandidate' in message.Signaling) {
        await detour.candidate(message.Signaling.AddIceCandidate.candidate);
        return;
      }
      const sdp = bare(await victim.offer(message.Signaling.Description.sdp));
      viewer.receive({ Signaling: { Description: { ty: 'answer', sdp } } });
    }
    t.teardown(() => viewer.close());
    viewer.start();
  });
  await victim.until((stats) => stats.video.markers >= 30);
  t.deepEqual(failures, []);
  if (detour.link) detour.link.condition = CUT;
  await failed;
  t.is(failures[0]?.code, 'VIEWER_STALLED');
});
