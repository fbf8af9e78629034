import type { IceServer } from './types.js';
import { formatIceUrl, isRelay, parseIceUrl } from './ice-url.js';

/** The three fields that clients expect, none of them missing. */
export interface BrowserIceServer {
  urls: string[];
  username: string;
  credential: string;
}

/**
 * ICE servers in the shape that every browser accepts (signaling.md b.4). One empty list, one TURN
 * URL without a user or one odd URL makes Chromium throw, and the viewer stays black.
 */
export function browserServers(servers: readonly IceServer[]): BrowserIceServer[] {
  return servers
    .map(({ urls, username = '', credential = '' }) => ({
      urls: urls
        .map((text) => parseIceUrl(text))
        .filter((url) => url !== null)
        .filter((url) => !isRelay(url) || (username !== '' && credential !== ''))
        .map(formatIceUrl),
      username,
      credential,
    }))
    .filter(({ urls }) => urls.length > 0);
}
