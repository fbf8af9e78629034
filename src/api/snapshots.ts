import type { RouterContext } from '@koa/router';
import type { Socket } from 'node:net';
import { MoonteeError } from '../core/errors.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { Routes } from '../http/routes.js';
import { unixPair } from '../http/unix-pair.js';
import {
  decodeSnapshot,
  MAX_SNAPSHOT_BYTES,
  type Snapshot,
  type SnapshotFormat,
} from '../protocol/snapshot.js';
import type { Streamer } from '../streamer/streamer.js';
import type { ApiContext } from './context.js';
import { optionalInteger } from './request.js';

const WIDTHS = [16, 8_192] as const;
const DEFAULT_AGE_MS = 250;
const MAX_AGE_MS = 60_000;
/** Milliseconds for the key frame with which the decoder begins. */
const WITHIN_MS = 6_000;
/** Milliseconds for the way to the child and back. */
const MARGIN_MS = 2_000;
/** Requests of one streamer, of all callers. */
const BUDGET = { rate: 20, burst: 40 };
const MAX_OPEN = 32;
const AGE_HEADER = 'Moontee-Picture-Age';

/** Of one streamer. */
interface Usage {
  readonly bucket: TokenBucket;
  open: number;
}

const FORMATS: readonly (readonly [ending: string, format: SnapshotFormat, type: string])[] = [
  ['png', 'png', 'image/png'],
  ['jpg', 'jpeg', 'image/jpeg'],
];

export function snapshotRoutes(routes: Routes, { streamers }: ApiContext): void {
  const usages = new WeakMap<Streamer, Usage>();

  for (const [ending, format, type] of FORMATS) {
    routes.get(`/api/streamers/:id/snapshot.${ending}`, 'watch', async (context) => {
      const { id = '' } = context.params as Record<string, string | undefined>;
      const streamer = streamers.require(id);
      const width = optionalInteger(context, 'width', WIDTHS);
      const age = optionalInteger(context, 'max_age_ms', [0, MAX_AGE_MS]) ?? DEFAULT_AGE_MS;
      const usage = usages.get(streamer) ?? { bucket: new TokenBucket(BUDGET), open: 0 };
      usages.set(streamer, usage);
      if (!usage.bucket.take(1, performance.now())) {
        throw new MoonteeError('RATE_LIMITED', 'Too many pictures of this streamer', {
          details: { retry_after_s: 1 },
        });
      }
      if (usage.open >= MAX_OPEN) {
        throw new MoonteeError('LIMIT_REACHED', 'Too many wait for a picture of this streamer');
      }
      usage.open += 1;
      try {
        answer(context, await take(streamer, { format, width: width ?? null, age }), type);
      } finally {
        usage.open -= 1;
      }
    });
  }
}

function answer(context: RouterContext, snapshot: Snapshot, type: string): void {
  const { data, id, width, age_ms } = snapshot;
  context.type = type;
  context.set(AGE_HEADER, String(age_ms));
  context.set('Age', String(Math.ceil(age_ms / 1_000)));
  context.set('Cache-Control', 'private, no-cache');
  const tag = `"${type.slice('image/'.length)}-${width}-${id}"`;
  context.set('ETag', tag);
  // Koa would not compare them for a caller of fetch(), who cannot but send `no-cache` beside the tag.
  const known = context.get('If-None-Match').split(',');
  if (known.some((each) => each.trim().replace(/^W\//, '') === tag)) context.status = 304;
  else context.body = data;
}

/** The picture comes over a connection of its own: it is too large for messages. */
async function take(
  streamer: Streamer,
  wish: {
    readonly format: SnapshotFormat;
    readonly width: number | null;
    readonly age: number;
  },
): Promise<Snapshot> {
  const { format, width, age: max_age_ms } = wish;
  if (streamer.picture === null) {
    throw new MoonteeError('CLOSED', 'The streamer has no session now');
  }
  const [near, far] = await unixPair();
  try {
    streamer.giveSocket(far, (socket_id) => ({
      TakeSnapshot: { socket_id, format, width, max_age_ms, within_ms: WITHIN_MS },
    }));
    return decodeSnapshot(await readAll(near));
  } finally {
    near.destroy();
  }
}

/** @throws TIMEOUT, LIMIT_REACHED for what is too large */
function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new MoonteeError('TIMEOUT', 'The streamer did not answer in time'));
    }, WITHIN_MS + MARGIN_MS);
    const chunks: Buffer[] = [];
    let size = 0;
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_SNAPSHOT_BYTES) chunks.push(chunk);
      else reject(new MoonteeError('LIMIT_REACHED', 'The picture is too large'));
    });
    const finish = (): void => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    };
    socket.on('error', () => void socket.destroy());
    socket.once('end', finish);
    socket.once('close', finish);
  });
}
