import type { ViewerStats } from './viewer-stats.js';

/** The counters of one sample. */
type Counters = Readonly<Record<string, unknown>>;

const NONE: Counters = {};

/** What is needed of an `RTCPeerConnection`. */
export interface StatsSource {
  getStats(): Promise<{ forEach(take: (report: Counters) => void): void }>;
}

/** Turns the counters of a peer connection into figures a second. */
export class StatsCollector {
  readonly source: StatsSource;
  #video = NONE;
  #audio = NONE;

  constructor(source: StatsSource) {
    this.source = source;
  }

  async sample(): Promise<ViewerStats> {
    const reports = new Map<string, Counters>();
    (await this.source.getStats()).forEach((report) => {
      reports.set(text(report, 'id'), report);
    });
    const inbound = [...reports.values()].filter(({ type }) => type === 'inbound-rtp');
    const video = inbound.find(({ kind }) => kind === 'video') ?? NONE;
    const audio = inbound.find(({ kind }) => kind === 'audio') ?? NONE;
    const videoBefore = this.#video;
    const audioBefore = this.#audio;
    this.#video = video;
    this.#audio = audio;

    const seconds = Math.max(0.001, grown(video, videoBefore, 'timestamp') / 1000);
    const frames = grown(video, videoBefore, 'framesDecoded');
    const emitted = grown(video, videoBefore, 'jitterBufferEmittedCount');
    const lost = Math.max(0, grown(video, videoBefore, 'packetsLost'));
    const packets = grown(video, videoBefore, 'packetsReceived');
    const bytes =
      grown(video, videoBefore, 'bytesReceived') + grown(audio, audioBefore, 'bytesReceived');
    const hasBefore = videoBefore !== NONE;
    return {
      codec: text(reports.get(text(video, 'codecId')) ?? NONE, 'mimeType').replace('video/', ''),
      width: number(video, 'frameWidth'),
      height: number(video, 'frameHeight'),
      fps: hasBefore ? frames / seconds : number(video, 'framesPerSecond'),
      bitrate: hasBefore ? (bytes * 8) / 1000 / seconds : 0,
      loss: lost === 0 ? 0 : lost / (lost + packets),
      jitter: number(video, 'jitter') * 1000,
      bufferDelay: mean(grown(video, videoBefore, 'jitterBufferDelay'), emitted),
      decodeTime: mean(grown(video, videoBefore, 'totalDecodeTime'), frames),
      framesDecoded: number(video, 'framesDecoded'),
      framesDropped: number(video, 'framesDropped'),
      keyFrames: number(video, 'keyFramesDecoded'),
      freezes: number(video, 'freezeCount'),
      packetsReceived: number(video, 'packetsReceived'),
      packetsLost: number(video, 'packetsLost'),
      audioEnergy: number(audio, 'totalAudioEnergy'),
      audioConcealed: concealed(audio, audioBefore),
      ...pathOf(reports),
    };
  }
}

function pathOf(reports: ReadonlyMap<string, Counters>): { roundTrip: number; path: string } {
  const transport = [...reports.values()].find(({ type }) => type === 'transport') ?? NONE;
  const pair = reports.get(text(transport, 'selectedCandidatePairId')) ?? NONE;
  const remote = reports.get(text(pair, 'remoteCandidateId')) ?? NONE;
  const local = reports.get(text(pair, 'localCandidateId')) ?? NONE;
  // A relay on either side is what costs time.
  const side = text(local, 'candidateType') === 'relay' ? local : remote;
  return {
    roundTrip: number(pair, 'currentRoundTripTime') * 1000,
    path: [text(side, 'candidateType'), text(side, 'protocol')].filter(Boolean).join(' '),
  };
}

/** Silence that is concealed while nothing is sent does not count as loss. */
function concealed(audio: Counters, before: Counters): number {
  const samples = grown(audio, before, 'totalSamplesReceived');
  const missing =
    grown(audio, before, 'concealedSamples') - grown(audio, before, 'silentConcealedSamples');
  return samples > 0 ? Math.max(0, missing) / samples : 0;
}

function number(report: Counters, name: string): number {
  const value = report[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function text(report: Counters, name: string): string {
  const value = report[name];
  return typeof value === 'string' ? value : '';
}

function grown(after: Counters, before: Counters, name: string): number {
  return number(after, name) - number(before, name);
}

/** @returns milliseconds each */
function mean(seconds: number, count: number): number {
  return count > 0 ? (seconds * 1000) / count : 0;
}
