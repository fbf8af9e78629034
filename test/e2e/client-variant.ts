/**
 * Browser clients as they are out there (signaling.md b.4, b.7): what they send and when, which
 * channels they make, and what they cannot do. Written from the description of the protocol, with
 * none of our own client in it.
 */
import type { Page } from 'playwright-core';
import { until } from '../support/until.js';

export interface Variant {
  readonly name: string;
  readonly path: string;
  /** Sends `AuthenticateAndInit` first. */
  readonly authenticates: boolean;
  /** Offers by itself where it gets `WebRtcConfig` before an offer, and whenever it is asked. */
  readonly offers: boolean;
  /** Labels of its mouse channels, with their options. */
  readonly mouse: Readonly<Record<string, object>>;
}

export interface VariantReport {
  /** Names of the server's messages, in order. */
  readonly names: readonly string[];
  /** Bare strings and failures, which such a client shows. */
  readonly errors: readonly string[];
  /** `ConnectionComplete`. */
  readonly complete: { readonly width: number; readonly height: number } | null;
  readonly offersMade: number;
  /** Labels of channels that the server made. */
  readonly serverChannels: readonly string[];
  readonly tracks: readonly string[];
  readonly framesDecoded: number;
  readonly audioPackets: number;
}

/** Runs in the page; plain JavaScript, because that is what a page understands. */
const SCRIPT = `
  window.variant = (options) => {
    const report = {
      names: [], errors: [], complete: null, offersMade: 0, serverChannels: [], tracks: [],
    };
    const channels = {};
    // An http URL, which WebSocket takes these days.
    const socket = new WebSocket(new URL(options.path, location.href));
    const say = (message) => socket.send(JSON.stringify(message));
    let connection = null;
    let early = null;
    let candidates = [];
    const describe = async () => {
      await connection.setLocalDescription();
      const { type, sdp } = connection.localDescription;
      if (type === 'offer') report.offersMade += 1;
      say({ Signaling: { Description: { ty: type, sdp } } });
    };
    const take = async ({ ty, sdp }) => {
      if (!connection) {
        early = { ty, sdp };
        return;
      }
      await connection.setRemoteDescription({ type: ty, sdp });
      if (ty === 'offer') await describe();
      for (const each of candidates.splice(0)) await connection.addIceCandidate(each);
    };
    const channel = (label, init) => {
      channels[label] = connection.createDataChannel(label, init);
      channels[label].binaryType = 'arraybuffer';
    };
    const configure = async ({ ice_servers }) => {
      if (connection) return;
      ice_servers.flatMap(({ urls }) => urls);
      connection = new RTCPeerConnection({ iceServers: ice_servers });
      connection.onconnectionstatechange = () => {
        if (['failed', 'disconnected', 'closed'].includes(connection.connectionState)) {
          report.errors.push(connection.connectionState);
        }
      };
      connection.onicecandidate = ({ candidate }) => {
        if (!candidate || candidate.candidate === '') return;
        say({
          Signaling: {
            AddIceCandidate: {
              candidate: candidate.candidate,
              sdp_mid: candidate.sdpMid,
              sdp_mline_index: candidate.sdpMLineIndex,
              username_fragment: candidate.usernameFragment,
            },
          },
        });
      };
      connection.ontrack = ({ track, streams }) => {
        const stream = streams[0];
        if (!stream) return;
        report.tracks.push(track.kind);
        const element = document.createElement(track.kind);
        element.muted = true;
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        document.documentElement.append(element);
      };
      connection.ondatachannel = (event) => report.serverChannels.push(event.channel.label);
      channel('keyboard');
      for (const [label, init] of Object.entries(options.mouse)) channel(label, init);
      channel('touch');
      channel('controllers');
      channel('of-no-meaning');
      if (early) await take(early);
      else if (options.offers) await describe();
      connection.onnegotiationneeded = () => {
        if (options.offers) void describe();
      };
    };
    socket.onopen = () => {
      if (!options.authenticates) return;
      say({
        AuthenticateAndInit: {
          credentials: 'helix', client_unique_id: null, host_id: 0, app_id: 0, bitrate: 20000,
          packet_size: 1024, fps: 60, width: 1920, height: 1080, video_sample_queue_size: 6,
          play_audio_local: false, audio_sample_queue_size: 20, video_supported_formats: 1,
          video_colorspace: 'Rec709', video_color_range_full: true,
        },
      });
    };
    let steps = Promise.resolve();
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      steps = steps.then(() => receive(message)).catch((error) => report.errors.push(String(error)));
    };
    const receive = async (message) => {
      if (typeof message === 'string') {
        report.names.push(message);
        report.errors.push(message);
        return;
      }
      const [name] = Object.keys(message);
      const body = message[name];
      if (name !== 'Signaling') report.names.push(name);
      if (name === 'WebRtcConfig') await configure(body);
      else if (name === 'ConnectionComplete') report.complete = body;
      else if (name === 'Signaling' && body.Description) {
        report.names.push(body.Description.ty);
        await take(body.Description);
      } else if (name === 'Signaling') {
        const { candidate, sdp_mid, sdp_mline_index, username_fragment } = body.AddIceCandidate;
        const each = {
          candidate, sdpMid: sdp_mid, sdpMLineIndex: sdp_mline_index,
          usernameFragment: username_fragment,
        };
        if (connection?.remoteDescription) await connection.addIceCandidate(each);
        else candidates.push(each);
      }
    };
    const send = (label, hex) => {
      const bytes = hex.match(/../g).map((pair) => parseInt(pair, 16));
      channels[label].send(new Uint8Array(bytes));
    };
    window.sent = (label, hex) => send(label, hex);
    window.sentText = (label, text) => channels[label].send(text);
    window.opened = (label) => channels[label]?.readyState === 'open';
    window.late = (label, init) => channel(label, init);
    window.renegotiated = describe;
    window.left = () => socket.close();
    window.report = async () => {
      const figures = { framesDecoded: 0, audioPackets: 0 };
      for (const entry of (await connection?.getStats())?.values() ?? []) {
        if (entry.type !== 'inbound-rtp') continue;
        if (entry.kind === 'video') figures.framesDecoded = entry.framesDecoded ?? 0;
        if (entry.kind === 'audio') figures.audioPackets = entry.packetsReceived ?? 0;
      }
      return { ...report, ...figures };
    };
  };
`;

export class VariantClient {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** @param page one of the server's, so that the origin is right */
  static async start(page: Page, variant: Variant): Promise<VariantClient> {
    await page.evaluate(SCRIPT);
    await page.evaluate(`window.variant(${JSON.stringify(variant)})`);
    return new VariantClient(page);
  }

  report(): Promise<VariantReport> {
    return this.#page.evaluate<VariantReport>('window.report()');
  }

  async untilOpen(label: string): Promise<void> {
    const open = `window.opened(${JSON.stringify(label)})`;
    await until(`${label} is open`, () => this.#page.evaluate<boolean>(open));
  }

  /** Sends messages written in hex, blanks allowed. */
  async send(label: string, ...messages: readonly string[]): Promise<void> {
    for (const hex of messages) await this.#call('sent', label, hex.replaceAll(' ', ''));
  }

  async sendText(label: string, text: string): Promise<void> {
    await this.#call('sentText', label, text);
  }

  /** Makes a channel while everything runs. */
  async open(label: string, init: object): Promise<void> {
    await this.#call('late', label, init);
    await this.untilOpen(label);
  }

  /** Offers what is agreed already. */
  async renegotiate(): Promise<void> {
    await this.#call('renegotiated');
  }

  async leave(): Promise<void> {
    await this.#call('left');
  }

  async #call(name: string, ...values: readonly unknown[]): Promise<void> {
    const list = values.map((value) => JSON.stringify(value)).join(',');
    await this.#page.evaluate(`window.${name}(${list})`);
  }
}
