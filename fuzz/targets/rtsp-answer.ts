import { parseNumber, readDescription } from '../../src/moonlight/rtsp/description.js';
import { chooseEncryption } from '../../src/moonlight/rtsp/encryption.js';
import { openMessage, sealMessage } from '../../src/moonlight/rtsp/envelope.js';
import { isCompleteResponse, parseResponse } from '../../src/moonlight/rtsp/message.js';
import { chooseAudio } from '../../src/moonlight/rtsp/opus-layout.js';
import { chooseVideo } from '../../src/moonlight/rtsp/video-choice.js';
import { expect, tolerate, type FuzzTarget } from '../target.js';

const KEY = Buffer.alloc(16, 3);
const ALL_FORMATS = 0xffff;

const ANSWERS = [
  'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: DEADBEEFCAFE;timeout = 90\r\nTransport: server_port=48200\r\nX-SS-Ping-Payload: 0123456789ABCDEF\r\n\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 5\r\nTransport: unicast;server_port=47999-48000;source=1.2.3.4\r\nX-SS-Connect-Data: 0x12345678\r\nContent-Length: 0\r\n\r\n',
  'RTSP/1.0 403 FORBIDDEN\nCSeq: 6\n\n',
  'RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\na=x-ss-general.featureFlags:3\r\na=x-ss-general.encryptionSupported:5\r\na=x-ss-general.encryptionRequested:1\r\nsprop-parameter-sets=AAAAAU\r\na=a=rtpmap:98 AV1/90000\r\nx-nv-video[0].refPicInvalidation=1\r\na=fmtp:97 surround-params=21101\r\na=fmtp:97 surround-params=642014235\r\na=fmtp:97 surround-params=660012345\r\na=fmtp:97 surround-params=85301245367\r\na=fmtp:97 surround-params=88001234567\r\n',
];

/** Everything that a client reads out of an RTSP answer. */
export const rtspAnswer: FuzzTarget = {
  name: 'rtsp-answer',
  seeds: [
    ...ANSWERS.map((text) => Buffer.from(text)),
    sealMessage(KEY, 'host', 1, Buffer.from(ANSWERS[0] ?? '')),
  ],
  words: ['\r\n', '\r\n\r\n', 'Content-Length: ', 'surround-params=', 'a=fmtp:97 ', '9', ':'],
  run: (input) => {
    tolerate(() => openMessage(KEY, 'host', input));
    const complete = tolerate(() => isCompleteResponse(input));
    const answer = tolerate(() => parseResponse(input));
    if (answer === null) return;
    expect(complete !== null, 'an answer that is not to be waited for');
    expect(answer.status >= 0 && answer.status <= 999, 'a status that is none');
    parseNumber(answer.headers.get('x-ss-connect-data') ?? '');
    const description = readDescription(answer.body);
    for (const audioChannels of [2, 6, 8] as const) {
      for (const bitrate of [1000, 20_000]) {
        const settings = { audioChannels, audioPacketDuration: 10, bitrate } as const;
        const audio = tolerate(() => chooseAudio(settings, description.surroundParams));
        if (audio === null) continue;
        const { layout } = audio;
        const decoded = layout.streams + layout.coupledStreams;
        expect(layout.mapping.length === audioChannels, 'a mapping of another length');
        expect(
          layout.mapping.every((index) => index >= 0 && index < decoded),
          'a mapping to a channel that does not exist',
        );
      }
    }
    tolerate(() =>
      chooseVideo({
        formats: ALL_FORMATS,
        serverModes: 0xffffffff,
        description,
        playable: ['h264', 'h265', 'av1'],
      }),
    );
    const encryption = tolerate(() =>
      chooseEncryption(description, { video: false, audio: false }),
    );
    if (encryption !== null) {
      const { encryptionRequested } = description;
      expect(
        (encryption.enabled & encryptionRequested) === encryptionRequested,
        'less encryption than the host asks for',
      );
    }
  },
};
