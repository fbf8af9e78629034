/**
 * The process of an {@link RtpReceiver}. Its first message has the ports.
 *
 * Arguments: ports for video, sound and RTCP; 0 is a free one.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { TrackCounter } from './track-counter.js';

const SENDER_REPORT = 200;
/** A PLI (RFC 4585 §6.3.1), without the SSRCs. */
const PLI = Buffer.from('81ce00020000000000000000', 'hex');

const counters = { video: new TrackCounter(), audio: new TrackCounter() };
let reports = 0;
let report: { ssrc: number; timestamp: number; packets: number } | null = null;
let reporter: RemoteInfo | null = null;

const [videoPort = 0, audioPort = 0, rtcpPort = 0] = process.argv.slice(2).map(Number);

async function listen(
  port: number,
  onMessage: (data: Buffer, from: RemoteInfo) => void,
): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
  socket.on('message', onMessage);
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const video = await listen(videoPort, (packet) => counters.video.add(packet));
const audio = await listen(audioPort, (packet) => counters.audio.add(packet));
const rtcp = await listen(rtcpPort, (data, from) => {
  if (data.length < 28 || data.readUInt8(1) !== SENDER_REPORT) return;
  reports += 1;
  reporter = from;
  report = {
    ssrc: data.readUInt32BE(4),
    timestamp: data.readUInt32BE(16),
    packets: data.readUInt32BE(20),
  };
});

process.on('message', (message) => {
  if (message === 'stats') {
    const tracks = { video: counters.video.stats(), audio: counters.audio.stats() };
    process.send?.({ ...tracks, reports, report });
  } else if (reporter && report) {
    const packet = Buffer.from(PLI);
    packet.writeUInt32BE(report.ssrc, 8);
    rtcp.send(packet, reporter.port, reporter.address);
  }
});
process.on('disconnect', () => process.exit(0));
const [v, a, r] = [video, audio, rtcp].map((socket) => socket.address().port);
process.send?.({ video: v, audio: a, rtcp: r });
