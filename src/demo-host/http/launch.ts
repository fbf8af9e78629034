import type { App, AppCatalogue } from '../apps.js';
import type { LaunchRequest } from '../sessions.js';

/** Bounds of what the host draws and encodes. */
const LIMITS = { width: [64, 7680], height: [64, 4320], fps: [1, 240] } as const;
const DEFAULT_MODE = { width: 1280, height: 720, fps: 60 } as const;

/** `WxHxFPS`; clients of old hosts send 0 for more than 60 frames a second (§1.7). */
export function parseMode(
  text: string | null,
): { width: number; height: number; fps: number } | null {
  if (text === null) return DEFAULT_MODE;
  const match = /^(\d{1,5})x(\d{1,5})x(\d{1,4})$/.exec(text);
  if (match === null) return null;
  const mode = { width: Number(match[1]), height: Number(match[2]), fps: Number(match[3]) || 60 };
  const fits = (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).every(
    (key) => mode[key] >= LIMITS[key][0] && mode[key] <= LIMITS[key][1],
  );
  return fits ? mode : null;
}

/**
 * Reads the query of launch and resume.
 *
 * @returns what is wrong, or the request
 */
export function parseLaunch(
  query: URLSearchParams,
  client: string,
  address: string,
): LaunchRequest | string {
  const key = query.get('rikey') ?? '';
  if (!/^[0-9a-f]{32}$/i.test(key)) return 'Missing or invalid rikey';
  const keyId = query.get('rikeyid') ?? '';
  // Signed by the book; some clients send the same 32 bits unsigned.
  if (!/^-?\d{1,10}$/.test(keyId)) return 'Missing or invalid rikeyid';
  const mode = parseMode(query.get('mode'));
  if (mode === null) return 'Invalid mode';
  const surround = Number(query.get('surroundAudioInfo') ?? '196610');
  const channels = Number.isInteger(surround) ? surround & 0xffff : 2;
  return {
    client,
    address,
    ...mode,
    channels: channels === 6 || channels === 8 ? channels : 2,
    key: Buffer.from(key, 'hex'),
    keyId: Number(keyId) | 0,
    encryptedRtsp: Number(query.get('corever') ?? '0') >= 1,
  };
}

/** The app that `appid` names. */
export function requestedApp(query: URLSearchParams, catalogue: AppCatalogue): App | undefined {
  const id = query.get('appid') ?? '';
  return /^\d{1,9}$/.test(id) ? catalogue.find(Number(id)) : undefined;
}
