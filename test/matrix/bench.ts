/** A demo host and a session to it, for one row of the matrix. */
import { DemoHost } from '../../src/demo-host/demo-host.js';
import {
  createIdentity as createHostIdentity,
  type HostIdentity,
} from '../../src/demo-host/identity.js';
import type { AppSource, DemoHostOptions } from '../../src/demo-host/options.js';
import { silentLog } from '../../src/core/log.js';
import type { FaultProfile } from '../../src/moonlight/datagram.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { pair } from '../../src/moonlight/pairing/pair.js';
import { MoonlightSession } from '../../src/moonlight/session.js';
import {
  VIDEO_FORMAT,
  type AudioChannels,
  type ClientIdentity,
  type StreamSettings,
} from '../../src/moonlight/types.js';
import { STREAM_SETTINGS } from '../support/stream-settings.js';
import { CLIP } from './clips.js';

const PIN = '1357';
/** The demo host has two apps of its own. */
const CLIP_APP = 3;
const FORMATS = {
  h264: { 8: VIDEO_FORMAT.H264, 10: VIDEO_FORMAT.H264 },
  h265: { 8: VIDEO_FORMAT.H265, 10: VIDEO_FORMAT.H265_MAIN10 },
  av1: { 8: VIDEO_FORMAT.AV1_MAIN8, 10: VIDEO_FORMAT.AV1_MAIN10 },
} as const;

/** What a client can ask for that wants just this source. */
function settingsFor(source: AppSource): { videoFormats: number; hdr: boolean } {
  if (source.kind !== 'clip') return { videoFormats: VIDEO_FORMAT.H264, hdr: false };
  const bitDepth = source.bitDepth ?? 8;
  return { videoFormats: FORMATS[source.codec][bitDepth], hdr: bitDepth === 10 };
}

let identities: Promise<{ host: HostIdentity; client: ClientIdentity }> | null = null;

async function createIdentities(): Promise<{ host: HostIdentity; client: ClientIdentity }> {
  const [host, client] = await Promise.all([createHostIdentity(), createIdentity()]);
  return { host, client };
}

export interface BenchOptions {
  readonly source: AppSource;
  readonly host: DemoHostOptions;
  readonly channels: AudioChannels;
  readonly wish: { readonly audio: boolean; readonly video: boolean };
  readonly faults: FaultProfile | null;
  readonly seed: number;
  /** kbit/s. */
  readonly bitrate?: number;
}

export interface Bench {
  readonly host: DemoHost;
  readonly session: MoonlightSession;
  readonly close: () => Promise<void>;
}

/** Opens the host, pairs, and makes a session that is not started yet. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  const { host: identity, client } = await (identities ??= createIdentities());
  const log = silentLog();
  const { source, faults, seed } = options;
  const host = await DemoHost.start({
    ...options.host,
    identity,
    httpPort: 0,
    pin: PIN,
    apps: [{ title: 'Clip', source }],
  });
  try {
    const { httpPort } = host;
    const address = '127.0.0.1';
    const paired = await pair({ address, httpPort, identity: client, pin: PIN, log });
    const settings: StreamSettings = {
      ...STREAM_SETTINGS,
      ...CLIP,
      bitrate: options.bitrate ?? STREAM_SETTINGS.bitrate,
      ...settingsFor(source),
      audioChannels: options.channels,
      encryptAudio: options.wish.audio,
      encryptVideo: options.wish.video,
    };
    const session = new MoonlightSession({
      host: paired,
      identity: client,
      appId: CLIP_APP,
      settings,
      log,
      faults: faults === null ? undefined : { seed, incoming: faults },
    });
    const close = async (): Promise<void> => {
      await session.close();
      await host.close();
    };
    return { host, session, close };
  } catch (error) {
    await host.close();
    throw error;
  }
}
