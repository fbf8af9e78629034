import type { Cleanup } from './dom.js';

/** Chromium's keyboard lock: keys such as Escape and Alt+Tab reach a page in full screen. */
interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

function keyboardLock(): KeyboardLock | undefined {
  return (navigator as { keyboard?: KeyboardLock }).keyboard;
}

export function isFullscreen(): boolean {
  return document.fullscreenElement !== null;
}

/** Phones of one maker can only enlarge the video itself. */
type IosVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

/** Full screen with all keys where the browser allows it; Escape held down leaves it. */
export async function toggleFullscreen(root: HTMLElement, video: IosVideo): Promise<void> {
  if (isFullscreen()) {
    await document.exitFullscreen();
    return;
  }
  if (!document.fullscreenEnabled) {
    video.webkitEnterFullscreen?.();
    return;
  }
  await root.requestFullscreen({ navigationUI: 'hide' });
  await keyboardLock()?.lock();
}

export function followFullscreen(changed: (isFull: boolean) => void, cleanup: Cleanup): void {
  cleanup.listen(document, 'fullscreenchange', () => {
    if (!isFullscreen()) keyboardLock()?.unlock();
    changed(isFullscreen());
  });
  cleanup.add(() => {
    keyboardLock()?.unlock();
    if (isFullscreen()) document.exitFullscreen().catch(() => undefined);
  });
}

/** Keeps the display on while somebody watches. */
export function keepAwake(cleanup: Cleanup): void {
  let lock: WakeLockSentinel | undefined;
  let isOver = false;
  const acquire = async (): Promise<void> => {
    if (document.hidden || !('wakeLock' in navigator)) return;
    try {
      lock = await navigator.wakeLock.request('screen');
      if (isOver) await lock.release();
    } catch {
      // Low battery or not allowed: the display may go dark.
    }
  };
  cleanup.listen(document, 'visibilitychange', () => void acquire());
  cleanup.add(() => {
    isOver = true;
    lock?.release().catch(() => undefined);
  });
  void acquire();
}
