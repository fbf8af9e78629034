import { isRight } from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { CreateStreamerRequest } from '../../src/protocol/create-models.js';
import { AddHostRequest, HostId } from '../../src/protocol/rest-models.js';
import { streamerSpec } from '../../src/protocol/create-request.js';
import { StreamerSpec } from '../../src/protocol/streamer-spec.js';
import { describeIssues } from '../../src/codec/issues.js';
import { expect, tolerate, type FuzzTarget } from '../target.js';

const SETTINGS = {
  bitrate: 10_000,
  packet_size: 1024,
  fps: 60,
  width: 1280,
  height: 720,
  video_sample_queue_size: 8,
  play_audio_local: false,
  audio_sample_queue_size: 8,
  video_supported_formats: 1,
  video_colorspace: 'Rec709',
  video_color_range_full: false,
};
const TARGET = { streamer_id: 'a', host_id: 1, app_id: 2 };

const CODECS: readonly t.Mixed[] = [AddHostRequest, HostId, CreateStreamerRequest];

/** Bodies of REST requests. */
export const rest: FuzzTarget = {
  name: 'rest',
  seeds: [
    { ...TARGET, ...SETTINGS, audio_channels: 6, hdr: true },
    { ...TARGET, client_unique_id: 'u', settings: SETTINGS },
    { address: 'host.local', http_port: 47_989 },
    { host_id: 5 },
  ].map((body) => Buffer.from(JSON.stringify(body))),
  words: [
    'null',
    '"__proto__":',
    '-1',
    '1.5',
    '1e99',
    '[]',
    '{}',
    '"\\u0000"',
    '"settings":',
    '../',
  ],
  run: (input) => {
    let body: unknown;
    try {
      body = JSON.parse(input.toString('utf8'));
    } catch {
      return;
    }
    for (const codec of CODECS) {
      const decoded = codec.decode(body);
      if (!isRight(decoded)) {
        expect(describeIssues(decoded.left).length > 0, 'a refusal without a reason');
      }
    }
    const request = CreateStreamerRequest.decode(body);
    if (!isRight(request)) return;
    const spec = tolerate(() => streamerSpec(request.right));
    if (spec === null) return;
    expect(
      isRight(StreamerSpec.decode(JSON.parse(JSON.stringify(spec)))),
      'a child cannot read it',
    );
    for (const value of Object.values(spec.settings)) {
      expect(typeof value !== 'number' || Number.isSafeInteger(value), 'a number out of bounds');
    }
  },
};
