import { principalOf } from '../access/gate.js';
import { rightsOn } from '../access/principal.js';
import type { Tenures } from '../access/tenures.js';
import type { Routes } from '../http/routes.js';
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { RecorderEvents } from '../recordings/recorder.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';
import type { FeedEvent } from '../protocol/rest-models.js';

const RING = 1_000;
const MAX_READERS = 64;
/** Of these, viewers may be so many: the rest is for administrators. */
const MAX_VIEWING_READERS = 48;
/** Bytes that a reader may be behind before it is let go. */
const MAX_BEHIND = 1 << 20;
/** Milliseconds; proxies close what is silent. */
const KEEP_ALIVE_MS = 15_000;

/** Who reads: null for one who may read everything, else whether it may watch a streamer. */
type FeedFilter = ((streamerId: string) => boolean) | null;

interface Entry {
  readonly number: number;
  readonly text: string;
  readonly streamerId: string;
  /** As it is told to viewers; null: it is not. */
  readonly forViewers: string | null;
}

/**
 * The life of streamers, peers, recordings and outputs as server-sent events. Ids are `<run>-<number>`. A
 * reader that comes back with `Last-Event-ID` gets the events that it missed. If they are no longer
 * known it gets an event `reset`, and has to read the list again.
 */
export class EventFeed {
  /** Distinguishes this run of the server from earlier ones. */
  readonly #run = randomBytes(4).toString('hex');
  readonly #ring: Entry[] = [];
  readonly #readers = new Map<PassThrough, FeedFilter>();
  readonly #keepAlive: NodeJS.Timeout;
  readonly #log: Log;
  #next = 1;
  #closed = false;

  /** @param recorder null if recording is off */
  constructor(
    streamers: StreamerRegistry,
    recorder: EventEmitter<RecorderEvents> | null,
    log: Log,
  ) {
    this.#log = log;
    streamers.on('created', (streamer) => this.#streamer('streamer.created', streamer));
    streamers.on('status', (streamer) => this.#streamer('streamer.status', streamer));
    streamers.on('removed', (streamer) => this.#streamer('streamer.removed', streamer));
    streamers.on('viewer', (streamer, { what, peerId, code, kind }) => {
      this.#publish({
        type: `peer.${what}`,
        streamer_id: streamer.id,
        peer_id: peerId,
        kind,
        ...(code === null ? {} : { code }),
      });
    });
    streamers.on('output', (streamer, { name, state, code, reason }) => {
      this.#publish({
        ...{ type: 'output.status', streamer_id: streamer.id, output: name, status: state },
        ...(code === null ? {} : { code, reason: reason ?? '' }),
      });
    });
    recorder?.on('started', ({ streamer_id, recording_id }) => {
      this.#publish({ type: 'recording.started', streamer_id, recording_id });
    });
    recorder?.on('ended', ({ streamer_id, recording_id, reason }, code) => {
      const why = { code, reason: reason ?? '' };
      this.#publish({ type: 'recording.ended', streamer_id, recording_id, ...why });
    });
    this.#keepAlive = setInterval(() => this.#send(() => ':\n\n'), KEEP_ALIVE_MS);
    this.#keepAlive.unref();
  }

  /**
   * A stream of what happens from now on, after what was missed.
   *
   * @throws LIMIT_REACHED
   */
  read(lastEventId: string, filter: FeedFilter = null): PassThrough {
    if (this.#closed) throw new MoonteeError('CLOSED', 'The server is shutting down');
    const viewing = [...this.#readers.values()].filter((each) => each !== null);
    const isFull = filter !== null && viewing.length >= MAX_VIEWING_READERS;
    if (isFull || this.#readers.size >= MAX_READERS) {
      throw new MoonteeError('LIMIT_REACHED', 'Too many readers of the event feed');
    }
    const reader = new PassThrough({ highWaterMark: MAX_BEHIND });
    this.#readers.set(reader, filter);
    reader.once('close', () => this.#readers.delete(reader));
    reader.write('retry: 2000\n\n');
    if (lastEventId !== '') {
      const missed = this.#since(lastEventId, filter);
      reader.write(missed ?? `event: reset\ndata: {}\n\n`);
    }
    return reader;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#keepAlive);
    for (const reader of this.#readers.keys()) reader.end();
    this.#readers.clear();
  }

  #streamer(type: FeedEvent['type'], streamer: Streamer): void {
    const { failure, status } = streamer;
    const failed = status === 'failed' || status === 'reconnecting';
    this.#publish({
      type,
      streamer_id: streamer.id,
      status,
      ...(failed && failure !== null ? { code: failure.code, reason: failure.reason } : {}),
    });
  }

  #publish(event: Omit<FeedEvent, 'at'>): void {
    const number = this.#next;
    this.#next += 1;
    const timed = { ...event, at: new Date().toISOString() };
    const told = { ...timed };
    // Reasons are for operators.
    delete told.reason;
    const id = `${this.#run}-${number}`;
    const entry = {
      number,
      text: textOf(id, timed),
      streamerId: event.streamer_id,
      forViewers: isForViewers(event) ? textOf(id, told) : null,
    };
    this.#ring.push(entry);
    if (this.#ring.length > RING) this.#ring.shift();
    this.#send((filter) => textFor(entry, filter));
  }

  #send(textFor: (filter: FeedFilter) => string | null): void {
    for (const [reader, filter] of this.#readers) {
      const text = textFor(filter);
      if (text === null) continue;
      if (reader.writableLength + reader.readableLength > MAX_BEHIND) {
        this.#log.info('reader of the event feed too slow, closed');
        this.#readers.delete(reader);
        reader.destroy();
      } else {
        reader.write(text);
      }
    }
  }

  /** The events after that id; null if it is not known any more. */
  #since(lastEventId: string, filter: FeedFilter): string | null {
    const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(lastEventId);
    const last = Number(match?.[2]);
    if (match?.[1] !== this.#run || last >= this.#next) return null;
    const oldest = this.#ring[0]?.number ?? this.#next;
    if (last + 1 < oldest) return null;
    return this.#ring
      .filter(({ number }) => number > last)
      .map((entry) => textFor(entry, filter) ?? '')
      .join('');
  }
}

function textOf(id: string, event: FeedEvent): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function textFor({ text, streamerId, forViewers }: Entry, filter: FeedFilter): string | null {
  if (filter === null) return text;
  return filter(streamerId) ? forViewers : null;
}

/** Recordings and outputs are not their concern. */
function isForViewers({ type }: Pick<FeedEvent, 'type'>): boolean {
  return type.startsWith('streamer.') || type.startsWith('peer.');
}

export function eventRoutes(
  routes: Routes,
  { events, access }: { events: EventFeed; access: { readonly tenures: Tenures } },
): void {
  // A viewer reads of its own streamers.
  routes.get('/api/events', 'known', (context) => {
    const reader = principalOf(context.req);
    const filter: FeedFilter =
      reader.kind === 'administrator' ? null : (id) => rightsOn(reader, id).has('watch');
    const stream = events.read(context.get('Last-Event-ID'), filter);
    try {
      const tenure = access.tenures.hold(reader, () => stream.end());
      stream.once('close', () => tenure.release());
    } catch (error) {
      stream.destroy();
      throw error;
    }
    context.res.once('close', () => stream.destroy());
    context.type = 'text/event-stream';
    context.set('Cache-Control', 'no-cache');
    // Proxies that buffer would hold events back.
    context.set('X-Accel-Buffering', 'no');
    context.body = stream;
  });
}
