import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the built page, or null if it was not built. */
export function pageDirectory(): string | null {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    if (!existsSync(join(at, 'package.json'))) continue;
    const page = join(at, 'dist', 'web');
    return existsSync(join(page, 'index.html')) ? page : null;
  }
  return null;
}
