/**
 * The HTTP of WHEP (draft-ietf-wish-whep, and RFC 9725 for what both have in common). All of our candidates
 * stand in the answer; players may send theirs later, and restart ICE.
 */
import type { RouterContext } from '@koa/router';
import type { ClientAddress } from '../access/client-address.js';
import type { CreationLimit } from '../access/creation-limit.js';
import { principalOf, type Gate } from '../access/gate.js';
import { rightsOn } from '../access/principal.js';
import { MoonteeError } from '../core/errors.js';
import { mediaTypeOf, textBody } from '../http/body.js';
import { HttpError } from '../http/error-answers.js';
import { queryParameter, targetOf } from '../http/request-target.js';
import type { Routes } from '../http/routes.js';
import type { BrowserIceServer } from '../ice/browser-servers.js';
import type { WhepEndpoint } from './whep-endpoint.js';

export interface WhepRoutesOptions {
  readonly endpoint: WhepEndpoint;
  readonly gate: Gate;
  /** How often one address may join. */
  readonly creations: CreationLimit;
  readonly addresses: ClientAddress;
  /** In front of all paths, as players see it; '' for none. */
  readonly pathPrefix: string;
}

const PATH = '/api/streamers/:id/whep';
const SESSION_PATH = `${PATH}/:session`;
const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
/** Bytes: browsers' offers have some 12 000, and fragments a few hundred. */
const MAX_SDP_BYTES = 32 * 1024;
const MAX_FRAGMENT_BYTES = 16 * 1024;
/** Seconds until another attempt makes sense: without a session, and above a limit. */
const RETRY_SESSION_S = '2';
const RETRY_LIMIT_S = '10';

/** Milliseconds for the answer to an offer of ours, as the child gives them. */
const ANSWER_TIME_MS = 15_000;

export function whepRoutes(routes: Routes, options: WhepRoutesOptions): void {
  const { endpoint, gate } = options;

  routes.head(PATH, 'watch', (context) => {
    endpoint.assertEndpoint(parameter(context, 'id'));
    context.set('Content-Type', SDP);
    context.status = 200;
  });

  // A preflight has no credentials; a player that shows them learns of the ICE servers.
  routes.options(PATH, 'open', async (context) => {
    const id = parameter(context, 'id');
    const isShown = context.get('Authorization') !== '' || tokenOf(context) !== undefined;
    if (isShown && rightsOn(await gate.identify(context.req), id).has('watch')) {
      linkServers(context, await endpoint.iceServers(id));
    }
    context.status = 204;
  });

  routes.post(PATH, 'watch', async (context) => {
    const offers = queryParameter(targetOf(context.req), 'offer') ?? 'player';
    if (offers !== 'player' && offers !== 'server') {
      throw new MoonteeError('BAD_REQUEST', 'Query parameter offer must be player or server');
    }
    const body = await textBody(context, SDP, MAX_SDP_BYTES);
    const sdp = offers === 'player' ? body : null;
    options.creations.take(options.addresses.of(context.req));
    await answer(context, sdp, options);
  });

  routes.patch(SESSION_PATH, 'watch', async (context) => {
    const [id, session] = [parameter(context, 'id'), parameter(context, 'session')];
    endpoint.assertSession(id, session);
    const isAnswer = mediaTypeOf(context) === SDP;
    const text = isAnswer
      ? await textBody(context, SDP, MAX_SDP_BYTES)
      : await textBody(context, FRAGMENT, MAX_FRAGMENT_BYTES);
    const patch = {
      fragment: isAnswer ? null : text,
      answer: isAnswer ? text : null,
      if_match: context.req.headers['if-match'] ?? null,
    };
    const patched = await unprocessable(() => endpoint.patch(id, session, patch));
    context.status = 204;
    if (patched.fragment === null) return;
    context.status = 200;
    context.set('ETag', `"${patched.ice}"`);
    context.set('Content-Type', FRAGMENT);
    context.body = Buffer.from(patched.fragment);
  });

  routes.delete(SESSION_PATH, 'watch', (context) => {
    endpoint.leave(parameter(context, 'id'), parameter(context, 'session'));
    context.status = 204;
  });

  routes.refuseOthers(PATH, 'watch', 'HEAD, OPTIONS, POST');
  routes.refuseOthers(SESSION_PATH, 'watch', 'PATCH, DELETE');
}

async function answer(
  context: RouterContext,
  sdp: string | null,
  { endpoint, pathPrefix }: WhepRoutesOptions,
): Promise<void> {
  const id = parameter(context, 'id');
  const left = new AbortController();
  const onClosed = (): void => left.abort();
  context.res.once('close', onClosed);
  try {
    const principal = principalOf(context.req);
    const joined = await endpoint.join(id, { principal, sdp, signal: left.signal });
    if (context.res.destroyed) endpoint.leave(id, joined.sessionId);
    const path = `${pathPrefix}/api/streamers/${encodeURIComponent(id)}/whep`;
    // An offer of ours is the counter-offer of the draft, which the player answers by PATCH.
    context.status = sdp === null ? 406 : 201;
    // Who comes by a link has no other way to show who it is later.
    const token = tokenOf(context);
    const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
    context.set('Location', `${path}/${joined.sessionId}${query}`);
    context.set('ETag', `"${joined.answer.ice}"`);
    context.set('Accept-Patch', FRAGMENT);
    linkServers(context, joined.iceServers);
    context.set('Content-Type', SDP);
    if (sdp === null) {
      const validUntil = new Date(Date.now() + ANSWER_TIME_MS).toUTCString();
      context.set('Content-Type', `${SDP}; valid-until="${validUntil}"`);
    }
    context.body = Buffer.from(joined.answer.sdp);
  } catch (thrown) {
    throw refusal(MoonteeError.from(thrown));
  } finally {
    context.res.off('close', onClosed);
  }
}

/** Players read statuses that differ from those of the table. */
function refusal(error: MoonteeError): MoonteeError | HttpError {
  switch (error.code) {
    case 'VIEWER_CODEC_UNSUPPORTED':
      return new HttpError(406, error);
    case 'CLOSED':
    case 'STREAMER_STOPPING':
      return new HttpError(409, error, { 'Retry-After': RETRY_SESSION_S });
    case 'LIMIT_REACHED':
      return new HttpError(503, error, { 'Retry-After': RETRY_LIMIT_S });
    default:
      return error;
  }
}

/** What cannot be applied is understood nevertheless. */
async function unprocessable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = MoonteeError.from(thrown);
    if (error.code === 'CLOSED') throw new MoonteeError('NOT_FOUND', 'The session is over');
    const isUnderstood = ['VIEWER_SDP_INVALID', 'VIEWER_CODEC_UNSUPPORTED'].includes(error.code);
    throw isUnderstood ? new HttpError(422, error) : error;
  }
}

/** One header for each URL (RFC 9725 §4.6). */
function linkServers(context: RouterContext, servers: readonly BrowserIceServer[]): void {
  for (const { urls, username, credential } of servers) {
    const named = username === '' || !isHeaderText(username + credential);
    const credentials = named
      ? ''
      : `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
    for (const url of urls) {
      if (isHeaderText(url)) context.append('Link', `<${url}>; rel="ice-server"${credentials}`);
    }
  }
}

function isHeaderText(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** RFC 9110, section 5.6.4. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function tokenOf(context: RouterContext): string | undefined {
  return queryParameter(targetOf(context.req), 'token');
}

function parameter({ params }: RouterContext, name: string): string {
  return (params as Record<string, string | undefined>)[name] ?? '';
}
