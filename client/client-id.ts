import { attempt } from './attempt.js';

const DEVICE_KEY = 'moontee.device';
const TAB_KEY = 'moontee.tab';

/**
 * A name for logs and for recognising a viewer: the browser's part stays for good, the tab's
 * survives a reload. It gives no rights. The tab's part is taken out of the storage while the page
 * lives, because a duplicated tab begins with a copy of it.
 */
export function clientUniqueId(): string {
  const device = stored(local, DEVICE_KEY) ?? random();
  store(local, DEVICE_KEY, device);
  const tab = stored(session, TAB_KEY) ?? random();
  const forget = (): void => {
    attempt(() => session().removeItem(TAB_KEY));
  };
  forget();
  addEventListener('pagehide', () => store(session, TAB_KEY, tab));
  addEventListener('pageshow', forget);
  return `${device}-${tab}`;
}

/** To ask for it can fail already: then the name lives as long as the page. */
const local = (): Storage => localStorage;
const session = (): Storage => sessionStorage;

function stored(storage: () => Storage, key: string): string | undefined {
  const value = attempt(() => storage().getItem(key));
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value) ? value : undefined;
}

/** A full storage costs the name, nothing else. */
function store(storage: () => Storage, key: string, value: string): void {
  attempt(() => storage().setItem(key, value));
}

function random(): string {
  const bytes = new Uint8Array(8);
  const isFilled = attempt(() => crypto.getRandomValues(bytes)) !== undefined;
  // The name is not a secret: it only has to differ from those of others.
  if (!isFilled) for (const n of bytes.keys()) bytes[n] = Math.floor(Math.random() * 256);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
