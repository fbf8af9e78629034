import type { Company, PointerPlace } from '../../client/index.js';
import { element, type Cleanup } from '../dom.js';
import type { PictureBox } from '../picture.js';
import { followSize } from '../screen.js';
import { inkOn } from './ink.js';
import { nameOf } from './situation.js';

/** Milliseconds after which a pointer that rests fades, and after which it is gone. */
const FADE_MS = 3_000;
const GONE_MS = 10_000;
const LOOK_MS = 500;

const ARROW = 'M3 2l15 8.5-6.5 1.6L8 18z';

interface Shown {
  readonly element: HTMLElement;
  place: PointerPlace;
  movedAt: number;
}

export interface PointersOptions {
  readonly company: Company;
  readonly stage: HTMLElement;
  /** Where the picture is now, in the page. */
  readonly box: () => PictureBox;
  readonly cleanup: Cleanup;
}

/** Where others point, drawn over the picture. */
export class Pointers {
  readonly element = element('div', { class: 'pointers', 'aria-hidden': 'true' });
  readonly #options: PointersOptions;
  readonly #shown = new Map<string, Shown>();

  constructor(options: PointersOptions) {
    this.#options = options;
    const { company, stage, cleanup } = options;
    stage.append(this.element);
    company.on('pointers', (places) => {
      for (const place of places) this.#point(place);
    });
    company.on('viewers', () => this.#forget(company));
    cleanup.every(LOOK_MS, () => this.#fade());
    followSize(stage, () => this.place(), cleanup);
  }

  /** The picture lies somewhere else. */
  place(): void {
    for (const shown of this.#shown.values()) this.#put(shown);
  }

  clear(): void {
    for (const peerId of [...this.#shown.keys()]) this.#drop(peerId);
  }

  #point(place: PointerPlace): void {
    const now = performance.now();
    const known = this.#shown.get(place.peer_id);
    const shown = known ?? { element: this.#make(place.peer_id), place, movedAt: now };
    shown.place = place;
    shown.movedAt = now;
    shown.element.classList.remove('still');
    if (known === undefined) {
      this.#shown.set(place.peer_id, shown);
      this.element.append(shown.element);
    }
    this.#put(shown);
  }

  #make(peerId: string): HTMLElement {
    const viewer = this.#options.company.viewers.find(({ peer_id: id }) => id === peerId);
    const color = viewer?.color ?? '#ffffff';
    const label = element('span', {}, viewer === undefined ? '' : nameOf(viewer));
    label.style.setProperty('background', color);
    label.style.setProperty('color', inkOn(color));
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 20 20');
    const path = document.createElementNS(svg.namespaceURI, 'path');
    path.setAttribute('d', ARROW);
    path.setAttribute('fill', color);
    svg.append(path);
    return element('div', { class: 'pointer' }, svg, label);
  }

  #put({ element: made, place: { x, y } }: Shown): void {
    const { stage, box } = this.#options;
    const { left, top, width, height } = box();
    const frame = stage.getBoundingClientRect();
    made.style.setProperty('left', `${left - frame.left + x * width}px`);
    made.style.setProperty('top', `${top - frame.top + y * height}px`);
  }

  #fade(): void {
    const now = performance.now();
    for (const [peerId, { element: made, movedAt }] of this.#shown) {
      made.classList.toggle('still', now - movedAt > FADE_MS);
      if (now - movedAt > GONE_MS) this.#drop(peerId);
    }
  }

  /** Those who have left, or have another name now. */
  #forget({ viewers }: Company): void {
    for (const [peerId, { element: made }] of this.#shown) {
      const viewer = viewers.find(({ peer_id: id }) => id === peerId);
      if (viewer === undefined) this.#drop(peerId);
      else made.lastElementChild?.replaceChildren(nameOf(viewer));
    }
  }

  #drop(peerId: string): void {
    this.#shown.get(peerId)?.element.remove();
    this.#shown.delete(peerId);
  }
}
