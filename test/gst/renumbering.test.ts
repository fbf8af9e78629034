/** Peers that are left out for so many packets that SRTP would take the next one for a replay. */
import test, { type ExecutionContext } from 'ava';
import type { AppSrcElement } from '../../src/gst/binding.js';
import { PeerBranch, type MediaKind, type Tap } from '../../src/gst/webrtc/branch.js';
import { DtlsCertificate } from '../../src/gst/webrtc/dtls-certificate.js';
import { fillTemplate, loadTemplate } from '../../src/gst/launch-template.js';
import { mediaFormat } from '../../src/gst/media-format.js';
import { PayloadGroups } from '../../src/gst/payload-groups.js';
import { WebRtcPeer } from '../../src/gst/webrtc/peer.js';
import { chooseTimestamps, type PayloaderElement } from '../../src/gst/renumbering.js';
import { gstRuntime, type Gst } from '../../src/gst/runtime.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';

let clip: Clip;
let receivers: ReceiverProcess;

test.before(async () => {
  [clip, receivers] = await Promise.all([encodeClip(), ReceiverProcess.start()]);
});

test.after.always(() => receivers.kill());

/** A stream with one viewer, whose branch the test has in its hands. */
class Scene {
  readonly #pipeline: Gst.Pipeline;
  readonly #lastPts = { video: -1, audio: -1 };
  readonly player: Player;
  readonly branch: PeerBranch;
  readonly peer: WebRtcPeer;
  #awaited: (() => void) | null = null;

  constructor(t: ExecutionContext) {
    const runtime = gstRuntime();
    const { Gst } = runtime.namespaces;
    const format = mediaFormat(runtime, STREAM.video, STREAM.audio);
    const release = runtime.hold();
    const pipeline = runtime.parse(
      [
        fillTemplate(loadTemplate(format.videoTemplate), format.videoValues),
        fillTemplate(loadTemplate(format.audioTemplate), format.audioValues),
      ].join('\n'),
    );
    this.#pipeline = pipeline;
    const tap = (kind: MediaKind): Tap => {
      const payloader = this.payloader(kind);
      chooseTimestamps(payloader);
      return { tee: this.#element(`${kind}-tee`), payloader, caps: null };
    };
    const taps = { video: tap('video'), audio: tap('audio') };
    this.branch = new PeerBranch(runtime, { pipeline, taps }, format);
    const groups = new PayloadGroups({
      ...{ runtime, pipeline, mtu: STREAM.mtu, stereo: null, log: STREAM.log },
      requestKeyframe: () => this.player.keyframe(),
    });
    pipeline.setState(Gst.State.PLAYING);
    this.peer = new WebRtcPeer(
      'viewer',
      {
        runtime,
        format,
        network: STREAM.network,
        certificate: new DtlsCertificate(runtime, STREAM.dtlsIdentityPem),
        ...{ signaling: 'socket', isOutput: false, taps, groups },
        keyframeComing: () => undefined,
        videoPackets: () => 0,
        needKeyframe: () => this.player.keyframe(),
        removed: () => undefined,
      },
      this.branch,
      STREAM.log,
    );
    this.player = new Player(clip, {
      runningTime: 0,
      pushVideo: ({ data, idr }) => {
        if (idr) {
          this.peer.keyframeComing();
          this.#awaited?.();
          this.#awaited = null;
        }
        this.#push('video', data);
      },
      pushAudio: ({ data }) => this.#push('audio', data),
    });
    t.teardown(async () => {
      this.player.stop();
      await this.peer.close();
      pipeline.setState(Gst.State.NULL);
      release();
    });
  }

  payloader(kind: MediaKind): PayloaderElement {
    return this.#element(`${kind}-pay`) as PayloaderElement;
  }

  #element(name: string): Gst.Element {
    return this.#pipeline.getByName(name) as Gst.Element;
  }

  #push(kind: MediaKind, data: Buffer): void {
    const { Gst } = gstRuntime().namespaces;
    const now = Number(this.#pipeline.getCurrentRunningTime());
    this.#lastPts[kind] = Math.max(now, this.#lastPts[kind] + 1);
    const buffer = Gst.Buffer.newWrapped(data as unknown as number[]);
    buffer.pts = BigInt(this.#lastPts[kind]);
    (this.#element(`${kind}-source`) as AppSrcElement).pushBuffer(buffer);
  }

  /** Lets so many packets pass by, of whatever. */
  async pass(kind: MediaKind, count: number): Promise<void> {
    const payloader = this.payloader(kind);
    const unit =
      kind === 'video'
        ? Buffer.concat([Buffer.from('000000010c', 'hex'), Buffer.alloc(1_000_000, 0xff)])
        : (clip.audio[0] ?? Buffer.alloc(0));
    const batch = kind === 'video' ? 1 : 500;
    for (let passed = 0; passed < count;) {
      const before = payloader.seqnum;
      for (let i = 0; i < batch; i += 1) this.#push(kind, unit);
      await until('packets', () => payloader.seqnum !== before);
      passed += (payloader.seqnum - before + 65_536) % 65_536;
    }
  }

  /** Links a medium again as a feed does: video with the key frame that comes next. */
  async comeBack(kind: MediaKind): Promise<void> {
    if (kind === 'video') {
      await new Promise<void>((resolve) => {
        this.#awaited = resolve;
        this.player.keyframe();
      });
    }
    this.branch.link(kind);
  }
}

async function scene(t: ExecutionContext): Promise<{ scene: Scene; receiver: ReceivingPeer }> {
  const made = new Scene(t);
  const receiver = receivers.open(t.title, [], { bindAddress: '127.0.0.1' });
  await connect(made.peer, receiver);
  await receiver.until(({ video, audio }) => video.markers > 10 && audio.packets > 10);
  return { scene: made, receiver };
}

for (const kind of ['video', 'audio'] as const) {
  test.serial(`${kind} that was left out for any number of packets comes again`, async (t) => {
    t.timeout(240_000);
    const { scene: made, receiver } = await scene(t);
    for (const count of [3_000, 40_000, 20_000, 50_000, 65_000, 90_000]) {
      made.branch.unlink(kind);
      await made.pass(kind, count);
      const before = (await receiver.stats())[kind];
      await made.comeBack(kind);
      const after = await receiver.until((stats) => stats[kind].packets > before.packets + 100);
      t.is(made.peer.state, 'connected');
      // A gap as it is, while SRTP can follow it; none worth mentioning otherwise.
      const lost = after[kind].lost - before.lost;
      t.true(lost <= 8192 + receivers.kernelDrops(), `${lost} of ${count}`);
      t.is(after[kind].reordered, before.reordered);
    }
    const { video, audio } = await receiver.stats();
    await receiver.until(
      (stats) =>
        stats.video.markers > video.markers + 60 && stats.audio.packets > audio.packets + 50,
    );
  });
}
