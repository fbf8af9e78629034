/** What dies, hangs or misbehaves, and what is seen of it elsewhere. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { DemoProcess } from '../support/demo-process.js';
import { descendants, isAlive } from '../support/process-table.js';
import { RawViewer, type Stage } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { until } from '../support/until.js';

/** Milliseconds in which a viewer must know. */
const TOLD_WITHIN = 5_000;

interface Scene {
  readonly demo: DemoProcess;
  readonly join: (id: string, stage?: Stage) => RawViewer;
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const [demo, receivers] = await Promise.all([DemoProcess.start(), ReceiverProcess.start()]);
  t.teardown(async () => {
    await receivers.kill();
    await demo.stop('SIGKILL');
  });
  return { demo, join: (id, stage) => new RawViewer(demo.socketUrl, receivers, id, stage) };
}

/** Joins and waits for pictures. */
async function watching(join: Scene['join'], id: string): Promise<RawViewer> {
  const viewer = join(id);
  await viewer.untilHeard('ConnectionComplete');
  await viewer.peer.until(({ video }) => video.frames > 0);
  return viewer;
}

/** Milliseconds until the viewer was told why, or was let go. */
async function untilTold(viewer: RawViewer, since: number): Promise<number> {
  await until('the viewer is told', () => {
    const names = ['ConnectionTerminated', 'PeerClosed', 'PeerDisconnect'];
    const waiting = viewer.messages.some(
      (message) =>
        typeof message === 'object' &&
        (message['StageStarting'] as { stage?: string } | undefined)?.stage ===
          'Waiting for the host',
    );
    return viewer.closed !== null || waiting || names.some((name) => viewer.heard(name));
  });
  return performance.now() - since;
}

test.serial('a killed streamer process: viewers are told, and it comes back', async (t) => {
  const { demo, join } = await scene(t);
  const viewer = await watching(join, 'a');
  const pid = await demo.streamerPid();
  const since = performance.now();
  process.kill(pid, 'SIGKILL');
  t.true((await untilTold(viewer, since)) < TOLD_WITHIN);
  await until('another process serves', async () => {
    const { status } = await demo.streamer();
    return status === 'active' && (await demo.streamerPid()) !== pid;
  });
  t.false(await isAlive(pid));
  await watching(join, 'b');
});

test.serial('a frozen streamer process counts as hung and is replaced', async (t) => {
  const { demo, join } = await scene(t);
  const viewer = await watching(join, 'a');
  const pid = await demo.streamerPid();
  const since = performance.now();
  process.kill(pid, 'SIGSTOP');
  t.true((await untilTold(viewer, since)) < TOLD_WITHIN);
  await until('it is gone', async () => !(await isAlive(pid)));
  t.is((await demo.streamer()).failure?.code, 'STREAMER_HUNG');
});

test.serial('a host that dies: viewers are told, the status says so', async (t) => {
  const { demo, join } = await scene(t);
  const viewer = await watching(join, 'a');
  const since = performance.now();
  process.kill(await demo.hostPid(), 'SIGKILL');
  t.true((await untilTold(viewer, since)) < TOLD_WITHIN);
  await until('the streamer is not active', async () => {
    const { status, moonlight_connected } = await demo.streamer();
    return status !== 'active' && !moonlight_connected;
  });
  t.is(await demo.stop('SIGTERM'), 0);
});

test.serial('a server that is killed leaves no process behind', async (t) => {
  const { demo, join } = await scene(t);
  await watching(join, 'a');
  const below = await descendants(demo.pid);
  await demo.stop('SIGKILL');
  for (const pid of below) await until(`process ${pid} ends`, async () => !(await isAlive(pid)));
  t.pass();
});

/** UDP ports that a process has bound, by /proc. */
async function udpPorts(pid: number): Promise<number[]> {
  const { readdir, readlink } = await import('node:fs/promises');
  const links = (await readdir(`/proc/${pid}/fd`)).map((fd) =>
    readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
  );
  const inodes = new Set(
    (await Promise.all(links)).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []),
  );
  const tables = await Promise.all(
    ['udp', 'udp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => inodes.has(columns[9] ?? ''))
    .map((columns) => parseInt(columns[1]?.split(':').at(-1) ?? '0', 16))
    .filter((port) => port > 0);
}

/** Deterministic noise: lengths 0 to 1500 and every byte value. */
function noise(i: number): Buffer {
  const bytes = Buffer.alloc((i * 37) % 1500);
  for (let k = 0; k < bytes.length; k += 1) bytes[k] = (i * 131 + k * k * 7 + (k >> 3)) & 0xff;
  return bytes;
}

test.serial('rubbish on every UDP port of the streamer changes nothing', async (t) => {
  const { demo, join } = await scene(t);
  const viewer = await watching(join, 'a');
  const pid = await demo.streamerPid();
  const ports = await udpPorts(pid);
  t.true(ports.length >= 3, `video, audio, control and ICE: ${ports.join(' ')}`);
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  for (let i = 0; i < 300; i += 1) {
    for (const port of ports) {
      await new Promise((resolve) => socket.send(noise(i), port, '127.0.0.1', resolve));
    }
  }
  const { video } = await viewer.peer.stats();
  await viewer.peer.until((stats) => stats.video.frames > video.frames + 60);
  t.is(await demo.streamerPid(), pid);
  t.like(await demo.streamer(), { status: 'active', connected_peers: 1 });
});

test.serial('rubbish from viewers harms only themselves', async (t) => {
  const { demo, join } = await scene(t);
  const good = await watching(join, 'good');
  const pid = await demo.streamerPid();

  const broken = join('broken', 'offer');
  await broken.untilHeard('Signaling');
  broken.say({ Signaling: { Description: { ty: 'answer', sdp: 'v=0\r\nrubbish' } } });
  const { code } = await broken.untilClosed();
  t.not(code, 1000);

  const chatty = await watching(join, 'chatty');
  for (let i = 0; i < 50; i += 1) {
    chatty.peer.send('keyboard', noise(i));
    chatty.peer.send('mouse', noise(i * 3 + 1));
    chatty.peer.send('mouse', 'text where bytes belong');
    chatty.say({ Signaling: { AddIceCandidate: { candidate: `candidate:${i} rubbish` } } });
  }
  const rude = connect({ port: Number(new URL(demo.url).port), host: '127.0.0.1' });
  rude.on('error', () => undefined);
  rude.end(noise(1499));

  const { video } = await good.peer.stats();
  const after = await good.peer.until((stats) => stats.video.frames > video.frames + 60);
  t.is(after.video.lost, video.lost);
  t.is(await demo.streamerPid(), pid);
  t.like(await demo.streamer(), { status: 'active' });
});
