import type { Receiver, ReceiverProcess } from './receiver.js';

export interface Viewer {
  readonly receiver: Receiver;
  /** Resolves when the server has forgotten the viewer. */
  leave(): Promise<void>;
}

/** RTP packets of the clip in a second, and pictures. */
export const PACKET_RATE = 1_138;
export const PICTURE_RATE = 60;

/** A server that shows the clip to receivers, in a process of its own. */
export interface Contender {
  readonly name: string;
  /** Of the process that is measured. */
  readonly pid: number;
  /** Of another one that belongs to the server; null for none. */
  readonly frontPid: number | null;
  /** Packets, or messages, of the clip that a viewer gets in a second. */
  readonly fullRate: number;
  /** Hundreds of viewers fit on this machine, with their receivers. */
  readonly carriesHundreds: boolean;
  /** Of the process that sends the clip to it; it does not count. */
  readonly senderPid: number;
  /** Resolves when the viewer's first video packet has come. */
  join(id: string, receivers: ReceiverProcess): Promise<Viewer>;
  stop(): Promise<void>;
}
