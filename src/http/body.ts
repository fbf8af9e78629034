import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import { parseJson } from '../codec/bounded-json.js';
import { MoonteeError } from '../core/errors.js';

/** Of requests with a JSON body, what it holds. */
const bodies = new WeakMap<IncomingMessage, unknown>();

/** Levels of a body; ours have two. */
const MAX_DEPTH = 16;

/**
 * Reads JSON bodies, for {@link jsonBody}. A client that waits with its body (`Expect:
 * 100-continue`) gets its 100 here, after the body is known to be wanted.
 *
 * @param limit bytes
 */
export function bodyReader(limit: number): Koa.Middleware {
  return async (context, next) => {
    if (/(?:^|\W)100-continue(?:$|\W)/i.test(context.get('Expect'))) context.res.writeContinue();
    if (context.request.is('application/json') === 'application/json') {
      try {
        bodies.set(context.req, await readJson(context.req, limit));
      } catch (error) {
        // The rest of it is not read.
        context.set('Connection', 'close');
        throw error;
      }
    }
    await next();
  };
}

/** The content of the JSON body; undefined if it is missing. */
export function jsonBody(request: IncomingMessage): unknown {
  return bodies.get(request);
}

/** The media type of a body, without its parameters; empty if it is not named. */
export function mediaTypeOf(context: Pick<Koa.Context, 'get'>): string {
  const [given = ''] = context.get('Content-Type').split(';', 1);
  return given.trim().toLowerCase();
}

/**
 * The text of a body of that media type.
 *
 * @param limit bytes
 * @throws MEDIA_TYPE_UNSUPPORTED, BODY_TOO_LARGE, BAD_REQUEST
 */
export async function textBody(
  context: Pick<Koa.Context, 'req' | 'get' | 'set'>,
  type: string,
  limit: number,
): Promise<string> {
  if (mediaTypeOf(context) !== type) {
    throw new MoonteeError('MEDIA_TYPE_UNSUPPORTED', `Content-Type must be ${type}`);
  }
  try {
    return decode(await readBytes(context.req, limit));
  } catch (error) {
    // The rest of it is not read.
    context.set('Connection', 'close');
    throw MoonteeError.from(error, 'BAD_REQUEST');
  }
}

/** @throws BODY_TOO_LARGE, BAD_REQUEST */
async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const bytes = await readBytes(request, limit);
  try {
    const text = decode(bytes);
    return text === '' ? {} : parseJson(text, MAX_DEPTH);
  } catch {
    throw new MoonteeError('BAD_REQUEST', 'Request body is not valid JSON');
  }
}

/** @throws TypeError if it is not UTF-8 */
function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** @throws BODY_TOO_LARGE, BAD_REQUEST */
async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new MoonteeError('BAD_REQUEST', 'Request body must not be compressed');
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw new MoonteeError('BODY_TOO_LARGE');
  }
  return read(request, limit);
}

/** Listens rather than iterates: an iterator that is left early ends the connection before the answer. */
function read(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      request.pause();
      reject(new MoonteeError('BODY_TOO_LARGE'));
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    const onLost = (): void =>
      reject(new MoonteeError('BAD_REQUEST', 'Request body is incomplete'));
    request.once('error', onLost);
    request.once('close', onLost);
  });
}
