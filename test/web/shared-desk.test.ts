/** Three people in Chromium and an agent at one desktop: what each may do, and what the host gets of it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import {
  encodeButton,
  encodeKey,
  encodePadAdd,
  encodePosition,
  encodeText,
  encodeTouch,
  encodeWheel,
  type Bytes,
} from '../../client/encode.js';
import type { Right } from '../../src/core/rights.js';
import { demoServer } from '../support/demo-server.js';
import { createBody, PASSWORD, temporaryFolder, TestServer } from '../support/server.js';
import { bearer, makeToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

const SIZE = { width: 640, height: 360 };

let directory = '';

test.before(async () => {
  directory = await buildPage();
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

/** Keeps the channels of the page, so that a test can say what the page would not. */
const KEEP_CHANNELS = `
  window.channels = {};
  const keep = (channel) => {
    window.channels[channel.label] = channel;
    return channel;
  };
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (...options) {
    return keep(createDataChannel.apply(this, options));
  };
`;

const RIGHTS = {
  ann: ['watch', 'pointer', 'keyboard', 'touch', 'gamepad'],
  ben: ['watch'],
  cat: ['watch', 'gamepad'],
  agent: ['watch', 'pointer', 'keyboard'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;
type Person = 'ann' | 'ben' | 'cat';
const PEOPLE = ['ann', 'ben', 'cat'] as const;

const A = 0x41;
const PAD_A = 0x1000;

interface Desk {
  readonly rest: TestServer;
  readonly pages: Readonly<Record<Person, Page>>;
  readonly tokens: Readonly<Record<keyof typeof RIGHTS, { readonly id: string; token: string }>>;
  /** What has come at the host since the last call, as short words. */
  readonly atHost: (count: number) => Promise<string[]>;
  /** A key that is held may come up for a moment if its browser falls silent on a busy machine. */
  readonly untilLast: (wanted: string) => Promise<void>;
  /** Inputs that were refused for want of a right, so far. */
  readonly forbidden: () => Promise<number>;
  readonly send: (person: Person, label: string, ...messages: Bytes[]) => Promise<void>;
  readonly act: (events: readonly unknown[]) => Promise<{ status: number; json: unknown }>;
}

/** One line of the host's log; null for what is repeated or without meaning here. */
function word(line: Readonly<Record<string, unknown>>): string | null {
  const { type, down, keyCode, button, text, x, y, amount, buttons, phase } = line;
  switch (type) {
    case 'key':
      return `${down === true ? '+' : '-'}${Number(keyCode).toString(16)}`;
    case 'mouse-button':
      return `${down === true ? '+' : '-'}button ${Number(button)}`;
    case 'text':
      return `text ${String(text)}`;
    case 'mouse-position':
      return `at ${Number(x)} ${Number(y)}`;
    case 'scroll':
      return `scroll ${Math.sign(Number(amount))}`;
    case 'touch':
      return `touch ${String(phase)}`;
    case 'pad-state':
      return Number(buttons) === 0 ? null : `pad ${Number(buttons).toString(16)}`;
    default:
      return null;
  }
}

async function seat(t: ExecutionContext): Promise<Desk> {
  t.timeout(300_000);
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--input-log', log],
    flags: { credentials: PASSWORD },
    staticDirectory: directory,
  });
  const rest = new TestServer(server, '');
  const apps = await server.hosts.list()[0]?.apps();
  const body = {
    ...createBody('s', apps?.[0]?.id),
    client_unique_id: null,
    ...SIZE,
    bitrate: 2_000,
  };
  const made = await rest.ask('POST', '/api/streamers', { body });
  t.is(made.status, 200, made.text);
  const tokens = Object.fromEntries(
    await Promise.all(
      Object.entries(RIGHTS).map(async ([name, rights]) => {
        return [name, await makeToken(rest, 's', rights, { name })] as const;
      }),
    ),
  ) as unknown as Desk['tokens'];
  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  await browser.context.addInitScript(KEEP_CHANNELS);
  const open = async (person: Person): Promise<Page> => {
    const page = await browser.open(`${server.url}#/streamers/s?token=${tokens[person].token}`);
    await until(`${person} has a picture`, async () => {
      const state = await page.evaluate<string>(
        '`${window.moontee?.state} ${window.moontee?.reason}`',
      );
      if (state.startsWith('ended')) throw new Error(state);
      return page.evaluate<boolean>('window.moontee?.framesDecoded > 10');
    });
    return page;
  };
  const pages = { ann: await open('ann'), ben: await open('ben'), cat: await open('cat') };
  const words = async (): Promise<string[]> =>
    (await readFile(log, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => word(JSON.parse(line) as Readonly<Record<string, unknown>>) ?? []);
  let seen = (await words()).length;
  return {
    ...{ rest, pages, tokens },
    atHost: async (count) => {
      await until(
        `${count} inputs at the host`,
        async () => (await words()).length >= seen + count,
      );
      const news = (await words()).slice(seen);
      seen += news.length;
      return news;
    },
    untilLast: (wanted) =>
      until(`${wanted} at the host`, async () => (await words()).at(-1) === wanted).then(
        () => undefined,
      ),
    forbidden: async () => {
      const { json } = await rest.ask('GET', '/api/streamers/s/stats');
      return (json as { stats: { inputRefused: { forbidden: number } } }).stats.inputRefused
        .forbidden;
    },
    send: async (person, label, ...messages) => {
      const bytes = messages.map((message) => [...message]);
      await pages[person].evaluate(
        `${JSON.stringify(bytes)}.forEach((one) => channels[${JSON.stringify(label)}].send(new Uint8Array(one)))`,
      );
    },
    act: (events) =>
      rest.ask('POST', '/api/streamers/s/input', {
        body: { name: 'agent', events },
        headers: bearer(tokens.agent.token),
      }),
  };
}

/** Everything that a viewer can do, by right. */
const ACTS: readonly (readonly [Right, label: string, messages: readonly Bytes[]])[] = [
  ['keyboard', 'keyboard', [encodeKey(true, A, 0), encodeKey(false, A, 0)]],
  ['keyboard', 'keyboard', encodeText('x')],
  ['pointer', 'mouseAbsolute', [encodePosition(0.5, 0.5)]],
  ['pointer', 'mouseClicks', [encodeButton(true, 1), encodeButton(false, 1)]],
  ['pointer', 'mouseClicks', [encodeWheel(0, 120)]],
  [
    'touch',
    'touch',
    [
      encodeTouch('down', {
        ...{ id: 1, x: 0.5, y: 0.5, force: 1, radiusX: 1, radiusY: 1, rotation: 0 },
      }),
    ],
  ],
  ['gamepad', 'controllers', [encodePadAdd(0, 0xffff, 0)]],
];

test.serial(
  'each does what it may at one desktop, and nothing else gets to the host',
  async (t) => {
    const { rest, pages, tokens, atHost, untilLast, forbidden, send, act } = await seat(t);

    await pages.ann.focus('.stage');
    await pages.ann.keyboard.press('a');
    t.deepEqual(await atHost(2), ['+41', '-41']);

    // What the watcher's page would not send is refused as well, act by act.
    for (const [right, label, messages] of ACTS) {
      const before = await forbidden();
      await send('ben', label, ...messages);
      await until(`${right} is refused`, async () => (await forbidden()) > before);
    }

    // Pads alone: every other right is refused, and the pad gets through.
    for (const [right, label, messages] of ACTS.filter(([wanted]) => wanted !== 'gamepad')) {
      const before = await forbidden();
      await send('cat', label, ...messages);
      await until(`${right} is refused`, async () => (await forbidden()) > before);
    }
    await pages.cat.evaluate(`{
    window.gamepad = {
      index: 0, id: 'Pad', mapping: 'standard', axes: [0, 0, 0, 0], vibrationActuator: null,
      buttons: Array.from({ length: 17 }, (_, n) => ({ pressed: n === 0, value: n === 0 ? 1 : 0 })),
    };
    navigator.getGamepads = () => [gamepad];
    dispatchEvent(Object.assign(new Event('gamepadconnected'), { gamepad }));
  }`);
    t.is((await atHost(1))[0], `pad ${PAD_A.toString(16)}`);
    await pages.cat.evaluate(
      'navigator.getGamepads = () => []; dispatchEvent(Object.assign(new Event("gamepaddisconnected"), { gamepad }))',
    );

    const typed = await act([
      { type: 'text', text: 'hi' },
      { type: 'click', x: 10, y: 20 },
    ]);
    t.is(typed.status, 200, JSON.stringify(typed.json));
    t.deepEqual(await atHost(5), ['text h', 'text i', 'at 10 20', '+button 1', '-button 1']);
    const pad = await act([{ type: 'pad', buttons: ['a'] }]);
    t.is(pad.status, 403, JSON.stringify(pad.json));

    // Locked: what was allowed is refused, and what is held is let go of.
    await pages.ann.focus('.stage');
    await pages.ann.keyboard.down('b');
    await untilLast('+42');
    const lock = await rest.ask('PUT', '/api/streamers/s/control', { body: { mode: 'locked' } });
    t.is(lock.status, 200, lock.text);
    await untilLast('-42');
    const locked = await forbidden();
    await send('ann', 'keyboard', encodeKey(true, A, 0));
    await until('it is refused', async () => (await forbidden()) > locked);
    await rest.ask('PUT', '/api/streamers/s/control', { body: { mode: 'shared' } });
    await pages.ann.keyboard.up('b');

    // A token that is taken back ends its viewer and what it holds, and nobody else.
    await pages.ann.focus('.stage');
    await pages.ann.keyboard.down('c');
    await untilLast('+43');
    const revoked = await rest.ask('DELETE', `/api/streamers/s/tokens/${tokens.ann.id}`);
    t.is(revoked.status, 204, revoked.text);
    await untilLast('-43');
    await until('her page says why', () =>
      pages.ann.evaluate<boolean>('window.moontee?.state === "ended"'),
    );
    for (const person of PEOPLE.filter((name) => name !== 'ann')) {
      t.is(await pages[person].evaluate('moontee.state'), 'connected');
    }
    const { json } = await rest.ask('GET', '/api/streamers/s/input');
    t.deepEqual(
      (json as { viewers: readonly { keys: number[]; buttons: number[] }[] }).viewers.flatMap(
        ({ keys, buttons }) => [...keys, ...buttons],
      ),
      [],
    );
  },
);
