/** Three people in Chromium and an agent at one desktop, in front of a host that logs what it gets. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { CDPSession, Page } from 'playwright-core';
import type { Bytes } from '../../client/encode.js';
import type { Right } from '../../src/core/rights.js';
import type { NewToken } from '../../src/protocol/access-models.js';
import { demoServer } from '../support/demo-server.js';
import {
  createBody,
  PASSWORD,
  temporaryFolder,
  TestServer,
  type Answer,
} from '../support/server.js';
import { bearer, makeToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { PATIENCE, TestBrowser } from './browser.js';
import { wordOf, type Finger, type Gesture, type PadHands, type Word } from './desk-model.js';
import type { Person } from './desk-scripts.js';

export const SIZE = { width: 640, height: 360 };
/** CSS pixels of the page, which the picture fills. */
const PAGE = { width: 1280, height: 720 };

export const RIGHTS = {
  ann: ['watch', 'pointer', 'keyboard', 'touch', 'gamepad'],
  ben: ['watch'],
  cat: ['watch', 'gamepad'],
  agent: ['watch', 'pointer', 'keyboard'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;
export const PEOPLE: readonly Person[] = ['ann', 'ben', 'cat'];

/** Keeps the channels of the page, so that a test can say what the page would not; and has pads. */
const PREPARE = `
  window.channels = {};
  const keep = (channel) => {
    window.channels[channel.label] = channel;
    return channel;
  };
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (...options) {
    window.connection = this;
    return keep(createDataChannel.apply(this, options));
  };
  window.pads = [];
  navigator.getGamepads = () => window.pads;
  localStorage.setItem('moontee.settings', '{"touch":"touch"}');
`;

/** One viewer's page, and the hands at it. */
export class Seat {
  readonly page: Page;
  readonly #devtools: CDPSession;
  #x = 0;
  #y = 0;
  #fingers: readonly Finger[] = [];

  private constructor(page: Page, devtools: CDPSession) {
    this.page = page;
    this.#devtools = devtools;
  }

  static async take(page: Page): Promise<Seat> {
    const devtools = await page.context().newCDPSession(page);
    await page.focus('.stage');
    return new Seat(page, devtools);
  }

  /** Says something on a channel that the page itself would not say. */
  async send(label: string, message: Bytes): Promise<void> {
    const name = JSON.stringify(label);
    await this.page.evaluate(
      `channels[${name}] ?? connection.createDataChannel(${name}, { ordered: true })`,
    );
    await until(`${label} is open`, () =>
      this.page.evaluate<boolean>(`channels[${name}].readyState === 'open'`),
    );
    await this.page.evaluate(
      `channels[${name}].send(new Uint8Array(${JSON.stringify([...message])}))`,
    );
  }

  async act(gesture: Gesture): Promise<void> {
    const { mouse, keyboard } = this.page;
    switch (gesture.do) {
      case 'key':
        return gesture.down ? keyboard.down(gesture.code) : keyboard.up(gesture.code);
      case 'point':
        return this.#move(gesture.x * PAGE.width, gesture.y * PAGE.height);
      case 'button':
        return mouse[gesture.down ? 'down' : 'up']({ button: gesture.button });
      case 'wheel':
        return mouse.wheel(gesture.dx, gesture.dy);
      case 'nudge':
        return this.#move(this.#x + gesture.dx, this.#y + gesture.dy);
      case 'lock':
        return this.#lock(gesture.locked);
      case 'fingers':
        return this.#touch(gesture.on);
      case 'cancel':
        this.#fingers = [];
        return this.#dispatch('touchCancel', []);
      case 'write':
        await this.#openField();
        await keyboard.insertText(gesture.text);
        return keyboard.press('Escape');
      case 'paste':
        return this.#paste(gesture.text);
      case 'plug':
        return this.#plug(gesture.pad);
      case 'unplug':
        return this.#unplug(gesture.pad);
      case 'play':
        return this.#play(gesture.pad, gesture.state);
    }
  }

  async #move(x: number, y: number): Promise<void> {
    [this.#x, this.#y] = [x, y];
    await this.page.mouse.move(x, y);
  }

  async #lock(locked: boolean): Promise<void> {
    await this.page.evaluate(
      `{ if (!${locked}) document.exitPointerLock();
        document.querySelector('.tools [aria-label^="Mouse"]').click(); }`,
    );
    if (locked) {
      // A browser locks the pointer of the tab in front alone.
      await this.page.bringToFront();
      await this.page.mouse.down();
      await this.page.mouse.up();
    }
    await until(`locked: ${locked}`, () =>
      this.page.evaluate<boolean>(`(document.pointerLockElement !== null) === ${locked}`),
    );
  }

  async #touch(on: readonly Finger[]): Promise<void> {
    const before = this.#fingers;
    this.#fingers = on;
    // Those that are lifted are named; none of them: all are.
    const gone = before.filter(({ id }) => !on.some((each) => each.id === id));
    if (on.length === 0) return this.#dispatch('touchEnd', []);
    if (gone.length > 0) return this.#dispatch('touchEnd', gone);
    return this.#dispatch(on.length > before.length ? 'touchStart' : 'touchMove', on);
  }

  async #dispatch(
    type: 'touchStart' | 'touchMove' | 'touchEnd' | 'touchCancel',
    fingers: readonly Finger[],
  ): Promise<void> {
    const touchPoints = fingers.map(({ id, x, y }) => {
      return { id, x: x * PAGE.width, y: y * PAGE.height };
    });
    await this.#devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  }

  async #openField(): Promise<void> {
    await this.page.evaluate(`document.querySelector('.tools [aria-label="Keyboard"]').click()`);
    await this.page.locator('.text-field:focus').waitFor();
  }

  async #paste(text: string): Promise<void> {
    await this.page.evaluate(`{
      const other = document.createElement('input');
      other.id = 'other';
      other.value = ${JSON.stringify(text)};
      document.body.append(other);
      other.select();
    }`);
    await this.page.keyboard.press('Control+KeyC');
    await this.page.evaluate(`document.querySelector('#other').remove()`);
    await this.#openField();
    await this.page.keyboard.press('Control+KeyV');
    await this.page.keyboard.press('Escape');
  }

  async #plug(pad: number): Promise<void> {
    await this.page.evaluate(`{
      const gamepad = {
        index: ${pad}, id: 'Pad', mapping: 'standard', axes: [0, 0, 0, 0], vibrationActuator: null,
        buttons: Array.from({ length: 17 }, () => ({ pressed: false, value: 0 })),
      };
      pads[${pad}] = gamepad;
      dispatchEvent(Object.assign(new Event('gamepadconnected'), { gamepad }));
    }`);
  }

  async #unplug(pad: number): Promise<void> {
    await this.page.evaluate(`{
      const gamepad = pads[${pad}];
      pads[${pad}] = null;
      dispatchEvent(Object.assign(new Event('gamepaddisconnected'), { gamepad }));
    }`);
  }

  async #play(pad: number, { pressed = [], left = 0, right = 0, axes }: PadHands): Promise<void> {
    const values = Array.from({ length: 17 }, (_, index) => {
      if (index === 6) return left;
      return index === 7 ? right : Number(pressed.includes(index));
    });
    await this.page.evaluate(`{
      pads[${pad}].axes = ${JSON.stringify(axes ?? [0, 0, 0, 0])};
      ${JSON.stringify(values)}.forEach((value, index) => {
        pads[${pad}].buttons[index] = { pressed: value === 1, value };
      });
    }`);
  }
}

export interface DeskOptions {
  /** Where the page is. */
  readonly directory: string;
  readonly flags?: Readonly<Record<string, string>>;
}

/** A streamer with its three viewers, each with rights of its own, and the way of the agent. */
export class Desk {
  readonly rest: TestServer;
  readonly seats: Readonly<Record<Person, Seat>>;
  readonly tokens: Readonly<Record<keyof typeof RIGHTS, NewToken>>;
  readonly #log: string;
  #read = 0;

  private constructor(rest: TestServer, seats: Desk['seats'], tokens: Desk['tokens'], log: string) {
    this.rest = rest;
    this.seats = seats;
    this.tokens = tokens;
    this.#log = log;
  }

  static async set(t: ExecutionContext, { directory, flags }: DeskOptions): Promise<Desk> {
    const log = join(await temporaryFolder(t), 'input.jsonl');
    const server = await demoServer(t, {
      host: ['--input-log', log],
      flags: { credentials: PASSWORD, ...flags },
      staticDirectory: directory,
    });
    const rest = new TestServer(server, '');
    const apps = await server.hosts.list()[0]?.apps();
    const made = await rest.ask('POST', '/api/streamers', {
      body: { ...createBody('s', apps?.[0]?.id), client_unique_id: null, ...SIZE, bitrate: 2_000 },
    });
    t.is(made.status, 200, made.text);
    const issue = (name: keyof typeof RIGHTS): Promise<NewToken> =>
      makeToken(rest, 's', RIGHTS[name], { name });
    const tokens = {
      ...{ ann: await issue('ann'), ben: await issue('ben') },
      ...{ cat: await issue('cat'), agent: await issue('agent') },
    };
    const browser = await TestBrowser.launch();
    t.teardown(() => browser.close());
    const open = async (person: Person): Promise<Seat> => {
      // Each in a window of its own: of the tabs of one, all but one would be in the background.
      const context = await browser.context.browser()?.newContext({ viewport: PAGE });
      if (context === undefined) throw new Error('no browser');
      context.setDefaultTimeout(PATIENCE);
      await context.addInitScript(PREPARE);
      const page = await context.newPage();
      await page.goto(`${server.url}#/streamers/s?token=${tokens[person].token}`);
      await until(`${person} has a picture`, async () => {
        const state = await page.evaluate<string>(
          '`${window.moontee?.state} ${window.moontee?.reason}`',
        );
        if (state.startsWith('ended')) throw new Error(state);
        return page.evaluate<boolean>('window.moontee?.framesDecoded > 10');
      });
      return Seat.take(page);
    };
    const seats = { ann: await open('ann'), ben: await open('ben'), cat: await open('cat') };
    const desk = new Desk(rest, seats, tokens, log);
    await desk.news();
    return desk;
  }

  /** What has come at the host since the last call. */
  async news(): Promise<Word[]> {
    const text = await readFile(this.#log, 'utf8').catch(() => '');
    // The last line may be half written.
    const lines = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
    const news = lines.slice(this.#read);
    this.#read = lines.length;
    return news.flatMap((line) => {
      const input = JSON.parse(line) as Record<string, unknown>;
      const word = wordOf(input);
      return word === null ? [] : [{ ...word, at: Date.parse(String(input['time'])) }];
    });
  }

  /** Inputs that were refused for want of a right, so far. */
  async forbidden(): Promise<number> {
    const { json } = await this.rest.ask('GET', '/api/streamers/s/stats');
    const { stats } = json as { stats: { inputRefused: { forbidden: number } } };
    return stats.inputRefused.forbidden;
  }

  /** A list of the agent's. */
  list(events: readonly unknown[]): Promise<Answer> {
    return this.rest.ask('POST', '/api/streamers/s/input', {
      body: { name: 'agent', events },
      headers: bearer(this.tokens.agent.token),
    });
  }

  /** A list that goes on until the agent leaves, or what is left of it. */
  begin(events: readonly unknown[]): {
    readonly leave: () => void;
    readonly over: Promise<unknown>;
  } {
    const leaving = new AbortController();
    const over = fetch(new URL('/api/streamers/s/input', this.rest.running.url), {
      method: 'POST',
      headers: { ...bearer(this.tokens.agent.token), 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'agent', events: [...events, { type: 'wait', ms: 15_000 }] }),
      signal: leaving.signal,
    }).then(
      async (response) => {
        throw new Error(`${response.status}: ${await response.text()}`);
      },
      () => undefined,
    );
    // It is looked at when the agent leaves.
    over.catch(() => undefined);
    return { leave: () => leaving.abort(), over };
  }

  /** What one of the people may do from now on. */
  async grant(person: Person, rights: readonly Right[]): Promise<void> {
    const viewers = this.rest.running.streamers.require('s').viewers;
    const peer = viewers.find(({ name }) => name === person)?.peerId ?? '';
    const path = `/api/streamers/s/viewers/${peer}`;
    const { status, text } = await this.rest.ask('PATCH', path, { body: { rights } });
    if (status !== 204) throw new Error(`${status}: ${text}`);
  }

  async control(change: unknown): Promise<void> {
    const { status, text } = await this.rest.ask('PUT', '/api/streamers/s/control', {
      body: change,
    });
    if (status !== 200) throw new Error(`${status}: ${text}`);
  }
}
