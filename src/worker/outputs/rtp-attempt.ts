import { outputTargets, type RtpSpec } from '../../protocol/output-spec.js';
import type { Attempt, AttemptContext } from './attempt.js';
import { RtcpPort } from './rtcp-port.js';

/**
 * Sends plain RTP. That a receiver is there shows only at its RTCP port: without one, packets that go
 * nowhere look like those that arrive.
 *
 * @throws OUTPUT_FORBIDDEN, OUTPUT_FAILED, and what `addRtpOutput` throws
 */
export async function startRtp(spec: RtpSpec, context: AttemptContext): Promise<Attempt> {
  const { pipeline, keyframes } = context;
  const address = await context.targets.resolve(...outputTargets(spec));
  let rtcp: RtcpPort | null = null;
  const output = pipeline.addRtpOutput({
    id: context.outletId,
    address,
    ports: { video: spec.video_port, audio: spec.audio_port },
    keyframes: {
      want: (reason) => keyframes.want(reason),
      served: () => {
        keyframes.served();
        rtcp?.begin();
        context.active();
      },
    },
    failed: (error) => context.failed(error),
  });
  const { video_rtcp_port: port } = spec;
  if (port !== null) {
    rtcp = new RtcpPort({
      ...{ address, port },
      report: () => output.report('video'),
      onKeyframeRequest: () => keyframes.want('pli'),
      failed: (error) => context.failed(error),
    });
  }
  return {
    get bytes() {
      return output.bytes;
    },
    close: async () => {
      rtcp?.close();
      await output.close();
    },
  };
}
