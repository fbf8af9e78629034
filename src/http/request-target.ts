import type { IncomingMessage } from 'node:http';
import { MoonteeError } from '../core/errors.js';

/** What a request asks for, read once: router, guard, sockets and files all use this result. */
export interface RequestTarget {
  /**
   * Decoded, without the path prefix. No segment but the last one is empty, and none has a slash,
   * so that the text and its segments mean the same. `*` for `OPTIONS *`.
   */
  readonly path: string;
  readonly query: URLSearchParams;
  /** For a request to the path prefix without a slash: the same with one. */
  readonly withSlash?: string;
  /** The same target in its only spelling: whatever parses it again reads what we have read. */
  readonly href: string;
}

/** Bytes: the longest target that a client of ours sends has a few hundred. */
const MAX_LENGTH = 4_096;
/** RFC 3986, section 3.3: `pchar`, and segments that are empty at the end alone. */
const PATH =
  /^\/(?:(?:[\w.~!$&'()*+,;=:@-]|%[\dA-Fa-f]{2})+\/)*(?:[\w.~!$&'()*+,;=:@-]|%[\dA-Fa-f]{2})*$/;
/** RFC 3986, section 3.4, and what browsers leave as it is. */
const QUERY = /^(?:[\w.~!$&'()*+,;=:@/?^`{|}[\]-]|%[\dA-Fa-f]{2})*$/;
/** For a reader that decodes twice, a percent sign would be an escape. */

const FORBIDDEN_IN_SEGMENT = /[\u0000-\u001f\u007f-\u009f/\\%]|^\.\.?$/;

const FORBIDDEN_IN_QUERY = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Parses a request target in origin form (RFC 9112, section 3.2.1). Every other form is refused,
 * and so is every spelling that two readers could understand differently: dot segments, empty
 * segments, encoded separators, malformed escapes, characters that no URI has.
 *
 * @param prefix path in front of everything, as browsers see it; '' for none. A proxy may have
 * taken it off. The doubled `/api/api/` of some clients is made single (signaling.md b.7).
 * @throws BAD_REQUEST
 */
export function parseRequestTarget(text: string, prefix: string): RequestTarget {
  if (text.length > MAX_LENGTH) throw refusal('too long');
  const mark = text.indexOf('?');
  const rawPath = mark === -1 ? text : text.slice(0, mark);
  const rawQuery = mark === -1 ? '' : text.slice(mark + 1);
  if (!PATH.test(rawPath)) throw refusal('not a path in origin form');
  if (!QUERY.test(rawQuery)) throw refusal('not a query');
  const segments = rawPath.slice(1).split('/').map(decode);
  if (segments.some((segment) => FORBIDDEN_IN_SEGMENT.test(segment))) {
    throw refusal('a segment that can be read in two ways');
  }
  if (FORBIDDEN_IN_QUERY.test(decode(rawQuery.replaceAll('+', ' ')))) {
    throw refusal('a control character');
  }
  const whole = `/${segments.join('/')}`;
  const path = localPath(whole, prefix);
  const search = rawQuery === '' ? '' : `?${rawQuery}`;
  return {
    path,
    ...(prefix !== '' && whole === prefix ? { withSlash: `${prefix}/${search}` } : {}),
    // It takes off one question mark, which may be the first character of the query.
    query: new URLSearchParams(search),
    href: path.split('/').map(encodeURIComponent).join('/') + search,
  };
}

/** A parameter of the query. @throws BAD_REQUEST if it is given twice */
export function queryParameter({ query }: RequestTarget, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) {
    throw new MoonteeError('BAD_REQUEST', `Query parameter ${name} is given twice`);
  }
  return values[0];
}

const read = new WeakMap<IncomingMessage, RequestTarget | MoonteeError>();

/**
 * Parses the request target before any other reader sees it. From then on its `url` is the
 * canonical one, and that of a refused request is `/`: a refused target reaches no parser.
 */
export function readTarget(request: IncomingMessage, prefix: string): void {
  const target = attempt(request, prefix);
  read.set(request, target);
  request.url = target instanceof MoonteeError || target.path === '*' ? '/' : target.href;
}

/** @throws BAD_REQUEST if the request was refused */
export function targetOf(request: IncomingMessage): RequestTarget {
  const target = read.get(request) ?? new MoonteeError('INTERNAL', 'The target was not read');
  if (target instanceof MoonteeError) throw target;
  return target;
}

function attempt(request: IncomingMessage, prefix: string): RequestTarget | MoonteeError {
  const { method, url = '', headersDistinct: headers } = request;
  // A proxy in front may have gone by another one of them than we would.
  for (const name of ['host', 'authorization']) {
    if ((headers[name]?.length ?? 0) > 1) {
      return new MoonteeError('BAD_REQUEST', `More than one header ${name}`);
    }
  }
  if (method === 'OPTIONS' && url === '*') {
    return { path: '*', query: new URLSearchParams(), href: '*' };
  }
  try {
    return parseRequestTarget(url, prefix);
  } catch (error) {
    return MoonteeError.from(error);
  }
}

function localPath(path: string, prefix: string): string {
  let local = path;
  if (prefix !== '' && (local === prefix || local.startsWith(`${prefix}/`))) {
    local = local.slice(prefix.length);
    if (local === '') local = '/';
  }
  return local.startsWith('/api/api/') ? local.slice('/api'.length) : local;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal('not UTF-8');
  }
}

function refusal(reason: string): MoonteeError {
  return new MoonteeError('BAD_REQUEST', `Invalid request target: ${reason}`);
}
