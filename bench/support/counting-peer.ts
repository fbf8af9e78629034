import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { PeerConnection, RtcpReceivingSession, type Track } from 'node-datachannel';
import { monotonic } from './clock.js';
import { PacketCounter } from './packet-counter.js';
import type { FrameArrival, FromReceiver, ReceiverStats } from './receiver-messages.js';

/**
 * The machine's own address, since libnice pairs no loopback address with another one. Packets of a
 * machine to itself use the loopback interface in any case.
 */
const ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

/** Bytes; the kernel may give less. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** One media packet in so many is passed on to libdatachannel, which decrypts and reports it. */
const FORWARD_EVERY = 64;

/** Milliseconds between receiver reports: what browsers take, more or less. */
const REPORT_INTERVAL_MS = 1_000;
const RECEIVER_REPORT = 201;
const OWN_SSRC = 1;

/** RTCP feedback of RFC 4585: generic NACK (§6.2.1) and PLI (§6.3.1), both with format 1. */
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const FIRST_FORMAT = 1;
/** REMB (draft-alvestrand-rmcat-remb-03 §2.2): 16 Mbit/s, more than the clip has. */
const APPLICATION_FORMAT = 15;
const ESTIMATE = Buffer.from(
  '52454d4201' + (6 * 0x40000 + 250_000).toString(16).padStart(6, '0'),
  'hex',
);
/** Packets back from the latest that a demanding peer wants again. */
const NACK_DEPTH = 500;

/** Payload types 64…95 with the marker bit are RTCP's packet types (RFC 5761 §4). */
const isRtcp = (secondByte: number): boolean => secondByte >= 192 && secondByte <= 223;

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * A receiving peer that is cheap enough to run forty of beside the server. libdatachannel does ICE,
 * DTLS and RTCP behind a UDP socket of ours, where the media packets are counted by their headers.
 * Only one packet in {@link FORWARD_EVERY} is passed on to be decrypted. The peer reports with its
 * first packet and once a second, as browsers do with an estimate of its bandwidth. It never asks
 * for a retransmission, so a loss stays a loss. A demanding one does, for all missing packets of
 * the latest {@link NACK_DEPTH}, and asks for a key frame every time.
 */
export class CountingPeer {
  readonly #id: string;
  readonly #demanding: boolean;
  readonly #notify: (message: FromReceiver) => void;
  readonly #connection: PeerConnection;
  readonly #socket: Socket;
  readonly #bound: Promise<unknown>;
  #server: Endpoint | undefined;
  /** libdatachannel's own socket. */
  #inner: Endpoint | undefined;
  /** The inner side's packets before the server's address was known. */
  readonly #early: Buffer[] = [];
  #video = new PacketCounter();
  #videoPayloadType = -1;
  #ssrc = 0;
  #track: Track | null = null;
  readonly #reporter: NodeJS.Timeout;
  #sawMedia = false;
  #audioPackets = 0;
  #reports = 0;
  #forward = 0;
  #closed = false;

  constructor(id: string, demanding: boolean, notify: (message: FromReceiver) => void) {
    this.#id = id;
    this.#demanding = demanding;
    this.#notify = notify;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (packet, from) => this.#receive(packet, from));
    this.#socket.on('error', (error) => notify({ type: 'error', id, message: String(error) }));
    this.#bound = once(this.#socket, 'listening');
    this.#socket.bind(0, ADDRESS, () => {
      this.#socket.setRecvBufferSize(RECEIVE_BUFFER);
    });

    this.#connection = new PeerConnection(id, { iceServers: [], bindAddress: ADDRESS });
    this.#connection.onLocalCandidate((candidate) => this.#learnInner(candidate));
    this.#connection.onLocalDescription((sdp) => void this.#answer(sdp));
    this.#connection.onStateChange((state) => notify({ type: 'state', id, state }));
    this.#connection.onTrack((track) => {
      track.setMediaHandler(new RtcpReceivingSession());
      track.onMessage(() => undefined);
      if (track.type() === 'video') this.#track = track;
    });
    this.#reporter = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
  }

  async offer(sdp: string): Promise<void> {
    await this.#bound;
    if (this.#closed) return;
    this.#videoPayloadType = Number(/^m=video \d+ \S+ (\d+)/m.exec(sdp)?.[1] ?? -1);
    for (const [, candidate] of sdp.matchAll(/^a=(candidate:.*?)\r?$/gm)) {
      if (candidate) this.addCandidate(candidate);
    }
    this.#connection.setRemoteDescription(sendable(withoutCandidates(sdp)), 'offer');
  }

  /** The first usable candidate of the server is as good as any on loopback. */
  addCandidate(candidate: string): void {
    if (this.#server) return;
    this.#server = endpoint(candidate);
    if (!this.#server) return;
    for (const packet of this.#early.splice(0)) this.#send(packet, this.#server);
  }

  reset(): void {
    this.#video = new PacketCounter();
    this.#audioPackets = 0;
    this.#reports = 0;
  }

  stats(): ReceiverStats {
    return {
      id: this.#id,
      ...this.#video.stats(),
      audioPackets: this.#audioPackets,
      reports: this.#reports,
    };
  }

  arrivals(): FrameArrival[] {
    return this.#video.arrivals();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#reporter);
    this.#track = null;
    this.#connection.close();
    this.#socket.close();
  }

  async #answer(sdp: string): Promise<void> {
    await this.#bound;
    if (this.#closed) return;
    this.#notify({
      type: 'answer',
      id: this.#id,
      sdp: receiving(withoutCandidates(sdp)),
      candidate: this.#candidate(),
    });
  }

  /** Nothing may come from the inner side before its address is known. */
  #learnInner(candidate: string): void {
    if (this.#inner || this.#closed) return;
    this.#inner = endpoint(candidate);
    if (this.#inner) this.#connection.addRemoteCandidate(this.#candidate(), '0');
  }

  #candidate(): string {
    return `candidate:1 1 UDP 2130706431 ${ADDRESS} ${this.#socket.address().port} typ host`;
  }

  #receive(packet: Buffer, from: RemoteInfo): void {
    if (from.port === this.#inner?.port && from.address === this.#inner.address) {
      if (this.#server) this.#send(packet, this.#server);
      else if (this.#early.length < 64) this.#early.push(packet);
      return;
    }
    const first = packet[0] ?? 0;
    const second = packet[1] ?? 0;
    const isMedia = first >= 128 && first < 192 && packet.length >= 12;
    if (!isMedia) {
      // The server may check from another address than the one whose candidate came first.
      this.#server = { address: from.address, port: from.port };
    } else if (isRtcp(second)) {
      this.#reports += 1;
    } else if (!this.#countMedia(packet, second & 0x7f)) {
      return;
    }
    if (this.#inner) this.#send(packet, this.#inner);
  }

  /** @returns whether the packet shall go on */
  #countMedia(packet: Buffer, payloadType: number): boolean {
    if (payloadType === this.#videoPayloadType) {
      this.#video.add(packet, monotonic());
      if (!this.#sawMedia) {
        this.#sawMedia = true;
        this.#ssrc = packet.readUInt32BE(8);
        this.#notify({ type: 'media', id: this.#id });
        this.#report();
      }
    } else {
      this.#audioPackets += 1;
    }
    this.#forward += 1;
    return this.#forward % FORWARD_EVERY === 0;
  }

  /** A receiver report of its own (RFC 3550 §6.4.2): libdatachannel's come with sender reports. */
  #report(): void {
    if (!this.#sawMedia || !this.#track?.isOpen()) return;
    const { highest, lost } = this.#video.reception;
    const report = Buffer.alloc(32);
    report.writeUInt8(0x81, 0);
    report.writeUInt8(RECEIVER_REPORT, 1);
    report.writeUInt16BE(report.length / 4 - 1, 2);
    report.writeUInt32BE(OWN_SSRC, 4);
    report.writeUInt32BE(this.#ssrc, 8);
    report.writeUIntBE(lost, 13, 3);
    report.writeUInt32BE(Math.max(0, highest), 16);
    const of = Buffer.alloc(4);
    of.writeUInt32BE(this.#ssrc);
    const estimate = Buffer.concat([ESTIMATE, of]);
    this.#track.sendMessageBinary(
      Buffer.concat([
        report,
        this.#feedback(PAYLOAD_FEEDBACK, APPLICATION_FORMAT, estimate),
        ...(this.#demanding ? this.#demands() : []),
      ]),
    );
  }

  #demands(): Buffer[] {
    const missing = this.#video.missing(NACK_DEPTH);
    const again = Buffer.alloc(4 * missing.length);
    missing.forEach((sequence, index) => again.writeUInt16BE(sequence, 4 * index));
    return [
      ...(missing.length === 0 ? [] : [this.#feedback(TRANSPORT_FEEDBACK, FIRST_FORMAT, again)]),
      this.#feedback(PAYLOAD_FEEDBACK, FIRST_FORMAT, Buffer.alloc(0)),
    ];
  }

  #feedback(type: number, format: number, content: Buffer): Buffer {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80 + format, 0);
    header.writeUInt8(type, 1);
    header.writeUInt16BE((header.length + content.length) / 4 - 1, 2);
    header.writeUInt32BE(OWN_SSRC, 4);
    header.writeUInt32BE(this.#ssrc, 8);
    return Buffer.concat([header, content]);
  }

  #send(packet: Buffer, to: Endpoint): void {
    if (!this.#closed) this.#socket.send(packet, to.port, to.address);
  }
}

function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, '');
}

/**
 * libdatachannel drops even RTCP if its side only receives, so it is made to believe that it may
 * send.
 */
function sendable(offer: string): string {
  return offer.replace(/^a=sendonly\r?$/gm, 'a=sendrecv');
}

function receiving(answer: string): string {
  return answer.replace(/^a=sendrecv\r?$/gm, 'a=recvonly');
}

/** The address of an IPv4 UDP host candidate. */
function endpoint(candidate: string): Endpoint | undefined {
  const match = /candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/i.exec(candidate);
  return match?.[1] ? { address: match[1], port: Number(match[2]) } : undefined;
}
