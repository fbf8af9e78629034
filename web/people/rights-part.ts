import type { MoonteeApi, PresentViewer } from '../../client/index.js';
import { element } from '../dom.js';
import { nameOf, RIGHTS, type Right } from './situation.js';

/** Who is not to watch any more is removed. */
const OFFERED = RIGHTS.filter(([right]) => right !== 'watch');

/** Milliseconds for which a second press counts as meant. */
const SURE_MS = 5_000;

export interface RightsOptions {
  readonly api: MoonteeApi;
  readonly streamerId: string;
  readonly peerId: string;
  /** It was not done, and why. */
  readonly onProblem: (error: unknown) => void;
}

/** Rights of one viewer, and its way out; for those who manage. */
export class RightsPart {
  readonly element: HTMLDetailsElement;
  readonly #options: RightsOptions;
  readonly #boxes: ReadonlyMap<Right, HTMLInputElement>;
  readonly #summary = element('summary', {}, 'Rights');
  readonly #remove: HTMLButtonElement;
  #viewer: PresentViewer | undefined;
  #sureTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RightsOptions) {
    this.#options = options;
    this.#boxes = new Map(
      OFFERED.map(([right]) => [
        right,
        element('input', { type: 'checkbox', onchange: () => void this.#change() }),
      ]),
    );
    this.#remove = element('button', { type: 'button', onclick: () => void this.#press() });
    this.#unsure();
    this.element = element(
      'details',
      {},
      this.#summary,
      element(
        'fieldset',
        { class: 'rights' },
        element('legend', {}, 'While they are here'),
        ...OFFERED.map(([right, words]) =>
          element('label', {}, this.#boxes.get(right) ?? '', words),
        ),
      ),
      this.#remove,
    );
  }

  show(viewer: PresentViewer): void {
    this.#viewer = viewer;
    this.#summary.setAttribute('aria-label', `Rights of ${nameOf(viewer)}`);
    for (const [right, box] of this.#boxes) box.checked = viewer.granted.includes(right);
  }

  async #change(): Promise<void> {
    const { api, streamerId, peerId, onProblem } = this.#options;
    const chosen = [...this.#boxes].flatMap(([right, { checked }]) => (checked ? [right] : []));
    const rights: Right[] = ['watch', ...chosen];
    try {
      await api.setViewerRights(streamerId, peerId, rights);
    } catch (error) {
      if (this.#viewer !== undefined) this.show(this.#viewer);
      onProblem(error);
    }
  }

  /** Once is a slip. */
  async #press(): Promise<void> {
    if (this.#sureTimer === undefined) {
      const name = this.#viewer === undefined ? 'this viewer' : nameOf(this.#viewer);
      this.#remove.textContent = `Really remove ${name}?`;
      this.#sureTimer = setTimeout(() => this.#unsure(), SURE_MS);
      return;
    }
    this.#unsure();
    const { api, streamerId, peerId, onProblem } = this.#options;
    try {
      await api.kickViewer(streamerId, peerId);
    } catch (error) {
      onProblem(error);
    }
  }

  #unsure(): void {
    clearTimeout(this.#sureTimer);
    this.#sureTimer = undefined;
    this.#remove.textContent = 'Remove';
  }
}
