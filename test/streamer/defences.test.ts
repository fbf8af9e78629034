import test from 'ava';
import type {
  StreamServerMessage,
  StreamClientMessage,
} from '../../src/protocol/viewer-messages.js';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { Deadline } from '../../src/core/deadline.js';
import { silentLog } from '../../src/core/log.js';
import { StreamerProcess } from '../../src/streamer/supervisor/process.js';
import { Company } from '../../src/streamer/company.js';
import { MediaAccess } from '../../src/streamer/media-access.js';
import { MediaTickets } from '../../src/streamer/media-tickets.js';
import { Viewers, type Viewer } from '../../src/streamer/viewers.js';
import { CHILD } from '../support/server.js';
import { until } from '../support/until.js';

/** Decodes, and cannot be written as JSON again: the serialiser runs out of stack. */
function tooDeep(): StreamClientMessage {
  const text = `{"RestartIce":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
  return JSON.parse(text) as StreamClientMessage;
}

class TestViewer implements Viewer {
  readonly messages: StreamServerMessage[] = [];
  readonly peerId = 'p';
  readonly rights = ALL_RIGHTS;
  readonly name = null;
  readonly isPeerless = false;
  ended: string | null = null;

  deliver(message: StreamServerMessage): void {
    this.messages.push(message);
  }

  deliverChannel(channel: number): void {
    throw new Error(`Nothing is sent on channel ${channel}`);
  }

  end(code: string): void {
    this.ended = code;
  }
}

test('a message that cannot be written to a child is dropped', async (t) => {
  const child = new StreamerProcess({
    module: CHILD,
    readyTimeout: 30_000,
    heartbeatTimeout: 30_000,
    memoryLimit: 2 ** 40,
    niceness: 0,
    handlers: { may_quit_app: () => false },
    log: silentLog(),
  });
  t.teardown(() => child.stop(Deadline.in(1_000)));
  await child.ready();
  t.false(child.send({ FromPeer: { peer_id: 'p', message: tooDeep() } }));
  t.is(child.drops, 1);
  t.true(child.send('StartMoonlight'));
  t.false(child.ended);
});

const FAULTS = {
  'the child cannot be written to': {
    iceServers: () => Promise.resolve([]),
    send: () => {
      throw new RangeError('Maximum call stack size exceeded');
    },
  },
  'there are no ICE servers': {
    iceServers: () => Promise.reject(new Error('no servers')),
    send: () => true,
  },
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`what fails while a viewer is attached costs that viewer: ${name}`, async (t) => {
    const viewer = new TestViewer();
    const viewers = new Viewers({
      maxViewers: 2,
      answer: () => Promise.reject(new Error('no child')),
      offerTimeout: 60_000,
      connectTimeout: 60_000,
      transports: ['webrtc'],
      media: new MediaAccess({
        streamerId: 's',
        tickets: new MediaTickets(),
        pathPrefix: '',
        isAllowed: false,
      }),
      company: new Company({
        setRights: () => undefined,
        send: () => undefined,
        releaseInput: () => undefined,
        controlChanged: () => undefined,
        log: silentLog(),
      }),
      log: silentLog(),
      onChange: () => undefined,
      ...fault,
    });
    viewers.sessionStarted({ width: 1, height: 1, fps: 1, codec: 'h264', touch: false });
    viewers.add(viewer);
    await until('end', () => viewer.ended);
    t.is(viewer.ended, 'INTERNAL');
    t.is(viewers.size, 0);
  });
}
