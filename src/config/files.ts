/** The files and folders that a configuration names. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { nearest } from '../core/nearest.js';
import type { Config } from './schema.js';

/** What is wrong with a file that could not be opened, and what may have been meant. */
export function unreadable(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT') return `${path} cannot be read`;
  return `${path} does not exist${similar(path)}`;
}

/** Files that the configuration names and that cannot be opened, each with its key. */
export function missingFiles(config: Config): string[] {
  const named: readonly (readonly [key: string, path: string | null | undefined])[] = [
    ['certificate.private_key_pem', config.certificate?.private_key_pem],
    ['certificate.certificate_pem', config.certificate?.certificate_pem],
    ['identity.jwks_path', config.identity?.jwks_path],
    ['static_path', config.static_path],
    ['pipelines_path', config.pipelines_path],
  ];
  const files = named.flatMap(([key, path]) => {
    const problem = typeof path === 'string' ? problemOf(path, constants.R_OK) : null;
    return problem === null ? [] : [`${key}: ${problem}`];
  });
  return [...files, ...missingProgram(config.webrtc_ice_servers_command)];
}

function missingProgram(command: readonly string[] | null): string[] {
  const [program = ''] = command ?? [];
  if (program === '') return [];
  const places = program.includes('/')
    ? [program]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program));
  if (places.some((place) => problemOf(place, constants.X_OK) === null)) return [];
  const where = program.includes('/') ? '' : ' in PATH';
  return [`webrtc_ice_servers_command: ${program} does not exist${where}, or cannot be executed`];
}

function problemOf(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (error) {
    return unreadable(path, error);
  }
}

/** A file of nearly the same name in the same folder. */
function similar(path: string): string {
  const folder = dirname(path);
  try {
    const meant = nearest(basename(path), readdirSync(folder));
    return meant === null ? '' : `; did you mean ${join(folder, meant)}?`;
  } catch {
    return '';
  }
}
