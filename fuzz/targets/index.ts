import type { FuzzTarget } from '../target.js';

const TARGETS: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  'rtsp-answer': async () => (await import('./rtsp-answer.js')).rtspAnswer,
  'rtsp-request': async () => (await import('./rtsp-request.js')).rtspRequest,
  'host-xml': async () => (await import('./host-xml.js')).hostXml,
  enet: async () => (await import('./enet.js')).enet,
  video: async () => (await import('./video.js')).video,
  'video-encrypted': async () => (await import('./video.js')).videoEncrypted,
  audio: async () => (await import('./audio.js')).audio,
  control: async () => (await import('./control.js')).control,
  'input-packet': async () => (await import('./input-packet.js')).inputPacket,
  'demo-http': async () => (await import('./demo-http.js')).demoHttp(),
  'viewer-channel': async () => (await import('./viewer-channel.js')).viewerChannel,
  'desktop-message': async () => (await import('./desktop-message.js')).desktopMessage,
  signaling: async () => (await import('./signaling.js')).signaling,
  sdp: async () => (await import('./sdp.js')).sdp,
  rest: async () => (await import('./rest.js')).rest,
};

export const TARGET_NAMES: readonly string[] = Object.keys(TARGETS);

/** @throws RangeError for an unknown name */
export async function openTarget(name: string): Promise<FuzzTarget> {
  const open = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  if (open === undefined) throw new RangeError(`No fuzz target is called ${name}`);
  return open();
}
