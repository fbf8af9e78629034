import Router, { type RouterContext } from '@koa/router';
import type Koa from 'koa';
import { ACCESS, isOfStreamer, type Access, type Gate } from '../access/gate.js';
import { MoonteeError } from '../core/errors.js';
import { HttpError } from './error-answers.js';

export type Handler = (context: RouterContext) => Promise<void> | void;
export type Method = 'get' | 'head' | 'options' | 'put' | 'post' | 'patch' | 'delete';

export interface Route {
  /** `socket` is an upgrade to WebSocket. */
  readonly method: Method | 'socket';
  /** With parameters as `:name`. */
  readonly path: string;
  readonly access: Access;
}

export interface SocketMatch<Endpoint> extends Route {
  readonly endpoint: Endpoint;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * All routes, of requests and of sockets. A definition includes the access that it requires of its
 * caller; a route without it cannot be made. Paths match exactly, in case and slashes.
 */
export class Routes<Endpoint = unknown> {
  readonly #router = new Router({ sensitive: true, strict: true });
  readonly #sockets: (Route & { readonly endpoint: Endpoint })[] = [];
  readonly #declared: Route[] = [];
  readonly #gate: Gate;
  readonly #readBody: Koa.Middleware;

  /** @param readBody makes `request.body`, once the caller has been let in */
  constructor(gate: Gate, readBody: Koa.Middleware) {
    this.#gate = gate;
    this.#readBody = readBody;
  }

  get declared(): readonly Route[] {
    return this.#declared;
  }

  get sockets(): readonly (Route & { readonly endpoint: Endpoint })[] {
    return this.#sockets;
  }

  get(path: string, access: Access, handler: Handler): void {
    this.#add('get', path, access, handler);
  }

  head(path: string, access: Access, handler: Handler): void {
    this.#add('head', path, access, handler);
  }

  options(path: string, access: Access, handler: Handler): void {
    this.#add('options', path, access, handler);
  }

  patch(path: string, access: Access, handler: Handler): void {
    this.#add('patch', path, access, handler);
  }

  put(path: string, access: Access, handler: Handler): void {
    this.#add('put', path, access, handler);
  }

  post(path: string, access: Access, handler: Handler): void {
    this.#add('post', path, access, handler);
  }

  delete(path: string, access: Access, handler: Handler): void {
    this.#add('delete', path, access, handler);
  }

  /**
   * Refuses all methods of a path that were not declared before.
   *
   * @param allowed value of the header `Allow`
   */
  refuseOthers(path: string, access: Access, allowed: string): void {
    this.#router.all(path, async (context) => {
      await this.#gate.admit(context.req, access, streamerOf(context));
      throw new HttpError(405, new MoonteeError('METHOD_NOT_ALLOWED'), { Allow: allowed });
    });
  }

  /**
   * A socket of that access may still have to show its credentials in its first message. One that asks for a
   * right, and whose path names no streamer, compares it itself.
   */
  socket(path: string, access: Access, endpoint: Endpoint): void {
    this.#declare({ method: 'socket', path, access });
    this.#sockets.push({ method: 'socket', path, access, endpoint });
  }

  /** Dispatches requests; those that no route has go on. */
  serve(): Koa.Middleware {
    return this.#router.routes() as Koa.Middleware;
  }

  /** @param path decoded, of a request target */
  matchSocket(path: string): SocketMatch<Endpoint> | null {
    for (const route of this.#sockets) {
      const parameters = match(route.path, path);
      if (parameters !== null) return { ...route, parameters };
    }
    return null;
  }

  #add(method: Method, path: string, access: Access, handler: Handler): void {
    this.#declare({ method, path, access });
    const hasBody = method === 'put' || method === 'post' || method === 'patch';
    this.#router[method](
      path,
      async (context, next) => {
        await this.#gate.admit(context.req, access, streamerOf(context));
        await next();
      },
      ...(hasBody ? [this.#readBody] : []),
      async (context) => {
        await handler(context);
      },
    );
  }

  #declare(route: Route): void {
    const { method, path, access } = route;
    if (!ACCESS.includes(access)) {
      throw new MoonteeError('INTERNAL', `Missing access of the route ${method} ${path}`);
    }
    // A socket may name its streamer in another way.
    if (method !== 'socket' && isOfStreamer(access) && !path.split('/').includes(':id')) {
      throw new MoonteeError('INTERNAL', `No streamer in the route ${method} ${path}`);
    }
    this.#declared.push(route);
  }
}

/** The streamer that a request is about. */
function streamerOf({ params }: RouterContext): string | null {
  return (params as Record<string, string | undefined>)['id'] ?? null;
}

function match(pattern: string, path: string): Record<string, string> | null {
  const names = pattern.split('/');
  const segments = path.split('/');
  if (names.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const segment = segments[index] ?? '';
    if (name.startsWith(':') && segment !== '') parameters[name.slice(1)] = segment;
    else if (name !== segment) return null;
  }
  return parameters;
}
