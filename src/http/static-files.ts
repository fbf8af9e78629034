import type Koa from 'koa';
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { MoonteeError } from '../core/errors.js';
import { targetOf } from './request-target.js';

interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** Served if no page was built: `GET /` must answer 200 in any case. */
const NO_PAGE = '<!doctype html><meta charset="utf-8"><title>Moontee</title><p>Moontee is running.';

/** What another client's folder may hold; all of it is kept in memory. */
const MAX_FILES = 5_000;
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The page, and another client's files beside it, read once. A request can only name an entry of
 * the table, so that no path of the network ever reaches the file system.
 */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();
  #bytes = 0;

  /**
   * @param page folder of the page; null if it was not built
   * @param beside folder of another client, whose files never take the place of the page's
   * @throws CONFIG_INVALID if `beside` cannot be read, or holds too much
   */
  static async read(page: string | null, beside: string | null): Promise<StaticFiles> {
    const files = new StaticFiles();
    if (page !== null) await files.#addFolder(page);
    if (beside !== null) {
      try {
        await files.#addFolder(await realpath(beside));
      } catch (cause) {
        if (cause instanceof MoonteeError) throw cause;
        throw new MoonteeError('CONFIG_INVALID', `static_path ${beside} cannot be read`, { cause });
      }
    }
    if (!files.#files.has('/index.html')) files.#add('/index.html', Buffer.from(NO_PAGE));
    return files;
  }

  /** Answers GET and HEAD of a file; all other requests are passed on. */
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

  async #addFolder(folder: string): Promise<void> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const segments = relative(folder, path).split(sep);
      if (segments.some((segment) => segment.startsWith('.'))) continue;
      const name = `/${segments.join('/')}`;
      if (this.#files.has(name) || !(await isFileOf(folder, entry, path))) continue;
      const { size } = await stat(path);
      this.#bytes += size;
      if (this.#files.size >= MAX_FILES || this.#bytes > MAX_BYTES) {
        throw new MoonteeError(
          'CONFIG_INVALID',
          `${folder} holds more than ${MAX_FILES} files or ${MAX_BYTES / 2 ** 20} MiB to serve`,
        );
      }
      this.#add(name, await readFile(path));
    }
  }

  #add(name: string, body: Buffer): void {
    const etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
    this.#files.set(name, { body, type: extname(name) || 'application/octet-stream', etag });
  }
}

/** A file, or a link to one that is in the folder as well. */
async function isFileOf(folder: string, entry: Dirent, path: string): Promise<boolean> {
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) return false;
  const target = await realpath(path).catch(() => null);
  if (target?.startsWith(folder + sep) !== true) return false;
  const inside = relative(folder, target).split(sep);
  return !inside.some((segment) => segment.startsWith('.')) && (await stat(target)).isFile();
}
