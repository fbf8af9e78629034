/** The native libraries that streamers get in place of the system's. */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where libsrtp2 lies below the folder of package.json: in a package, or where
 * `scripts/build-srtp.sh` puts it.
 */
const PLACES = [join('lib', 'libsrtp2.so.1'), join('.cache', 'srtp', 'libsrtp2.so.1')];
const SEARCH_PATH = 'LD_LIBRARY_PATH';

/** The libsrtp2 that was built upon OpenSSL. Null: SRTP uses the system's. */
export function openSslSrtp(): string | null {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
  return PLACES.map((place) => join(folder, place)).find((path) => existsSync(path)) ?? null;
}

/** Environment of a streamer, with those libraries before the system's. */
export function withLibraries(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const library = openSslSrtp();
  if (!library) return environment;
  const others = environment[SEARCH_PATH];
  const path = dirname(library) + (others ? `${delimiter}${others}` : '');
  return { ...environment, [SEARCH_PATH]: path };
}
