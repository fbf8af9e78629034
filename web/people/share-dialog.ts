import { attempt } from '../../client/attempt.js';
import type { CreateShare, MoonteeApi } from '../../client/index.js';
import { element, icon } from '../dom.js';
import { newLink } from './new-link.js';
import { ShareForm } from './share-form.js';
import { ShareList } from './share-list.js';
import type { Right } from './situation.js';

/** Makes links by which others come to a streamer, and ends them. */
export class ShareDialog {
  readonly #element: HTMLDialogElement;
  readonly #api: MoonteeApi;
  readonly #streamerId: string;
  readonly #form: ShareForm;
  readonly #made = element('div');
  readonly #list: ShareList;
  readonly #problem = element('p', { class: 'wrong', role: 'alert' });

  constructor(api: MoonteeApi, streamerId: string) {
    this.#api = api;
    this.#streamerId = streamerId;
    this.#form = new ShareForm((share) => this.#make(share));
    this.#list = new ShareList((id) => void this.#revoke(id));
    this.#element = element(
      'dialog',
      {
        ...{ class: 'dialog share', 'aria-labelledby': 'share-dialog-title' },
        onclose: () => this.close(),
      },
      element(
        'header',
        {},
        element('h2', { id: 'share-dialog-title' }, 'Invite'),
        element(
          'button',
          {
            ...{ class: 'close', type: 'button', 'aria-label': 'Close' },
            onclick: () => this.close(),
          },
          icon('close'),
        ),
      ),
      this.#form.element,
      this.#problem,
      this.#made,
      this.#list.element,
    );
  }

  /**
   * @param place where it is while it is open
   * @param granted what this viewer may do, and can hand on
   */
  open(place: HTMLElement, granted: readonly Right[]): void {
    place.append(this.#element);
    this.#form.offer(granted);
    this.#made.replaceChildren();
    this.#problem.textContent = '';
    const isModal = attempt(() => {
      this.#element.showModal();
      return true;
    });
    // A browser without dialogs shows the element in its place.
    if (isModal === undefined) this.#element.setAttribute('open', '');
    void this.#load();
  }

  /** Idempotent. */
  close(): void {
    attempt(() => this.#element.close());
    this.#element.remove();
    // Its address is told once.
    this.#made.replaceChildren();
  }

  async #make(share: CreateShare): Promise<void> {
    await this.#try(async () => {
      const made = await this.#api.createShare(this.#streamerId, share);
      this.#made.replaceChildren(newLink(made));
      this.#made.scrollIntoView({ block: 'nearest' });
    });
    await this.#load();
  }

  async #revoke(id: string): Promise<void> {
    await this.#try(() => this.#api.revokeShare(this.#streamerId, id));
    this.#made.replaceChildren();
    await this.#load();
  }

  async #load(): Promise<void> {
    const load = async (): Promise<void> => {
      this.#list.show(await this.#api.listShares(this.#streamerId));
    };
    await this.#try(load, false);
  }

  /** @param isNew what was wrong before is settled */
  async #try(act: () => Promise<void>, isNew = true): Promise<void> {
    if (isNew) this.#problem.textContent = '';
    try {
      await act();
    } catch (error) {
      this.#problem.textContent =
        error instanceof Error ? `${error.message}.` : 'That did not work.';
    }
  }
}
