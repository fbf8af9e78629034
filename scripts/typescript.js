/**
 * Lets Node run this repository's TypeScript: `node --import ./scripts/typescript.js FILE.ts`. What has
 * been compiled is kept in `.cache/typescript`, because the tests start hundreds of processes, and
 * compiling and starting a compiler took most of each start.
 */
import { register } from 'node:module';

process.setSourceMapsEnabled(true);
register('./typescript-hooks.js', import.meta.url);
