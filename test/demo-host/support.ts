/** A client of the demo host written from gamestream.md, apart from Moontee's own. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSign,
  createVerify,
  randomBytes,
  randomInt,
  X509Certificate,
} from 'node:crypto';
import { once } from 'node:events';
import { get as httpGet, request as httpRequest } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect } from 'node:net';
import type { ExecutionContext } from 'ava';
import { DemoHost } from '../../src/demo-host/demo-host.js';
import {
  createIdentity as createHostIdentity,
  type HostIdentity,
} from '../../src/demo-host/identity.js';
import type { DemoHostOptions } from '../../src/demo-host/options.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import type { ClientIdentity } from '../../src/moonlight/types.js';

/** Milliseconds that anything may take on a machine that others use too. */
export const DEADLINE = 30_000;

export const PIN = '1234';

let hostIdentity: Promise<HostIdentity> | null = null;
const clientIdentities: Promise<ClientIdentity>[] = [];

/** Identities are made once a process: RSA keys are slow. */
export function clientIdentity(index = 0): Promise<ClientIdentity> {
  clientIdentities[index] ??= createIdentity();
  return clientIdentities[index];
}

export async function startHost(
  t: ExecutionContext,
  options: DemoHostOptions = {},
): Promise<DemoHost> {
  hostIdentity ??= createHostIdentity();
  const identity = await hostIdentity;
  const host = await DemoHost.start({ httpPort: 0, pin: PIN, identity, ...options });
  t.teardown(() => host.close());
  return host;
}

/** Polls until `condition` holds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Not within ${DEADLINE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly text: string;
}

export async function http(port: number, path: string): Promise<HttpAnswer> {
  return answer(httpGet({ host: '127.0.0.1', port, path, agent: false, timeout: DEADLINE }));
}

export async function post(
  port: number,
  path: string,
  body: string,
  type = 'application/json',
): Promise<HttpAnswer> {
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': type },
    timeout: DEADLINE,
  });
  request.end(body);
  return answer(request);
}

export async function https(
  port: number,
  path: string,
  identity: ClientIdentity | null,
): Promise<HttpAnswer> {
  const credentials =
    identity === null ? {} : { cert: identity.certificatePem, key: identity.privateKeyPem };
  return answer(
    httpsGet({
      host: '127.0.0.1',
      port,
      path,
      agent: false,
      rejectUnauthorized: false,
      timeout: DEADLINE,
      ...credentials,
    }),
  );
}

async function answer(request: ReturnType<typeof httpRequest>): Promise<HttpAnswer> {
  request.on('timeout', () => request.destroy(new Error('no answer')));
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return {
    status: response.statusCode ?? 0,
    type: response.headers['content-type'] ?? '',
    body,
    text: body.toString('utf8'),
  };
}

/** The text of the first element of that name. */
export function element(xml: string, name: string): string | null {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? null;
}

export function statusCode(xml: string): number {
  return Number(/status_code="(\d+)"/.exec(xml)?.[1] ?? NaN);
}

const sha256 = (...parts: Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

const ecb = (key: Buffer, data: Buffer): Buffer => {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
};

const unecb = (key: Buffer, data: Buffer): Buffer => {
  const cipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
};

/** The last 256 bytes of an RSA-2048 certificate are its signature. */
export function signatureOf(pem: string): Buffer {
  return Buffer.from(new X509Certificate(pem).raw.subarray(-256));
}

export interface PairingResult {
  /** `paired` of phases 1 to 4. */
  readonly phases: readonly string[];
  readonly hostCertificate: string;
  readonly hostProven: boolean;
  readonly pinProven: boolean;
}

/** The five phases of §2.1 as a client walks through them. */
export async function pair(
  host: { httpPort: number; httpsPort: number },
  identity: ClientIdentity,
  pin = PIN,
): Promise<PairingResult> {
  const phases: string[] = [];
  const phase = async (query: string): Promise<string> => {
    const path = `/pair?uniqueid=${identity.uniqueId}&uuid=${randomBytes(16).toString('hex')}&devicename=roth&updateState=1&${query}`;
    const { text } = await http(host.httpPort, path);
    phases.push(element(text, 'paired') ?? text);
    return text;
  };
  const salt = randomBytes(16);
  const pemHex = Buffer.from(identity.certificatePem).toString('hex');
  const first = await phase(
    `phrase=getservercert&salt=${salt.toString('hex')}&clientcert=${pemHex}`,
  );
  const hostCertificate = Buffer.from(element(first, 'plaincert') ?? '', 'hex').toString();
  const key = sha256(salt, Buffer.from(pin)).subarray(0, 16);

  const challenge = randomBytes(16);
  const second = await phase(`clientchallenge=${ecb(key, challenge).toString('hex')}`);
  const plain = unecb(key, Buffer.from(element(second, 'challengeresponse') ?? '', 'hex'));
  const [serverHash, serverChallenge] = [plain.subarray(0, 32), plain.subarray(32, 48)];

  const clientSecret = randomBytes(16);
  const signature = signatureOf(identity.certificatePem);
  const clientHash = sha256(serverChallenge, signature, clientSecret);
  const third = await phase(`serverchallengeresp=${ecb(key, clientHash).toString('hex')}`);
  const pairingSecret = Buffer.from(element(third, 'pairingsecret') ?? '', 'hex');
  const [serverSecret, proof] = [pairingSecret.subarray(0, 16), pairingSecret.subarray(16)];
  const hostProven = createVerify('sha256').update(serverSecret).verify(hostCertificate, proof);
  const pinProven = sha256(challenge, signatureOf(hostCertificate), serverSecret).equals(
    serverHash,
  );

  const signed = createSign('sha256').update(clientSecret).sign(identity.privateKeyPem);
  await phase(`clientpairingsecret=${Buffer.concat([clientSecret, signed]).toString('hex')}`);
  return { phases, hostCertificate, hostProven, pinProven };
}

export async function pairedIdentity(host: DemoHost, index = 0): Promise<ClientIdentity> {
  const identity = await clientIdentity(index);
  const { phases } = await pair(host, identity);
  if (phases.join() !== '1,1,1,1') throw new Error(`Pairing failed: ${phases.join()}`);
  return identity;
}

export interface Launch {
  readonly text: string;
  readonly url: string | null;
  readonly key: Buffer;
  readonly keyId: number;
}

export async function launch(
  host: DemoHost,
  identity: ClientIdentity,
  options: { verb?: string; appid?: number; mode?: string; surround?: number } = {},
): Promise<Launch> {
  const key = randomBytes(16);
  const keyId = randomInt(-0x80000000, 0x7fffffff);
  const { verb = 'launch', appid = 1, mode = '640x360x60', surround = 196610 } = options;
  const { text } = await https(
    host.httpsPort,
    `/${verb}?uniqueid=${identity.uniqueId}&uuid=00&appid=${appid}&mode=${mode}` +
      `&additionalStates=1&sops=0&rikey=${key.toString('hex')}&rikeyid=${keyId}` +
      `&localAudioPlayMode=0&surroundAudioInfo=${surround}&remoteControllersBitmap=1&gcmap=1&corever=1`,
    identity,
  );
  return { text, url: element(text, 'sessionUrl0'), key, keyId };
}

/** One connection: writes the pieces, perhaps closes its own side, and reads until the end. */
export async function rtspExchange(
  port: number,
  pieces: readonly (string | Buffer)[],
  halfClose = false,
): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  socket.setTimeout(DEADLINE, () => socket.destroy(new Error('no answer')));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (halfClose) socket.end();
  if (!socket.readableEnded) await once(socket, 'end');
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}

export function header(answer: string, name: string): string | null {
  return new RegExp(`^${name}: (.*)\\r$`, 'im').exec(answer)?.[1] ?? null;
}

/** Attributes of an ANNOUNCE, as the reference client sends them. */
export function announceBody(
  changes: Readonly<Record<string, string | number | null>> = {},
): string {
  const attributes: Record<string, string | number | null> = {
    'x-ml-general.featureFlags': 3,
    'x-ss-general.encryptionEnabled': 1,
    'x-ss-video[0].chromaSamplingType': 0,
    'x-nv-video[0].clientViewportWd': 640,
    'x-nv-video[0].clientViewportHt': 360,
    'x-nv-video[0].maxFPS': 60,
    'x-nv-video[0].packetSize': 1024,
    'x-nv-video[0].rateControlMode': 4,
    'x-nv-vqos[0].bw.maximumBitrateKbps': 8000,
    'x-ml-video.configuredBitrateKbps': 10000,
    'x-nv-general.featureFlags': 135,
    'x-nv-general.useReliableUdp': 13,
    'x-nv-vqos[0].fec.minRequiredFecPackets': 2,
    'x-nv-video[0].videoEncoderSlicesPerFrame': 1,
    'x-nv-clientSupportHevc': 0,
    'x-nv-vqos[0].bitStreamFormat': 0,
    'x-nv-video[0].maxNumReferenceFrames': 1,
    'x-nv-audio.surround.numChannels': 2,
    'x-nv-audio.surround.channelMask': 3,
    'x-nv-audio.surround.AudioQuality': 0,
    'x-nv-aqos.packetDuration': 5,
    'x-nv-video[0].encoderCscMode': 2,
    ...changes,
  };
  const lines = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `a=${name}:${value} \r\n`);
  return (
    'v=0\r\no=android 0 14 IN IPv4 127.0.0.1\r\ns=NVIDIA Streaming Client\r\n' +
    `${lines.join('')}t=0 0\r\nm=video 47998  \r\n`
  );
}

export function rtspRequest(
  method: string,
  target: string,
  cseq: number,
  headers: readonly string[] = [],
  body = '',
): string {
  const length = body === '' ? [] : [`Content-length: ${Buffer.byteLength(body)}`];
  const lines = [
    `${method} ${target} RTSP/1.0`,
    `CSeq: ${cseq}`,
    'X-GS-ClientVersion: 14',
    'Host: 127.0.0.1',
    ...headers,
    ...length,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
