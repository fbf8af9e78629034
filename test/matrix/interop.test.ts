/** What the reference client relies on (gamestream.md §11.1, §12), seen from raw sockets. */
import test, { type ExecutionContext } from 'ava';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { OFFSET, PACKET_HEADER_BYTES } from '../../src/moonlight/video/packet.js';
import { openBench, type Bench } from './bench.js';
import { matrixClip } from './clips.js';

const NOTHING = { audio: false, video: false };
const DEADLINE = 20_000;

async function bench(t: ExecutionContext, style: 'sunshine' | 'wolf'): Promise<Bench> {
  const { source } = await matrixClip('h264');
  const options = { source, host: { style }, channels: 2, wish: NOTHING } as const;
  const opened = await openBench({ ...options, faults: null, seed: 1 });
  t.teardown(opened.close);
  return opened;
}

/** Opens and leaves, without a word: politely, or not. */
async function probe(port: number, politely: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (politely) socket.end();
  else socket.resetAndDestroy();
  if (!socket.destroyed) await once(socket, 'close');
}

test('probes on every TCP port, before and during a handshake, change nothing', async (t) => {
  const { host, session } = await bench(t, 'sunshine');
  const ports = [host.httpsPort, host.httpPort, host.rtspPort];
  let probing = true;
  const prober = (async () => {
    for (let round = 0; probing; round++) {
      await Promise.all(ports.map((port) => probe(port, round % 2 === 0)));
    }
  })();
  const picture = once(session, 'video');
  await session.start();
  await picture;
  probing = false;
  await prober;
  t.is(host.sessions.length, 1);
});

/** Everything that comes until the host closes, and how it closed. */
async function exchange(port: number, request: string): Promise<{ text: string; fin: boolean }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setTimeout(DEADLINE, () => socket.destroy(new Error('the host does not close')));
  let text = '';
  let failed = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => (failed = true));
  socket.write(request);
  await once(socket, 'end');
  socket.end();
  await once(socket, 'close');
  return { text, fin: !failed };
}

test('HTTP: one answer a connection, whatever the client would like', async (t) => {
  const { host } = await bench(t, 'wolf');
  const request = 'GET /serverinfo?uniqueid=1&uuid=2 HTTP/1.1\r\nHost: x\r\n';
  for (const more of ['Connection: keep-alive\r\n\r\n', `\r\n${request}\r\n`]) {
    const { text, fin } = await exchange(host.httpPort, request + more);
    t.is(text.match(/HTTP\/1\.1 200/g)?.length, 1);
    t.regex(text, /<state>SUNSHINE_SERVER_FREE<\/state>/);
    t.true(fin);
  }
});

test('RTSP: the answer ends with a FIN, and 0.0.0.0 is as good a host as any', async (t) => {
  const { host } = await bench(t, 'sunshine');
  const { text, fin } = await exchange(
    host.rtspPort,
    `OPTIONS rtsp://0.0.0.0:${host.rtspPort} RTSP/1.0\r\n` +
      'CSeq: 1\r\nX-GS-ClientVersion: 14\r\nHost: 0.0.0.0\r\n\r\n',
  );
  t.is(text, 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');
  t.true(fin);
});

test('RTSP: what a client puts into CSeq cannot add a header to the answer', async (t) => {
  const { host } = await bench(t, 'sunshine');
  const { text } = await exchange(
    host.rtspPort,
    'OPTIONS rtsp://127.0.0.1 RTSP/1.0\r\nCSeq: 1\nContent-length: 5\r\n\r\n',
  );
  t.is(text, 'RTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n');
});

for (const [style, firstFrame] of [
  ['sunshine', 1],
  ['wolf', 0],
] as const) {
  test.serial(
    `${style}: the first video packets are those of a key frame, counted from zero`,
    async (t) => {
      const { session } = await bench(t, style);
      const datagrams: Buffer[] = [];
      const tap = (message: unknown): void => {
        const { socket } = message as { socket: UdpSocket };
        socket.on('message', (datagram) => {
          if (datagram[0] === 0x90 && datagram.length > 1000) datagrams.push(datagram);
        });
      };
      subscribe('udp.socket', tap);
      const picture = once(session, 'video');
      await session.start();
      await picture;
      unsubscribe('udp.socket', tap);
      const first = datagrams.slice(0, 4);
      t.is(first.length, 4);
      t.is(first[0]?.readUInt8(PACKET_HEADER_BYTES + 3), 2);
      first.forEach((datagram, index) => {
        // packetSize 1024: every packet is padded to its full size.
        t.is(datagram.length, 1024 + 16);
        t.is(datagram.readUInt16BE(OFFSET.SEQUENCE), index);
        t.is(datagram.readUInt32LE(OFFSET.PACKET_INDEX) >>> 8, index);
        t.is(datagram.readUInt32LE(OFFSET.FRAME_INDEX), firstFrame);
      });
      if (style === 'wolf')
        t.true(datagrams.every((one) => one.readUInt32BE(OFFSET.TIMESTAMP) === 0));
    },
  );
}

test('video follows the pings of its session to another port', async (t) => {
  const { host, session } = await bench(t, 'sunshine');
  const picture = once(session, 'video');
  await session.start();
  await picture;
  const elsewhere = createSocket('udp4');
  t.teardown(() => elsewhere.close());
  const payload = host.sessions[0]?.pingPayload ?? '';
  const ping = Buffer.concat([Buffer.from(payload), Buffer.from([0, 0, 0, 1])]);
  const arrived = once(elsewhere, 'message', { signal: AbortSignal.timeout(DEADLINE) });
  // The client pings on; the last one counts, so one of ours will be it.
  const pinging = setInterval(() => elsewhere.send(ping, host.videoPort ?? 0, '127.0.0.1'), 20);
  t.teardown(() => clearInterval(pinging));
  const [datagram] = (await arrived) as [Buffer];
  t.is(datagram.readUInt8(0), 0x90);

  const stranger = createSocket('udp4');
  t.teardown(() => stranger.close());
  let strayed = 0;
  stranger.on('message', () => strayed++);
  const wrong = Buffer.concat([Buffer.alloc(16, 0x41), Buffer.from([0, 0, 0, 1])]);
  stranger.send(wrong, host.videoPort ?? 0, '127.0.0.1');
  for (let count = 0; count < 100; count++) await once(elsewhere, 'message');
  t.is(strayed, 0);
});
