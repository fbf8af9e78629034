import { silentLog } from '../../../src/core/log.js';
import { ControlCipher, type ControlEncryption } from '../../../src/moonlight/control/cipher.js';
import {
  decodeClientMessage,
  type ClientMessage,
} from '../../../src/moonlight/control/client-messages.js';
import {
  encodeHostMessage,
  type TerminationMessage,
} from '../../../src/moonlight/control/host-messages.js';
import { EnetHost } from '../../../src/moonlight/enet/host.js';
import type { DisconnectReason, EnetPeer } from '../../../src/moonlight/enet/peer.js';
import { decodeInput } from '../../../src/moonlight/input/decode.js';
import type { HostInput, HostMessage } from '../../../src/moonlight/types.js';

export const RIKEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

type Received = ClientMessage & { readonly channel: number };

/** The smallest host that a control stream can talk to. */
export class TestHost {
  readonly messages: Received[] = [];
  readonly inputs: HostInput[] = [];
  /** The client has left. */
  readonly gone: Promise<{ data: number; reason: DisconnectReason }>;
  peer: EnetPeer | undefined;
  readonly #enet = new EnetHost({
    log: silentLog(),
    accepts: true,
    local: { address: '127.0.0.1' },
  });
  readonly #cipher: ControlCipher;
  #waiters: (() => void)[] = [];

  constructor(encryption: ControlEncryption, key: Buffer) {
    this.#cipher = new ControlCipher({ key, encryption, role: 'host' });
    this.gone = new Promise((resolve) => {
      this.#enet.on('peer', (peer) => {
        this.peer = peer;
        peer.on('message', ({ channel, data }) => this.#receive(channel, data));
        peer.on('disconnect', resolve);
      });
    });
  }

  get port(): number {
    return this.#enet.port;
  }

  async open(): Promise<void> {
    await this.#enet.open();
  }

  close(): void {
    this.#enet.close();
  }

  /** Goes away without a word. */
  mute(): void {
    this.peer?.removeAllListeners();
    // Its goodbye goes where nobody listens.
    for (const peer of this.#enet.peers) peer.roam({ address: '127.0.0.1', port: 9 });
    this.#enet.close();
  }

  send(message: HostMessage | TerminationMessage): void {
    this.sendPlaintext(encodeHostMessage(message));
  }

  sendPlaintext(plaintext: Buffer): void {
    this.sendRaw(this.#cipher.seal(plaintext));
  }

  sendRaw(data: Buffer): void {
    this.peer?.send(0, data, 'reliable');
  }

  /** Waits until what was received is enough. */
  async received(enough: (messages: readonly Received[]) => boolean): Promise<void> {
    while (!enough(this.messages)) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #receive(channel: number, data: Buffer): void {
    const plaintext = this.#cipher.open(data);
    const message = plaintext === undefined ? undefined : decodeClientMessage(plaintext);
    if (message === undefined) return;
    this.messages.push({ ...message, channel });
    if (message.type === 'input') {
      const input = decodeInput(message.packet);
      if (input !== undefined) this.inputs.push(input);
    }
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
