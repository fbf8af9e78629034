const DEVICE_KEY = 'moontee.device';
const TAB_KEY = 'moontee.tab';

/**
 * A name for logs and for finding a viewer again: the browser's, which stays for good, and the
 * tab's, which survives a reload. It gives no rights. The tab's part is taken out of the storage while the page lives, because a
 * duplicated tab begins with a copy of it.
 */
export function clientUniqueId(): string {
  const device = stored(localStorageOrNone(), DEVICE_KEY) ?? random();
  store(localStorageOrNone(), DEVICE_KEY, device);
  const session = sessionStorageOrNone();
  const tab = stored(session, TAB_KEY) ?? random();
  session?.removeItem(TAB_KEY);
  addEventListener('pagehide', () => store(session, TAB_KEY, tab));
  addEventListener('pageshow', () => session?.removeItem(TAB_KEY));
  return `${device}-${tab}`;
}

/** Storage can be forbidden; then the name lives as long as the page. */
function localStorageOrNone(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function sessionStorageOrNone(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

function stored(storage: Storage | undefined, key: string): string | undefined {
  const value = storage?.getItem(key);
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value) ? value : undefined;
}

function store(storage: Storage | undefined, key: string, value: string): void {
  try {
    storage?.setItem(key, value);
  } catch {
    // A full storage costs the name, nothing else.
  }
}

function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
