/** Habits of hosts (gamestream.md §12) that no other test meets. */
import test from 'ava';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { silentLog } from '../../src/core/log.js';
import { MediaPing } from '../../src/moonlight/media-ping.js';
import { DatagramSocket } from '../../src/moonlight/datagram.js';
import { HostClient } from '../../src/moonlight/nvhttp/host-client.js';
import { performHandshake, type AudioSetup } from '../../src/moonlight/rtsp/handshake.js';
import { FrameAssembly } from '../../src/moonlight/video/frame-assembly.js';
import { Depacketizer } from '../../src/moonlight/video/depacketizer.js';
import {
  FRAME_HEADER_SHORT,
  OFFSET,
  PACKET_HEADER_BYTES,
} from '../../src/moonlight/video/packet.js';
import { VideoPacketizer } from '../../src/demo-host/media/video-packetizer.js';
import { rawServer } from '../moonlight/nvhttp/fake-host.js';
import { startRtspHost, usualReply } from '../moonlight/rtsp/rtsp-host.js';
import { picture } from '../moonlight/video/pictures.js';
import { STREAM_SETTINGS } from '../support/stream-settings.js';

const DESCRIPTION = 'a=fmtp:97 surround-params=21101\r\na=x-ss-general.featureFlags: 3\r\n';

async function shake(payload: string): Promise<{ audio: AudioSetup; connectData: number }> {
  const host = await startRtspHost((request) =>
    usualReply(request, DESCRIPTION, 48_200).replace('0123456789ABCDEF', payload),
  );
  try {
    const found: AudioSetup[] = [];
    const { control } = await performHandshake({
      url: { text: 'rtsp://241.7.9.3:48010', encrypted: false, host: '241.7.9.3', port: host.port },
      address: '127.0.0.1',
      rikey: Buffer.alloc(16),
      settings: STREAM_SETTINGS,
      serverModes: 1,
      playable: ['h264'],
      onAudio: (setup) => found.push(setup),
      log: silentLog(),
      signal: AbortSignal.timeout(60_000),
    });
    // Row 10: the address in the URL marks the session; it is echoed, but not connected to.
    for (const request of host.requests) {
      if (request.method === 'OPTIONS') {
        if (request.target !== 'rtsp://241.7.9.3:48010') throw new Error(request.target);
        if (request.headers.get('Host') !== '241.7.9.3') throw new Error('another Host header');
      }
    }
    const [audio] = found;
    if (audio === undefined) throw new Error('no audio setup');
    return { audio, connectData: control.connectData };
  } finally {
    await host.close();
  }
}

test('rows 8, 10: a made-up address is echoed, a ping payload may be any 16 characters', async (t) => {
  const { audio, connectData } = await shake('~aB/+ =.;{}[]()!');
  t.is(audio.pingPayload, '~aB/+ =.;{}[]()!');
  t.is(audio.port, 48_200);
  t.is(connectData, 42);

  // What was given is what is sent, byte for byte.
  const host = createSocket('udp4');
  t.teardown(() => host.close());
  host.bind(0, '127.0.0.1');
  await once(host, 'listening');
  const socket = new DatagramSocket({
    remote: { address: '127.0.0.1', port: host.address().port },
    receive: () => undefined,
    log: silentLog(),
  });
  t.teardown(() => socket.close());
  await socket.open();
  const ping = new MediaPing(socket, audio.pingPayload);
  t.teardown(() => ping.stop());
  const arrived = once(host, 'message');
  ping.start();
  const [datagram] = (await arrived) as [Buffer];
  t.is(datagram.toString('latin1', 0, 16), '~aB/+ =.;{}[]()!');
  t.is(datagram.length, 20);
});

test('row 4: without a payload of 16 characters the ping is the old one', async (t) => {
  const { audio } = await shake('short');
  t.is(audio.pingPayload, null);
});

test('row 11: a host that never answers unpair is left alone', async (t) => {
  const silent = await rawServer(() => undefined);
  t.teardown(silent.close);
  const client = new HostClient({ address: '127.0.0.1', httpPort: silent.port, log: silentLog() });
  await t.notThrowsAsync(client.unpair());
});

test('rows 26, 27: the flags of parity and the fields that parity cannot restore are not read', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'wolf' });
  const data = picture('h264', true, 1500, 3);
  const packets = packetizer.packetize({ data, frameNumber: 0, frameType: 2, rtpTimestamp: 0 });
  const frame = new FrameAssembly();
  frame.begin(0, 0);
  packets.forEach((packet, index) => {
    const count = packet.readUInt32LE(OFFSET.FEC_INFO) >>> 22;
    if (index === 1) return;
    // Nobody looks at these of a parity packet: timestamp, SSRC, packet index, flags.
    if (index >= count) packet.fill(0xa5, OFFSET.TIMESTAMP, 12);
    frame.accept(packet, packet.readUInt32LE(OFFSET.FEC_INFO));
  });
  t.true(frame.complete && frame.consistent);
  t.deepEqual(new Depacketizer('h264').depacketize(frame)?.unit.data, data);
});

test('row 24: a length of the last packet that is missing leaves padding, not a lost picture', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine', fecPercentage: 0 });
  const data = picture('h264', true, 300, 3);
  const packets = packetizer.packetize({ data, frameNumber: 1, frameType: 2, rtpTimestamp: 0 });
  const frame = new FrameAssembly();
  frame.begin(1, 0);
  packets.forEach((packet, index) => {
    if (index === 0) {
      t.is(packet.readUInt8(PACKET_HEADER_BYTES), FRAME_HEADER_SHORT);
      packet.writeUInt16LE(0, PACKET_HEADER_BYTES + 4);
    }
    frame.accept(packet, packet.readUInt32LE(OFFSET.FEC_INFO));
  });
  const unit = new Depacketizer('h264').depacketize(frame)?.unit;
  t.deepEqual(unit?.data.subarray(0, data.length), data);
  t.true(unit?.data.subarray(data.length).every((byte) => byte === 0));
  t.true(unit?.idr);
});
