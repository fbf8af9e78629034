import { MAX_COMMANDS } from './wire.js';

/** Writes one datagram of encoded commands. `timed`: the header must carry the sending time. */
export type WriteDatagram = (commands: readonly Buffer[], timed: boolean) => void;

/** Of the longer header: whether a datagram is timed shows only when it is full. */
const HEADER_SIZE = 4;

/** Packs commands into as few datagrams as the MTU allows. */
export class Packer {
  readonly #mtu: number;
  readonly #write: WriteDatagram;
  #commands: Buffer[] = [];
  #size = HEADER_SIZE;
  #timed = false;

  constructor(mtu: number, write: WriteDatagram) {
    this.#mtu = mtu;
    this.#write = write;
  }

  add(bytes: Buffer, timed: boolean): void {
    if (this.#commands.length === MAX_COMMANDS || this.#size + bytes.length > this.#mtu) this.end();
    this.#commands.push(bytes);
    this.#size += bytes.length;
    this.#timed ||= timed;
  }

  end(): void {
    if (this.#commands.length === 0) return;
    this.#write(this.#commands, this.#timed);
    this.#commands = [];
    this.#size = HEADER_SIZE;
    this.#timed = false;
  }
}
