/** Descriptors that run out, and a clock that cannot be relied on. */
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { DemoProcess } from '../support/demo-process.js';
import { counters } from '../support/process-table.js';
import { RawViewer } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TYPESCRIPT } from '../support/typescript.js';

/** What the streamer keeps back, and a few viewers' worth more. */
const RESERVE = 64;
const ROOM = 25;
const MANY = 40;

async function limitDescriptors(pid: number, soft: number): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
}

/** Whether it is watching; else it was refused. */
async function admitted(viewer: RawViewer): Promise<boolean> {
  await until('the viewer is let in, or not', () =>
    viewer.closed !== null ? true : viewer.heard('ConnectionComplete'),
  );
  return viewer.closed === null;
}

test.serial('without descriptors new viewers are told why, the others lose nothing', async (t) => {
  t.timeout(180_000);
  const [demo, receivers] = await Promise.all([DemoProcess.start(), ReceiverProcess.start()]);
  t.teardown(async () => {
    await receivers.kill();
    await demo.stop('SIGKILL');
  });
  const join = (id: string): RawViewer => new RawViewer(demo.socketUrl, receivers, id);
  const witness = join('witness');
  await witness.untilHeard('ConnectionComplete');
  const before = await witness.peer.until(({ video }) => video.markers > 10);
  const pid = await demo.streamerPid();
  await limitDescriptors(pid, (await counters(pid)).descriptors + RESERVE + ROOM);

  let refused: RawViewer | null = null;
  for (let i = 0; i < MANY && refused === null; i += 1) {
    const viewer = join(`viewer-${i}`);
    if (!(await admitted(viewer))) refused = viewer;
  }
  const told = refused?.messages.find(
    (message) => typeof message === 'object' && 'PeerClosed' in message,
  );
  const { code, reason } = (told as { PeerClosed: { code: string; reason: string } }).PeerClosed;
  t.is(code, 'LIMIT_REACHED');
  t.regex(reason, /file descriptors.*ulimit -n/);

  const after = await witness.peer.until(({ video }) => video.markers > before.video.markers + 120);
  t.true(after.video.lost - before.video.lost <= receivers.kernelDrops());
  t.is(await demo.streamerPid(), pid);
  t.is((await demo.streamer()).status, 'active');

  await limitDescriptors(pid, 4_096);
  t.true(await admitted(join('late')));
});

test.serial('a server that may open too few files says so when it starts', async (t) => {
  const folder = await temporaryFolder(t);
  const server = spawn(
    'prlimit',
    [
      '--nofile=300:300',
      ...[process.execPath, ...TYPESCRIPT, 'src/cli.ts', 'serve'],
      ...['--bind', '127.0.0.1:0', '--data-path', join(folder, 'data.json')],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  t.teardown(() => server.kill('SIGKILL'));
  await until('it warns', () => log.includes('300 open files a process are enough for about 10'));
  t.regex(log, /ulimit -n/);
});

/** Half a second in the right time, then an hour ahead, then an hour behind. */
const JUMPING_CLOCK = `
  const now = Date.now;
  let offset = 0;
  Date.now = () => now() + offset;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [Date.now()], self),
  });
  setInterval(() => {
    offset = { 0: 3600000, 3600000: -3600000 }[offset] ?? 0;
  }, 500).unref();
`;

test.serial('a wall clock that jumps by hours disturbs nobody', async (t) => {
  t.timeout(180_000);
  const clock = `data:text/javascript,${encodeURIComponent(JUMPING_CLOCK)}`;
  const [demo, receivers] = await Promise.all([
    DemoProcess.start({ NODE_OPTIONS: `--import=${clock}` }),
    ReceiverProcess.start(),
  ]);
  t.teardown(async () => {
    await receivers.kill();
    await demo.stop('SIGKILL');
  });
  const pid = await demo.streamerPid();
  const viewer = new RawViewer(demo.socketUrl, receivers, 'patient');
  await viewer.untilHeard('ConnectionComplete');
  // Longer than any silence that would end a viewer, a session or a process.
  const { video } = await viewer.peer.until((stats) => stats.video.markers > 15 * 30);
  t.true(video.lost <= receivers.kernelDrops());
  t.is(viewer.closed, null);
  t.is(await demo.streamerPid(), pid);
  const { status, failure } = await demo.streamer();
  t.deepEqual({ status, failure }, { status: 'active', failure: null });
  const late = new RawViewer(demo.socketUrl, receivers, 'late');
  t.true(await admitted(late));
});
