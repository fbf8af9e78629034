/**
 * Lets Node run this repository's TypeScript: `node --import ./scripts/typescript.js FILE.ts`.
 * Compiled files are kept in `.cache/typescript`. The tests start hundreds of processes, and
 * compiling took most of each start.
 */
import { register } from 'node:module';

process.setSourceMapsEnabled(true);
register('./typescript-hooks.js', import.meta.url);
