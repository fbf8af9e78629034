import type { Receiver, ReceiverProcess } from './receiver.js';

export interface Viewer {
  readonly receiver: Receiver;
  /** Resolves when the server has forgotten the viewer. */
  leave(): Promise<void>;
}

/** A server that shows the clip to receivers, in a process of its own. */
export interface Contender {
  readonly name: string;
  /** Of the process that is measured. */
  readonly pid: number;
  /** Of the process that sends the clip to it; it does not count. */
  readonly senderPid: number;
  /** Resolves when the viewer's first video packet has come. */
  join(id: string, receivers: ReceiverProcess): Promise<Viewer>;
  stop(): Promise<void>;
}
