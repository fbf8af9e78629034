/**
 * A process of receiving peers (libdatachannel), so that what a viewer gets is judged by
 * another WebRTC stack. Counts every RTP packet.
 */
import {
  Audio,
  PeerConnection,
  RtcpReceivingSession,
  Video,
  type DataChannel,
  type Track,
} from 'node-datachannel';
import type {
  FloodKind,
  FromReceiver,
  OfferedSection,
  ReceiverNetwork,
  ToReceiver,
} from './receiver-messages.js';
import { hostilePacket, type SeenPacket } from './hostile-packets.js';
import { TrackCounter } from './track-counter.js';

/** Milliseconds between two bursts of a flood that has a pace. */
const FLOOD_TICK = 10;

class ReceivingPeer {
  readonly #id: string;
  readonly #connection: PeerConnection;
  readonly #tracks = new Map<string, Track>();
  readonly #counters = { video: new TrackCounter(), audio: new TrackCounter() };
  readonly #channels = new Map<string, DataChannel>();
  readonly #wanted: readonly string[];
  readonly #raw: boolean;
  #messages = 0;
  #bytes = 0;
  /** Of the video. */
  #seen: SeenPacket = { ssrc: 0, sequence: 0 };
  #flooding: NodeJS.Timeout | null = null;
  #surplus = 0;
  readonly #atOpening: ((video: Track) => void)[] = [];

  constructor(id: string, channels: readonly string[], network: ReceiverNetwork = {}) {
    this.#id = id;
    this.#wanted = channels;
    this.#raw = network.raw === true;
    this.#connection = new PeerConnection(id, {
      iceServers: network.turn ? [{ ...network.turn, relayType: 'TurnUdp' }] : [],
      iceTransportPolicy: network.relayOnly === true ? 'relay' : 'all',
      ...(network.bindAddress === undefined ? {} : { bindAddress: network.bindAddress }),
      ...network.certificate,
      mtu: 1500,
      // Media may come in a later offer than the first.
      forceMediaTransport: true,
    });
    this.#connection.onLocalDescription((sdp, kind) =>
      tell({ type: 'description', id, kind, sdp }),
    );
    this.#connection.onLocalCandidate((candidate, mid) =>
      tell({ type: 'candidate', id, candidate, mid }),
    );
    this.#connection.onStateChange((state) => tell({ type: 'state', id, state }));
    this.#connection.onDataChannel((channel) => this.#keep(channel));
    this.#connection.onTrack((track) => this.#receive(track));
  }

  handle(message: ToReceiver): void {
    switch (message.type) {
      case 'open':
        return;
      case 'offer':
      case 'answer':
        this.#connection.setRemoteDescription(message.sdp, message.type);
        if (message.type === 'offer') this.#openChannels();
        return;
      case 'negotiate':
        for (const section of message.sections) this.#offer(section);
        this.#openChannels();
        if (message.sections.length > 0 && this.#wanted.length === 0) {
          this.#connection.setLocalDescription();
        }
        return;
      case 'candidate':
        this.#connection.addRemoteCandidate(message.candidate, message.mid);
        return;
      case 'send': {
        const channel = this.#channels.get(message.label);
        if (!channel?.isOpen()) throw new Error(`no open channel ${message.label}`);
        if (message.binary) channel.sendMessageBinary(Buffer.from(message.data, 'base64'));
        else channel.sendMessage(message.data);
        return;
      }
      case 'keyframe':
        this.#onceOpen((video) => video.requestKeyframe());
        return;
      case 'flood':
        this.#startFlood(message.what, message.count, message.perSecond);
        return;
      case 'bitrate':
        this.#onceOpen((video) => video.requestBitrate(message.bitrate));
        return;
      case 'stats':
        tell({
          type: 'stats',
          request: message.request,
          stats: {
            video: this.#counters.video.stats(),
            audio: this.#counters.audio.stats(),
            messages: this.#messages,
            bytes: this.#bytes,
          },
        });
        return;
      case 'close':
        this.#stopFlood();
        this.#connection.close();
    }
  }

  #offer({ kind, mid, payload, parameters }: OfferedSection): void {
    let section: Audio | Video;
    if (kind === 'video') {
      section = new Video(mid, 'RecvOnly');
      section.addH264Codec(payload, ...(parameters === undefined ? [] : [parameters]));
    } else {
      section = new Audio(mid, 'RecvOnly');
      section.addOpusCodec(payload, ...(parameters === undefined ? [] : [parameters]));
    }
    this.#receive(this.#connection.addTrack(section));
  }

  #startFlood(what: FloodKind, count: number, perSecond: number | undefined): void {
    if (perSecond === undefined) {
      this.#flood(what, count);
      return;
    }
    const since = performance.now();
    let done = 0;
    this.#flooding = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - since) / 1000) * perSecond));
      try {
        this.#flood(what, due - done);
      } catch {
        // The other side has hung up.
        done = count;
      }
      done = Math.max(done, due);
      if (done >= count) this.#stopFlood();
    }, FLOOD_TICK);
  }

  #stopFlood(): void {
    if (this.#flooding) clearInterval(this.#flooding);
    this.#flooding = null;
  }

  #flood(what: FloodKind, count: number): void {
    for (let i = 0; i < count; i += 1) {
      // The other side may hang up while this runs.
      const video = this.#openVideo();
      if (what === 'rtcp') {
        video?.requestKeyframe();
        video?.requestBitrate(100_000 + i);
      } else if ('channel' in what) {
        const channel = this.#channels.get(what.channel);
        if (what.text === true) channel?.sendMessage('x'.repeat(what.bytes ?? 8));
        else channel?.sendMessageBinary(Buffer.alloc(what.bytes ?? 8, i & 0xff));
      } else if (what.kind === 'channels') {
        this.#surplus += 1;
        const channel = this.#connection.createDataChannel(`surplus${this.#surplus}`);
        if (what.close === true) channel.close();
      } else {
        video?.sendMessageBinary(hostilePacket(what.kind, what.bytes, this.#seen));
      }
    }
  }

  /** What is said over a track that is not open ends the process. */
  #openVideo(): Track | undefined {
    const video = this.#tracks.get('video');
    return video?.isOpen() === true ? video : undefined;
  }

  /** A peer is connected before its tracks are open. */
  #onceOpen(act: (video: Track) => void): void {
    const video = this.#openVideo();
    if (video) act(video);
    else this.#atOpening.push(act);
  }

  #openChannels(): void {
    for (const label of this.#wanted) {
      if (!this.#channels.has(label)) this.#keep(this.#connection.createDataChannel(label));
    }
  }

  #keep(channel: DataChannel): void {
    const label = channel.getLabel();
    this.#channels.set(label, channel);
    channel.onOpen(() => tell({ type: 'channel', id: this.#id, label }));
    channel.onMessage((data) => {
      this.#messages += 1;
      const binary = typeof data !== 'string';
      tell({
        type: 'message',
        id: this.#id,
        label,
        binary,
        data: binary ? Buffer.from(data as Buffer).toString('base64') : data,
      });
    });
  }

  #receive(track: Track): void {
    const kind = track.type() === 'audio' ? 'audio' : 'video';
    const counter = this.#counters[kind];
    this.#tracks.set(kind, track);
    if (kind === 'video') {
      track.onOpen(() => {
        for (const act of this.#atOpening.splice(0)) act(track);
      });
    }
    // Answers with receiver reports; without it nothing tells the sender how it goes.
    if (!this.#raw) track.setMediaHandler(new RtcpReceivingSession());
    track.onMessage((packet) => {
      this.#bytes += packet.length;
      // Without a handler everything comes: RTCP by RFC 5761, and packets that were sent again.
      const type = packet.readUInt8(1) & 0x7f;
      if (this.#raw && kind === 'video' && (packet.length < 12 || type !== 102)) return;
      counter.add(packet);
      if (kind !== 'video' || packet.length < 12) return;
      this.#seen = { ssrc: packet.readUInt32BE(8), sequence: packet.readUInt16BE(2) };
    });
  }
}

const peers = new Map<string, ReceivingPeer>();

function tell(message: FromReceiver): void {
  if (process.connected) process.send?.(message);
}

process.on('message', (message: ToReceiver) => {
  try {
    if (message.type === 'open') {
      peers.set(message.id, new ReceivingPeer(message.id, message.channels, message.network));
    }
    const peer = peers.get(message.id);
    if (!peer) throw new Error(`no peer ${message.id}`);
    peer.handle(message);
    if (message.type === 'close') peers.delete(message.id);
  } catch (error) {
    tell({ type: 'error', id: message.id, message: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
tell({ type: 'ready' });
