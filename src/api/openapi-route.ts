import type { Routes } from '../http/routes.js';
import { openApiDocument } from './openapi.js';
import { packageVersion } from '../core/package-version.js';

export function openApiRoutes(routes: Routes): void {
  let document: string | null = null;
  routes.get('/api/openapi.json', 'administrator', (context) => {
    document ??= JSON.stringify(openApiDocument(packageVersion()));
    context.type = 'application/json';
    context.body = document;
  });
}
