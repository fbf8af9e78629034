import { isIP } from 'node:net';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { bracketed } from '../nvhttp/http.js';
import type { SessionUrl } from '../nvhttp/launch.js';
import type {
  AudioChannels,
  AudioLayout,
  NegotiatedStream,
  StreamSettings,
  VideoCodec,
} from '../types.js';
import { announcementBody, isLocalAddress, wirePacketSize } from './announce.js';
import { parseNumber, readDescription, type HostDescription } from './description.js';
import { chooseEncryption } from './encryption.js';
import { chooseAudio } from './opus-layout.js';
import { RtspClient } from './rtsp-client.js';
import type { RtspResponse } from './message.js';
import { RTSP_TIMERS, type RtspTimers } from './exchange.js';
import { chooseVideo } from './video-choice.js';

/** Characters of a ping payload that counts (gamestream.md §3.3). */
const PING_PAYLOAD_LENGTH = 16;
const DEFAULT_PORT = { audio: 48_000, video: 47_998, control: 47_999 } as const;
const NEVER_MODIFIED = ['If-Modified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'] as const;
/** A constant of the protocol; no host uses these ports. */
const CLIENT_PORTS = 'unicast;X-GS-ClientPort=50000-50001';
const CONTROL_TARGET = 'streamid=control/13/0';

/** The source of one media stream. */
interface MediaEndpoint {
  readonly port: number;
  /** 16 characters that bind our pings to the session; null on hosts that match addresses. */
  readonly pingPayload: string | null;
}

export interface AudioSetup extends MediaEndpoint {
  readonly layout: AudioLayout;
  readonly encrypted: boolean;
}

export interface HandshakeOptions {
  readonly url: SessionUrl;
  /** IP address that the host was reached at. */
  readonly address: string;
  readonly rikey: Buffer;
  readonly settings: StreamSettings;
  /** ServerCodecModeSupport of the host. */
  readonly serverModes: number;
  readonly playable: readonly VideoCodec[];
  /** Called as soon as the audio port is known: pings start long before PLAY. */
  readonly onAudio: (audio: AudioSetup) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly timers?: RtspTimers | undefined;
}

export interface HandshakeResult {
  readonly stream: NegotiatedStream;
  readonly video: MediaEndpoint;
  readonly control: { readonly port: number; readonly connectData: number };
  /** As announced; hosts may use less. */
  readonly packetSize: number;
}

/**
 * The seven RTSP requests (gamestream.md §3.2): what host and client agree on.
 *
 * @throws MoonteeError RTSP_FAILED with `details.error_code`, ENCRYPTION_REQUIRED,
 *   CODEC_UNAVAILABLE, CLOSED (aborted)
 */
export async function performHandshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const { settings, log } = options;
  const { client, target } = connection(options);
  await client.request('OPTIONS', target);
  const description = await describe(client, target);
  const video = chooseVideo({
    formats: settings.videoFormats,
    serverModes: options.serverModes,
    description,
    playable: options.playable,
  });
  const encryption = chooseEncryption(description, {
    video: settings.encryptVideo,
    audio: settings.encryptAudio,
  });
  const tracks = await setUp(client, description, encryption.audio, options);
  const { referenceFrameInvalidation, featureFlags } = description;
  const body = announcementBody({
    settings,
    video,
    audio: tracks.audio,
    encryption,
    referenceFrameInvalidation,
    refreshRateX100: 0,
    address: options.address,
    local: isLocalAddress(options.address),
    videoPort: tracks.video.port,
  });
  await client.request('ANNOUNCE', CONTROL_TARGET, [['Content-type', 'application/sdp']], body);
  await client.request('PLAY', '/');

  const { width, height, fps, colorSpace, colorRangeFull } = settings;
  const stream: NegotiatedStream = {
    video: { ...video, width, height, fps, colorSpace, colorRangeFull },
    audio: tracks.audio.layout,
    encryption: {
      rtsp: options.url.encrypted,
      control: encryption.control,
      audio: encryption.audio,
      video: encryption.video,
    },
    hostFeatures: {
      touchAndPen: (featureFlags & 1) !== 0,
      padTouchAndMotion: (featureFlags & 2) !== 0,
      referenceFrameInvalidation,
      sessionsByAddress: tracks.marksNothing,
    },
  };
  const { channels } = tracks.audio.layout;
  log.info({ ...video, ...stream.encryption, channels }, 'stream agreed');
  return {
    stream,
    video: tracks.video,
    control: tracks.control,
    packetSize: wirePacketSize(settings.packetSize, encryption.video),
  };
}

/** The client, and the URL by which the host finds the session. */
function connection(options: HandshakeOptions): { client: RtspClient; target: string } {
  const { url, address } = options;
  const host = isIP(url.host.replace(/^\[|\]$/g, '')) === 0 ? bracketed(address) : url.host;
  // Hosts find the session by this URL. Wolf refuses names in it.
  const target = host === url.host ? url.text : url.text.replace(url.host, host);
  const client = new RtspClient({
    address,
    port: url.port,
    host,
    key: url.encrypted ? options.rikey : null,
    timers: options.timers ?? RTSP_TIMERS,
    signal: options.signal,
  });
  return { client, target };
}

/** @throws MoonteeError RTSP_FAILED if the host describes nothing */
async function describe(client: RtspClient, target: string): Promise<HostDescription> {
  const described = await client.request('DESCRIBE', target, [
    ['Accept', 'application/sdp'],
    NEVER_MODIFIED,
  ]);
  if (described.body === '') {
    throw new MoonteeError('RTSP_FAILED', 'Empty stream description from the host', {
      details: { error_code: -1 },
    });
  }
  return readDescription(described.body);
}

interface Tracks {
  readonly audio: ReturnType<typeof chooseAudio>;
  readonly video: MediaEndpoint;
  readonly control: HandshakeResult['control'];
  /** The host does not mark sessions, and must distinguish them by address. */
  readonly marksNothing: boolean;
}

/** The three SETUP requests: ports, and what each is marked with. */
async function setUp(
  client: RtspClient,
  description: HostDescription,
  encryptAudio: boolean,
  { settings, onAudio }: HandshakeOptions,
): Promise<Tracks> {
  const setup = [['Transport', CLIENT_PORTS], NEVER_MODIFIED] as const;
  const audioSetup = await client.request('SETUP', 'streamid=audio/0/0', setup);
  client.session = sessionToken(audioSetup);
  const audioEndpoint = mediaEndpoint(audioSetup, DEFAULT_PORT.audio);
  const isUnmarked = !description.encryptionSwitches && audioEndpoint.pingPayload === null;
  const audio = chooseAudio(
    isUnmarked ? { ...settings, audioChannels: atMostSix(settings.audioChannels) } : settings,
    description.surroundParams,
  );
  onAudio({ ...audioEndpoint, layout: audio.layout, encrypted: encryptAudio });
  const videoSetup = await client.request('SETUP', 'streamid=video/0/0', setup);
  const video = mediaEndpoint(videoSetup, DEFAULT_PORT.video);
  const controlSetup = await client.request('SETUP', CONTROL_TARGET, setup);
  const connectData = controlSetup.headers.get('x-ss-connect-data');
  return {
    audio,
    video,
    control: {
      port: serverPort(controlSetup, DEFAULT_PORT.control),
      connectData: parseNumber(connectData ?? ''),
    },
    marksNothing: isUnmarked && video.pingPayload === null && connectData === undefined,
  };
}

/** Hosts that mark no sessions (Wolf of 2024) end their RTSP server when asked for eight channels. */
function atMostSix(channels: AudioChannels): AudioChannels {
  return channels === 8 ? 6 : channels;
}

/** The token is part of later requests, so it must be short and harmless. */
function sessionToken({ headers }: RtspResponse): string {
  const token = headers.get('session')?.split(';')[0]?.trim() ?? '';
  if (/^[\x21-\x7e]{1,64}$/.test(token)) return token;
  throw new MoonteeError('RTSP_FAILED', 'The host gave no usable RTSP session', {
    details: { error_code: -1 },
  });
}

function serverPort({ headers }: RtspResponse, fallback: number): number {
  const digits = /server_port=(\d{1,5})/.exec(headers.get('transport') ?? '')?.[1];
  const port = Number(digits ?? 0);
  return port >= 1 && port <= 0xffff ? port : fallback;
}

function mediaEndpoint(response: RtspResponse, defaultPort: number): MediaEndpoint {
  const payload = response.headers.get('x-ss-ping-payload') ?? '';
  return {
    port: serverPort(response, defaultPort),
    pingPayload: payload.length === PING_PAYLOAD_LENGTH ? payload : null,
  };
}
