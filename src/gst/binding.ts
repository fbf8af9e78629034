/**
 * The binding layer. What node-gtk's declarations leave untyped gets its type here and nowhere
 * else: `emit`, properties of plugin elements, values inside structures.
 */
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { GObject, Gst, GstRuntime, GstWebRTC, Nice } from './runtime.js';

/** `appsrc` properties that are read while it runs. */
export interface AppSrcElement extends Gst.Element {
  readonly currentLevelBytes: bigint;
  readonly currentLevelTime: bigint;
  pushBuffer(buffer: Gst.Buffer): number;
  endOfStream(): number;
}

export interface FileSinkElement extends Gst.Element {
  location: string;
}

/** `valve`: what comes while it drops is thrown away. */
export interface ValveElement extends Gst.Element {
  drop: boolean;
}

export interface CapsFilterElement extends Gst.Element {
  caps: Gst.Caps;
}

export interface QueueElement extends Gst.Element {
  readonly currentLevelBuffers: number;
  readonly maxSizeBuffers: number;
  readonly currentLevelTime: bigint;
  /** Nothing leaves before so many are in it. */
  minThresholdBuffers: number;
}

export interface NiceSinkElement extends Gst.Element {
  readonly agent: Nice.Agent;
  readonly stream: number;
}

/** `dtlsdec`, and `dtlssrtpdec` around one. */
export interface DtlsDecoder extends Gst.Element {
  /** Certificate and private key. */
  pem: string;
  /** The other end's certificate; null before it has shown one. Copied without a lock. */
  readonly peerPem: string | null;
}

export interface WebRtcElement extends Gst.Bin {
  stunServer: string;
  iceTransportPolicy: GstWebRTC.WebRTCICETransportPolicy;
  readonly connectionState: GstWebRTC.WebRTCPeerConnectionState;
  readonly iceGatheringState: GstWebRTC.WebRTCICEGatheringState;
  readonly iceConnectionState: GstWebRTC.WebRTCICEConnectionState;
}

export type Transceiver = GstWebRTC.WebRTCRTPTransceiver & {
  doNack: boolean;
  codecPreferences: Gst.Caps;
  direction: GstWebRTC.WebRTCRTPTransceiverDirection;
};

/** A signal handler: node-gtk hands over whatever the signal carries. */
export type Handler = (...values: never[]) => void;

/** Emits an action signal. */
export function emit(source: unknown, signal: string, ...values: readonly unknown[]): unknown {
  return (source as { emit(name: string, ...values: readonly unknown[]): unknown }).emit(
    signal,
    ...values,
  );
}

/** The next message of one of these kinds; throws all others away. */
export function popFiltered(bus: Gst.Bus, kinds: readonly number[]): Gst.Message | null {
  const mask = kinds.reduce((all, kind) => all | kind, 0);
  return (bus as unknown as { popFiltered(mask: number): Gst.Message | null }).popFiltered(mask);
}

/** A graph in Graphviz's language, with the given details. */
export function dotOf(runtime: GstRuntime, bin: Gst.Bin, details: readonly number[]): string {
  const mask = details.reduce((all, detail) => all | detail, 0);
  const gst = runtime.namespaces.Gst as unknown as {
    readonly debugBinToDotData: (bin: Gst.Bin, mask: number) => string;
  };
  return gst.debugBinToDotData(bin, mask);
}

/** Questions that GStreamer has not answered yet. */
const owed = new Map<number, { promise: Gst.Promise | null; answered(): void }>();
let nextQuestion = 1;

/**
 * The change function must reach nothing but this number. A promise keeps it for ever, and with it
 * everything in the same scope: a webrtcbin in there would never be freed.
 */
function promiseFor(runtime: GstRuntime, question: number): Gst.Promise {
  // It runs while a GStreamer thread waits: hand over and leave.
  return runtime.namespaces.Gst.Promise.newWithChangeFunc(() => {
    setImmediate(() => owed.get(question)?.answered());
  });
}

/**
 * Emits an action that answers through a GstPromise.
 *
 * @param milliseconds deadline, after which it rejects with `late`
 * @returns the reply
 */
export function ask(
  runtime: GstRuntime,
  source: unknown,
  signal: string,
  values: readonly unknown[],
  milliseconds: number,
  late: ErrorCode = 'TIMEOUT',
): Promise<Gst.Structure | null> {
  const question = nextQuestion++;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new MoonteeError(late, `${signal} was not answered within ${milliseconds} ms`));
    }, milliseconds);
    const entry = {
      promise: promiseFor(runtime, question) as Gst.Promise | null,
      answered: () => {
        clearTimeout(timer);
        owed.delete(question);
        const reply = entry.promise?.getReply() ?? null;
        entry.promise = null;
        const failure = reply && readError(runtime, reply);
        if (failure) reject(new MoonteeError('PIPELINE_FAILED', `${signal}: ${failure}`));
        else resolve(reply);
      },
    };
    // Kept beyond the deadline: the answer may still come.
    owed.set(question, entry);
    try {
      emit(source, signal, ...values, entry.promise);
    } catch (error) {
      clearTimeout(timer);
      owed.delete(question);
      reject(MoonteeError.from(error, 'PIPELINE_FAILED'));
    }
  });
}

function readError(runtime: GstRuntime, reply: Gst.Structure): string | null {
  if (!reply.hasField('error')) return null;
  const text = textOf(runtime, reply);
  return /message=\(string\)(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(text)?.[1] ?? text;
}

/** Made once and never let go: node-gtk would free them with another allocator than it made them. */
let values: { readonly structure: GObject.Value; readonly text: GObject.Value } | null = null;

/**
 * The text form of a structure. Its own `toString` is not used: node-gtk never frees a string that
 * a function returns to it, and these are kilobytes, once a second and viewer.
 */
export function textOf(runtime: GstRuntime, structure: Gst.Structure): string {
  const { GObject } = runtime.namespaces;
  values ??= { structure: new GObject.Value(), text: new GObject.Value() };
  values.structure.init(GObject.typeFromName('GstStructure'));
  values.text.init(GObject.typeFromName('gchararray'));
  try {
    values.structure.setBoxed(structure);
    return values.structure.transform(values.text) ? orEmpty(values.text.getString()) : '';
  } finally {
    values.structure.unset();
    values.text.unset();
  }
}

/** What the typelibs of GLib 2.84 and later may give as null, and earlier ones never. */
function orEmpty(text: string | null): string {
  return text ?? '';
}

/** A boxed session description out of an offer's or answer's reply. */
export function descriptionOf(
  reply: Gst.Structure | null,
  field: 'offer' | 'answer',
): GstWebRTC.WebRTCSessionDescription {
  if (!reply?.hasField(field)) {
    throw new MoonteeError('PIPELINE_FAILED', `The peer connection made no ${field}`);
  }
  const value = reply.getValue(field) as unknown as { getBoxed(): unknown };
  return value.getBoxed() as GstWebRTC.WebRTCSessionDescription;
}

/** Parses SDP text that has been validated before. */
export function parseDescription(
  runtime: GstRuntime,
  type: 'offer' | 'answer',
  text: string,
): GstWebRTC.WebRTCSessionDescription {
  const { GstSdp, GstWebRTC } = runtime.namespaces;
  const [result, message] = GstSdp.SDPMessage.newFromText(text);
  if (result !== GstSdp.SDPResult.OK) {
    throw new MoonteeError('VIEWER_SDP_INVALID', 'The session description does not parse');
  }
  const kind = type === 'offer' ? GstWebRTC.WebRTCSDPType.OFFER : GstWebRTC.WebRTCSDPType.ANSWER;
  return GstWebRTC.WebRTCSessionDescription.new(kind, message);
}

/** Every element below a bin. Iterators throw in node-gtk, children by index do not. */
export function* descendants(bin: Gst.Bin): Generator<Gst.Element> {
  for (let index = 0; index < bin.getChildrenCount(); index += 1) {
    const child = bin.getChildByIndex(index) as unknown as Gst.Element | null;
    if (!child) continue;
    yield child;
    if ('getChildByIndex' in child) yield* descendants(child as Gst.Bin);
  }
}
