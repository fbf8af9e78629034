import type { InputAggregator } from '../../input/aggregator.js';
import type { ViewerInput } from '../../input/viewer-input.js';
import type { ReconnectingSession } from '../../moonlight/reconnect.js';
import type { AgentVerdict } from './seat.js';

/** Puts an agent's input to those of all viewers, and what comes of it on its way to the host. */
export function actAsAgent(
  aggregator: InputAggregator,
  session: Pick<ReconnectingSession, 'sendInput'>,
  id: string,
  input: ViewerInput,
): AgentVerdict {
  const refused = aggregator.refused(id);
  const inputs = aggregator.input(id, input, performance.now());
  const verdicts = inputs.map((each) => session.sendInput(each));
  if (aggregator.refused(id) > refused) return 'paced';
  if (verdicts.includes('closed')) return 'closed';
  if (inputs.length > 0) return 'done';
  return input.type === 'pad-add' ? 'full' : isTaken(input) ? 'taken' : 'done';
}

/** What always reaches the host, unless somebody else holds the pointer. */
function isTaken(input: ViewerInput): boolean {
  switch (input.type) {
    case 'mouse-position':
    case 'scroll':
      return true;
    case 'mouse-move':
      return input.dx !== 0 || input.dy !== 0;
    case 'mouse-button':
      return input.down;
    default:
      return false;
  }
}
