import type { Cleanup } from './dom.js';

/** CSS pixels below which there is room for little beside the picture. */
const SHORT = 440;
/** Enlarged by this much or more, the browser's own zoom decides what is seen. */
const ZOOMED = 1.05;

/**
 * Keeps the page in what is seen of it: where a keyboard on the screen covers the lower part, the page
 * ends above it.
 */
export function fitVisibleRoom(root: HTMLElement, cleanup: Cleanup): void {
  // Absent in older browsers.
  const { visualViewport: viewport } = window as { visualViewport?: VisualViewport | null };
  if (!viewport) return;
  const fit = (): void => {
    const { height, offsetTop, scale } = viewport;
    root.classList.toggle('short', height * scale < SHORT);
    const isCovered = scale < ZOOMED && height < window.innerHeight - 1;
    for (const [name, value] of [
      ['top', offsetTop],
      ['height', height],
    ] as const) {
      if (isCovered) root.style.setProperty(name, `${value}px`);
      else root.style.removeProperty(name);
    }
    root.classList.toggle('covered', isCovered);
  };
  for (const name of ['resize', 'scroll'] as const) cleanup.listen(viewport, name, fit);
  fit();
}
