/**
 * Lets Node run this repository's TypeScript: `node --import ./scripts/typescript.js FILE.ts`.
 * Files without their types are kept in `.cache/typescript`. The tests start hundreds of processes, and
 * making them took most of each start.
 */
import { register } from 'node:module';

register('./typescript-hooks.js', import.meta.url);
