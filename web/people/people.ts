import type { MoonteeApi, ViewerConnection } from '../../client/index.js';
import { element, type Cleanup } from '../dom.js';
import type { PictureBox } from '../picture.js';
import { saveSettings, type Settings } from '../settings.js';
import { ControlPill } from './control-pill.js';
import { PeoplePanel } from './people-panel.js';
import { Pointers } from './pointers.js';
import { situationOf, type Right } from './situation.js';

export interface PeopleOptions {
  readonly connection: ViewerConnection;
  readonly api: MoonteeApi;
  readonly streamerId: string;
  readonly settings: Settings;
  readonly stage: HTMLElement;
  /** Where the picture is now, in the page. */
  readonly box: () => PictureBox;
  /** How many are here; null if the server does not tell, and then there is nothing to open. */
  readonly onCount: (count: number | null) => void;
  readonly onOpen: (isOpen: boolean) => void;
  /** What this viewer may do whenever the mode lets it; after each change. */
  readonly onGranted: (granted: readonly Right[]) => void;
  /** Something that is to be read over the picture. */
  readonly onRemark: (text: string) => void;
  readonly cleanup: Cleanup;
}

/** All that a page shows of the company at a streamer. */
export class People {
  readonly element: HTMLElement;
  readonly #options: PeopleOptions;
  readonly #panel: PeoplePanel;
  readonly #pill: ControlPill;
  readonly #pointers: Pointers;

  constructor(options: PeopleOptions) {
    this.#options = options;
    const { connection, settings, stage, box, cleanup, api, streamerId } = options;
    const { company } = connection;
    this.#pill = new ControlPill(company);
    this.#pointers = new Pointers({ company, stage, box, cleanup });
    this.#panel = new PeoplePanel({
      company,
      api,
      streamerId,
      arePointersShown: settings.pointers,
      onPointers: (areShown) => this.#showPointers(areShown),
      onName: (name) => {
        settings.name = name;
        saveSettings(settings);
      },
      onProblem: (error) => {
        options.onRemark(error instanceof Error ? `${error.message}.` : 'That did not work.');
      },
      onClose: () => this.open(false),
      cleanup,
    });
    this.element = element('div', { class: 'company' }, this.#pill.element, this.#panel.element);
    company.name = settings.name === '' ? null : settings.name;
    company.wantPointers(settings.pointers);
    for (const event of ['viewers', 'control'] as const) company.on(event, () => this.#follow());
    company.on('refused', (_, reason) => options.onRemark(reason));
  }

  /** @returns whether it is open now */
  toggle(): boolean {
    this.open(!this.#panel.isOpen);
    return this.#panel.isOpen;
  }

  /** Idempotent. */
  open(isOpen: boolean): void {
    if (isOpen === this.#panel.isOpen) return;
    this.#panel.open(isOpen);
    this.#options.onOpen(isOpen);
  }

  /** The picture lies somewhere else. */
  place(): void {
    this.#pointers.place();
  }

  #showPointers(areShown: boolean): void {
    const { connection, settings } = this.#options;
    settings.pointers = areShown;
    saveSettings(settings);
    connection.company.wantPointers(areShown);
    if (!areShown) this.#pointers.clear();
  }

  #follow(): void {
    const { company } = this.#options.connection;
    const situation = situationOf(company);
    this.#pill.show(situation);
    this.#options.onCount(situation === undefined ? null : situation.viewers.length);
    if (situation === undefined) this.open(false);
    else this.#options.onGranted(situation.you.granted);
  }
}
