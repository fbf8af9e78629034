import { attempt, attemptAsync } from '../client/attempt.js';
import type { Cleanup } from './dom.js';

/** Chromium's keyboard lock: keys such as Escape and Alt+Tab reach a page in full screen. */
interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

function keyboardLock(): KeyboardLock | undefined {
  return (navigator as { keyboard?: KeyboardLock }).keyboard;
}

/** Safari's own names, before 16.4 and on phones, which can only enlarge the video itself. */
type SafariElement = HTMLElement & { webkitRequestFullscreen?: () => void };
type SafariVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };
type SafariDocument = Document & {
  readonly webkitFullscreenElement?: Element | null;
  webkitExitFullscreen?: () => void;
};

const safari: SafariDocument = document;

function isFullscreen(): boolean {
  // Absent if the browser has no full screen.
  const element: Element | null | undefined = document.fullscreenElement;
  return (element ?? safari.webkitFullscreenElement ?? null) !== null;
}

/** Full screen with all keys if the browser allows it; Escape held down leaves it. */
export async function toggleFullscreen(root: SafariElement, video: SafariVideo): Promise<void> {
  if (isFullscreen()) {
    await leaveFullscreen();
    return;
  }
  const isFull = await attemptAsync(async () => {
    await root.requestFullscreen({ navigationUI: 'hide' });
    return true;
  });
  if (isFull === true) await attemptAsync(() => keyboardLock()?.lock());
  else attempt(() => (root.webkitRequestFullscreen ?? video.webkitEnterFullscreen)?.call(root));
}

async function leaveFullscreen(): Promise<void> {
  await attemptAsync(() => document.exitFullscreen());
  if (isFullscreen()) attempt(() => safari.webkitExitFullscreen?.());
}

/** Whether a media query holds; where a browser knows none, it does not. */
export function matches(query: string): boolean {
  return attempt(() => matchMedia(query).matches) ?? false;
}

/** Where a browser does not observe elements, the size of its window says enough. */
export function followSize(target: Element, changed: () => void, cleanup: Cleanup): void {
  const observer = attempt(() => new ResizeObserver(changed));
  if (observer === undefined) {
    cleanup.listen(window, 'resize', changed);
    return;
  }
  observer.observe(target);
  cleanup.add(() => observer.disconnect());
}

export function followFullscreen(changed: (isFull: boolean) => void, cleanup: Cleanup): void {
  const unlock = (): void => {
    attempt(() => keyboardLock()?.unlock());
  };
  for (const name of ['fullscreenchange', 'webkitfullscreenchange'] as const) {
    cleanup.listen(document, name, () => {
      if (!isFullscreen()) unlock();
      changed(isFullscreen());
    });
  }
  cleanup.add(() => {
    unlock();
    if (isFullscreen()) void leaveFullscreen();
  });
}

/** Keeps the display on while a viewer watches. */
export function keepAwake(cleanup: Cleanup): void {
  let lock: WakeLockSentinel | undefined;
  let isOver = false;
  const release = (): void => void attemptAsync(() => lock?.release());
  const acquire = async (): Promise<void> => {
    if (document.hidden) return;
    // Low battery, not allowed, or unknown: the display may go dark.
    lock = (await attemptAsync(() => navigator.wakeLock.request('screen'))) ?? lock;
    if (isOver) release();
  };
  cleanup.listen(document, 'visibilitychange', () => void acquire());
  cleanup.add(() => {
    isOver = true;
    release();
  });
  void acquire();
}
