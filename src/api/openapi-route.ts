import type { Routes } from '../http/routes.js';
import { createRequire } from 'node:module';
import { openApiDocument } from './openapi.js';

export function openApiRoutes(routes: Routes): void {
  let document: string | null = null;
  routes.get('/api/openapi.json', 'administrator', (context) => {
    document ??= JSON.stringify(openApiDocument(packageVersion()));
    context.type = 'application/json';
    context.body = document;
  });
}

/** Of package.json, which lies at the root of the sources and of a build alike. */
function packageVersion(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (require(path) as { version: string }).version;
    } catch {
      // A level deeper, then.
    }
  }
  return '0.0.0';
}
