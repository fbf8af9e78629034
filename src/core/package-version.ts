import { createRequire } from 'node:module';

/** Of package.json, which lies at the root of the sources and of a build alike. */
export function packageVersion(): string {
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
