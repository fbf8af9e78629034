/** The media worker: owns the media socket, its decoders and its sink. Built as a file of its own. */
import type { MediaSupport } from '../client/index.js';
import { attemptAsync } from '../client/attempt.js';
import { MediaReceiver, type Say } from './media-receiver.js';
import { hasTrackGenerator } from './picture-sink.js';
import { opusDecoderMaker } from './sound-decoding.js';
import type { PageMessage } from './worker-messages.js';

/** Codecs of Moonlight hosts, at a size and rate that are usual. */
const VIDEO = ['avc1.640028', 'hvc1.1.6.L120.B0', 'av01.0.08M.08'];
const SOUND = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 };

async function support(): Promise<MediaSupport> {
  const ask = async (codec: string): Promise<string[]> => {
    const answer = await attemptAsync(() => VideoDecoder.isConfigSupported({ codec }));
    return answer?.supported === true ? [codec] : [];
  };
  const [video, hasSound] = await Promise.all([Promise.all(VIDEO.map(ask)), decodesSound()]);
  return { video: video.flat(), audio: hasSound ? [SOUND.codec] : [] };
}

/** A browser without any such decoder gets one of ours. */
async function decodesSound(): Promise<boolean> {
  if (typeof AudioDecoder !== 'function') return (await opusDecoderMaker()) !== undefined;
  const sound = await attemptAsync(() => AudioDecoder.isConfigSupported(SOUND));
  return sound?.supported === true;
}

const say: Say = (message, transfer = []) => postMessage(message, { transfer });
let receiver: MediaReceiver | undefined;

onmessage = ({ data }: MessageEvent<PageMessage>) => {
  switch (data.type) {
    case 'open':
      receiver?.close();
      receiver = new MediaReceiver(data, say);
      break;
    case 'close':
      receiver?.close();
      receiver = undefined;
      break;
    case 'sink':
      receiver?.replaceSink(data.sink);
      break;
    case 'hidden':
      receiver?.hide(data.isHidden);
      break;
    case 'painted':
      receiver?.seen(data.frames);
      break;
  }
};

void support().then((found) =>
  say({ type: 'support', support: found, hasTrackGenerator: hasTrackGenerator() }),
);
