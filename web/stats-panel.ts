import type { ViewerStats } from '../client/index.js';
import { element } from './dom.js';

export interface StatsPanel {
  readonly element: HTMLElement;
  show(stats: ViewerStats | undefined, timeToFirstFrame: number | undefined): void;
}

const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

const ROWS: readonly (readonly [string, (stats: ViewerStats) => string])[] = [
  ['Codec', ({ codec }) => codec || '–'],
  ['Size', ({ width, height }) => (width > 0 ? `${width} × ${height}` : '–')],
  ['Frames', ({ fps }) => `${fps.toFixed(0)} / s`],
  ['Bit rate', ({ bitrate }) => `${(bitrate / 1000).toFixed(1)} Mbit/s`],
  ['Loss', ({ loss, packetsLost }) => `${(loss * 100).toFixed(1)} % (${packetsLost})`],
  ['Jitter', ({ jitter }) => milliseconds(jitter)],
  ['Round trip', ({ roundTrip }) => milliseconds(roundTrip)],
  ['Buffer', ({ bufferDelay }) => milliseconds(bufferDelay)],
  ['Decoding', ({ decodeTime }) => milliseconds(decodeTime)],
  ['Dropped', ({ framesDropped }) => `${framesDropped} frames`],
  ['Freezes', ({ freezes }) => String(freezes)],
  ['Sound lost', ({ audioConcealed }) => `${(audioConcealed * 100).toFixed(1)} %`],
  ['Path', ({ path }) => path || '–'],
];

/** Figures of the connection for those who want to know. */
export function statsPanel(): StatsPanel {
  const cells = ROWS.map(() => element('dd', {}, '–'));
  const first = element('dd', {}, '–');
  const panel = element(
    'aside',
    { class: 'stats', 'aria-label': 'Statistics', hidden: true },
    element(
      'dl',
      {},
      ...ROWS.flatMap(([name], row) => [element('dt', {}, name), cells[row] ?? '']),
      element('dt', {}, 'First frame'),
      first,
    ),
  );
  return {
    element: panel,
    show: (stats, timeToFirstFrame) => {
      for (const [row, [, format]] of ROWS.entries()) {
        const cell = cells[row];
        if (cell !== undefined) cell.textContent = stats === undefined ? '–' : format(stats);
      }
      first.textContent =
        timeToFirstFrame === undefined ? '–' : `${Math.round(timeToFirstFrame)} ms`;
    },
  };
}
