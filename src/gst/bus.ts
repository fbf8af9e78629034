import { MoonteeError } from '../core/errors.js';
import { popFiltered } from './binding.js';
import type { Gst, GstRuntime } from './runtime.js';

/** Milliseconds between two looks at the bus. */
const INTERVAL_MS = 40;
/** Most messages of one look. */
const BUDGET = 64;

export interface BusMessage {
  readonly type: 'error' | 'warning' | 'eos';
  /** Path of the element that posted it, from the pipeline down. */
  readonly source: string;
  /** Name of the pipeline's own bin that is the element or contains it; null outside of bins. */
  readonly bin: string | null;
  readonly text: string;
  /** The error of a disk that is full. */
  readonly noSpace: boolean;
}

/**
 * The outermost bin of a path such as `/GstPipeline:pipeline0/GstBin:webrtc-1/GstQueue:queue`. Once
 * a bin was taken out of the pipeline, paths of its elements begin with the bin.
 */
export function outermostBin(path: string): string | null {
  const [type, name] =
    path
      .replace(/^\/GstPipeline:[^/]*/, '')
      .split('/')[1]
      ?.split(':') ?? [];
  return type === 'GstBin' && name !== undefined ? name : null;
}

/**
 * Empties a pipeline's bus from Node's timer: messages hold references to their elements, so
 * they must not pile up. Errors, warnings and the end are reported, all else is thrown away.
 *
 * @returns stops it, after a last look
 */
export function watchBus(
  runtime: GstRuntime,
  pipeline: Gst.Pipeline,
  report: (message: BusMessage) => void,
): () => void {
  const { Gst } = runtime.namespaces;
  const bus = pipeline.getBus();
  if (!bus) throw new MoonteeError('PIPELINE_FAILED', 'A pipeline without a bus');
  const { ERROR, WARNING, EOS } = Gst.MessageType;
  const noSpaceLeft: number = Gst.ResourceError.NO_SPACE_LEFT;
  let lookedAt = 0;
  const poll = (): void => {
    for (let count = 0; count < BUDGET; count += 1) {
      // Discards whatever is not asked for.
      const message = popFiltered(bus, [ERROR, WARNING, EOS]);
      if (!message) return;
      const source = (message.src as Gst.Object | null)?.getPathString() ?? '';
      const bin = outermostBin(source);
      if (message.type === EOS) {
        report({ type: 'eos', source, bin, text: 'end of stream', noSpace: false });
        continue;
      }
      const isError = message.type === ERROR;
      const [failure, debug] = (isError
        ? message.parseError()
        : message.parseWarning()) as unknown as [
        { message: string; code: number; domain: number },
        string | null,
      ];
      report({
        type: isError ? 'error' : 'warning',
        source,
        bin,
        text: debug ? `${failure.message} (${debug})` : failure.message,
        noSpace: failure.domain === Gst.resourceErrorQuark() && failure.code === noSpaceLeft,
      });
    }
  };
  const leave = runtime.onTurn(() => {
    const now = performance.now();
    if (now - lookedAt < INTERVAL_MS) return;
    lookedAt = now;
    poll();
  });
  return () => {
    leave();
    poll();
  };
}
