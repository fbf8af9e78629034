import type { Company, HeldInput, MoonteeApi } from '../../client/index.js';
import { element, icon, type Cleanup } from '../dom.js';
import { ControlPart } from './control-part.js';
import { HeldPart } from './held-part.js';
import { NameForm } from './name-form.js';
import { PadsPart } from './pads-part.js';
import { Person } from './person.js';
import { ShareDialog } from './share-dialog.js';
import { may, situationOf } from './situation.js';

/** Milliseconds between two looks at what is held. */
const HELD_MS = 1_000;

export interface PeoplePanelOptions {
  readonly company: Company;
  readonly api: MoonteeApi;
  readonly streamerId: string;
  readonly arePointersShown: boolean;
  readonly onPointers: (areShown: boolean) => void;
  /** The name is to be remembered. */
  readonly onName: (name: string) => void;
  readonly onProblem: (error: unknown) => void;
  readonly onClose: () => void;
  readonly cleanup: Cleanup;
}

/** Who is here, who steers, and what this viewer may change about it. */
export class PeoplePanel {
  readonly element: HTMLElement;
  readonly #options: PeoplePanelOptions;
  readonly #people = element('ul', { class: 'people-list' });
  readonly #persons = new Map<string, Person>();
  readonly #control: ControlPart;
  readonly #name: NameForm;
  readonly #pads: PadsPart;
  readonly #held: HeldPart;
  readonly #share: ShareDialog;
  readonly #invite: HTMLButtonElement;
  readonly #close: HTMLButtonElement;

  constructor(options: PeoplePanelOptions) {
    this.#options = options;
    const { company, api, streamerId, cleanup } = options;
    this.#control = new ControlPart(company);
    this.#name = new NameForm(company, options.onName);
    this.#pads = new PadsPart(company);
    const load = (): Promise<readonly HeldInput[]> => api.heldInput(streamerId);
    this.#held = new HeldPart({ company, load });
    this.#share = new ShareDialog(api, streamerId);
    this.#invite = element(
      'button',
      {
        type: 'button',
        class: 'primary',
        onclick: () => this.#share.open(this.element, company.you?.granted ?? []),
      },
      'Invite…',
    );
    this.#close = element(
      'button',
      { class: 'close', type: 'button', 'aria-label': 'Close', onclick: () => options.onClose() },
      icon('close'),
    );
    this.element = element(
      'aside',
      {
        class: 'panel',
        'aria-labelledby': 'people-title',
        hidden: true,
        onkeydown: (event) => {
          // A dialog in it closes by itself.
          const isDialog = event.target instanceof Element && event.target.closest('dialog');
          if ((event as KeyboardEvent).key === 'Escape' && isDialog === null) options.onClose();
        },
      },
      element('header', {}, element('h2', { id: 'people-title' }, 'People'), this.#close),
      this.#control.element,
      this.#people,
      this.#invite,
      this.#name.element,
      this.#pointersChoice(),
      this.#pads.element,
      this.#held.element,
    );
    for (const event of ['viewers', 'control'] as const) company.on(event, () => this.#show());
    cleanup.every(HELD_MS, () => this.#look());
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** Idempotent. */
  open(isOpen: boolean): void {
    if (isOpen === this.isOpen) return;
    this.element.hidden = !isOpen;
    if (!isOpen) return;
    this.#show();
    this.#look();
    this.#close.focus({ preventScroll: true });
  }

  #pointersChoice(): HTMLElement {
    const { arePointersShown, onPointers } = this.#options;
    const box = element('input', {
      type: 'checkbox',
      onchange: () => onPointers(box.checked),
    });
    box.checked = arePointersShown;
    return element('label', { class: 'check' }, box, 'Show where others point');
  }

  #show(): void {
    const situation = situationOf(this.#options.company);
    if (situation === undefined || !this.isOpen) return;
    this.#control.show(situation);
    this.#name.show(situation);
    this.#pads.show(situation);
    this.#held.element.hidden = !may(situation.you, 'manage');
    this.#invite.hidden = !may(situation.you, 'share');
    if (this.#invite.hidden) this.#share.close();
    const present = new Set(situation.viewers.map(({ peer_id: id }) => id));
    for (const [peerId, person] of this.#persons) {
      if (present.has(peerId)) continue;
      person.element.remove();
      this.#persons.delete(peerId);
    }
    for (const viewer of situation.viewers) {
      let person = this.#persons.get(viewer.peer_id);
      if (person === undefined) {
        person = new Person({ ...this.#options, peerId: viewer.peer_id });
        this.#persons.set(viewer.peer_id, person);
        this.#people.append(person.element);
      }
      person.show(situation, viewer);
    }
  }

  #look(): void {
    if (this.isOpen && !document.hidden && !this.#held.element.hidden) void this.#held.load();
  }
}
