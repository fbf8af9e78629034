import type Koa from 'koa';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { targetOf } from './request-target.js';

interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** What is served where no page was built: `GET /` must answer 200 in any case. */
const NO_PAGE = '<!doctype html><meta charset="utf-8"><title>Moontee</title><p>Moontee is running.';

/**
 * The page, read once: a request can only name what is in the table, so that no path of the
 * network ever reaches the file system.
 */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  static async read(directory: string | null): Promise<StaticFiles> {
    const files = new StaticFiles();
    if (directory !== null) {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const name = `/${relative(directory, path).split(sep).join('/')}`;
        files.#add(name, await readFile(path));
      }
    }
    if (!files.#files.has('/index.html')) files.#add('/index.html', Buffer.from(NO_PAGE));
    return files;
  }

  /** Answers GET and HEAD of a file; everything else goes on. */
  serve(): Koa.Middleware {
    return async (context, next) => {
      const { path, withSlash } = targetOf(context.req);
      const file = this.#files.get(path.endsWith('/') ? `${path}index.html` : path);
      if (file === undefined || (context.method !== 'GET' && context.method !== 'HEAD')) {
        await next();
        return;
      }
      if (withSlash !== undefined) {
        // The page names its parts relative to itself.
        context.status = 308;
        context.redirect(withSlash);
        return;
      }
      context.status = 200;
      context.type = file.type;
      context.etag = file.etag;
      context.set('Cache-Control', 'no-cache');
      if (context.fresh) context.status = 304;
      else context.body = file.body;
    };
  }

  #add(name: string, body: Buffer): void {
    const etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
    this.#files.set(name, { body, type: extname(name) || 'application/octet-stream', etag });
  }
}
