/** The idle time of control in words; pure. */
import type { ControlInfo } from '../../client/models.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** @param milliseconds 0: for ever */
export function spanInWords(milliseconds: number): string {
  if (milliseconds === 0) return 'never';
  const [unit, name] =
    milliseconds % HOUR === 0
      ? [HOUR, 'hour']
      : milliseconds % MINUTE === 0
        ? [MINUTE, 'minute']
        : [SECOND, 'second'];
  const count = milliseconds / unit;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** @returns an empty text if control does not get lost so */
export function idleInWords({ mode, idle_timeout_ms: idle }: ControlInfo): string {
  if (mode !== 'single' || idle === 0) return '';
  return `Who does nothing for ${spanInWords(idle)} loses control.`;
}
