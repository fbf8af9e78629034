/**
 * A viewer that has an association of data channels like any other, and then puts packets of its own
 * making into its DTLS connection. A process of its own: whoever counts threads counts the other side's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ask,
  descendants,
  descriptionOf,
  emit,
  parseDescription,
  type Handler,
  type WebRtcElement,
} from '../../src/gst/binding.js';
import { descriptionText } from '../../src/gst/webrtc/description-text.js';
import { insertTap, type TapElement } from '../../src/gst/webrtc/ingress.js';
import { configureAgent } from '../../src/gst/webrtc/network.js';
import { gstRuntime, type Gst } from '../../src/gst/runtime.js';
import { LOOPBACK } from './receiver-connect.js';
import { hostileSctp, observe, type Association, type HostileSctp } from './sctp-packets.js';

export type ToAttacker =
  | { readonly type: 'offer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: string }
  | { readonly type: 'attack'; readonly attack: HostileSctp };

export type FromAttacker =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: string }
  | { readonly type: 'associated' }
  /** All of the attack has been sent. */
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly reason: string };

/** Milliseconds for GStreamer to answer. */
const PATIENCE = 20_000;
/** Milliseconds between two bursts. */
const PAUSE = 200;
/** Bytes of a packet that are looked at. */
const HEAD = 400;

const runtime = gstRuntime();
runtime.hold();
const { Gst: gst, GstWebRTC } = runtime.namespaces;
const pipeline = gst.Pipeline.new('attacker');
const webrtc = gst.ElementFactory.make('webrtcbin', null) as WebRtcElement & {
  bundlePolicy: number;
};
const association: Association = { ports: 0, verificationTag: 0, nextTsn: 0, heardTsn: 0 };
let taps: { readonly out: TapElement; readonly in: TapElement } | null = null;

function tell(message: FromAttacker): void {
  if (process.connected) process.send?.(message);
}

function find(prefix: string): Gst.Element | undefined {
  return [...descendants(webrtc)].find(({ name }) => name.startsWith(prefix));
}

function listen(source: unknown, signal: string, handler: Handler): void {
  (source as { connect(name: string, handler: Handler): number }).connect(signal, handler);
}

function tap(prefix: string, padName: string, incoming: boolean): TapElement {
  const identity = insertTap(runtime, find(prefix), padName);
  if (!identity) throw new Error(`${prefix} has nothing in front of it`);
  listen(identity, 'handoff', (buffer: Gst.Buffer) => {
    const size = Math.min(HEAD, Number(buffer.getSize()));
    observe(association, Buffer.from(buffer.extractDup(0, size)), incoming);
  });
  identity.signalHandoffs = true;
  return identity;
}

async function answer(sdp: string): Promise<void> {
  const offer = parseDescription(runtime, 'offer', sdp);
  await ask(runtime, webrtc, 'set-remote-description', [offer], PATIENCE);
  const options = gst.Structure.newEmpty('options');
  const reply = await ask(runtime, webrtc, 'create-answer', [options], PATIENCE);
  taps = { out: tap('dtlssrtpenc', 'data_sink', false), in: tap('sctpdec', 'sink', true) };
  listen(find('sctpenc'), 'sctp-association-established', (up: boolean) => {
    if (up) setImmediate(() => tell({ type: 'associated' }));
  });
  configureAgent(runtime, webrtc, LOOPBACK);
  const description = descriptionOf(reply, 'answer');
  await ask(runtime, webrtc, 'set-local-description', [description], PATIENCE);
  tell({ type: 'answer', sdp: descriptionText(description.sdp) });
}

async function attack(kind: HostileSctp): Promise<void> {
  // Its own SCTP would give the association up: it hears of messages that it has not sent.
  if (taps) taps.in.dropProbability = 1;
  for (const burst of hostileSctp(kind, association)) {
    for (const packet of burst) {
      const buffer = gst.Buffer.newWrapped(packet as unknown as number[]);
      taps?.out.getStaticPad('src')?.push(buffer);
    }
    await delay(PAUSE);
  }
  tell({ type: 'done' });
}

async function handle(message: ToAttacker): Promise<void> {
  if (message.type === 'offer') await answer(message.sdp);
  else if (message.type === 'candidate') emit(webrtc, 'add-ice-candidate', 0, message.candidate);
  else await attack(message.attack);
}

webrtc.bundlePolicy = GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE;
pipeline.add(webrtc);
pipeline.setState(gst.State.PLAYING);
listen(webrtc, 'on-ice-candidate', (_line: number, candidate: string) => {
  setImmediate(() => tell({ type: 'candidate', candidate }));
});
process.on('message', (message: ToAttacker) => {
  handle(message).catch((error: unknown) => tell({ type: 'failed', reason: String(error) }));
});
process.on('disconnect', () => process.exit(0));
tell({ type: 'ready' });
