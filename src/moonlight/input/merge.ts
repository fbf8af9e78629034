import type { HostInput } from '../types.js';

/**
 * The device an event belongs to. Events of one lane keep their order; an event may join an
 * earlier, unsent one only across other lanes.
 */
export function laneOf(input: HostInput): string {
  switch (input.type) {
    case 'key':
    case 'text':
      return 'typing';
    case 'mouse-move':
    case 'mouse-position':
    case 'mouse-button':
    case 'scroll':
    case 'horizontal-scroll':
      return 'mouse';
    case 'touch':
    case 'pen':
      return input.type;
    case 'pad-arrival':
    case 'pad-state':
    case 'pad-battery':
      return `pad ${input.pad}`;
    case 'pad-touch':
      return `pad-touch ${input.pad}`;
    case 'pad-motion':
      return `pad-motion ${input.pad} ${input.sensor}`;
  }
}

/** Whether a newer event of this kind could make it superfluous while it has not been sent. */
export function isMergeable(input: HostInput): boolean {
  switch (input.type) {
    case 'mouse-move':
    case 'mouse-position':
    case 'pad-state':
    case 'pad-motion':
      return true;
    case 'touch':
    case 'pen':
    case 'pad-touch':
      return input.phase === 'move' || input.phase === 'hover';
    default:
      return false;
  }
}

/** Whether losing the event would leave something pressed. */
export function isRelease(input: HostInput): boolean {
  switch (input.type) {
    case 'key':
    case 'mouse-button':
      return !input.down;
    case 'touch':
    case 'pen':
    case 'pad-touch':
      return ['up', 'cancel', 'cancel-all', 'hover-leave'].includes(input.phase);
    case 'pad-state':
      return true;
    default:
      return false;
  }
}

/**
 * The one event that stands for both, or undefined if both must be sent. Movements add up, the
 * latest position counts, and pad states merge only while the same buttons are down (§8.6).
 */
export function merge(earlier: HostInput, later: HostInput): HostInput | undefined {
  if (!isMergeable(later) || !isMergeable(earlier)) return undefined;
  if (earlier.type === 'mouse-move' && later.type === 'mouse-move') {
    return { type: 'mouse-move', dx: earlier.dx + later.dx, dy: earlier.dy + later.dy };
  }
  return replaces(earlier, later) ? later : undefined;
}

function replaces(earlier: HostInput, later: HostInput): boolean {
  switch (later.type) {
    case 'mouse-position':
      return earlier.type === 'mouse-position';
    case 'pen':
      return (
        earlier.type === 'pen' &&
        earlier.phase === later.phase &&
        earlier.buttons === later.buttons &&
        earlier.tool === later.tool
      );
    case 'touch':
    case 'pad-touch':
      return (
        earlier.type === later.type &&
        earlier.phase === later.phase &&
        earlier.pointerId === later.pointerId
      );
    case 'pad-state':
      return (
        earlier.type === 'pad-state' &&
        earlier.buttons === later.buttons &&
        earlier.activePads === later.activePads
      );
    default:
      return earlier.type === later.type;
  }
}
