/** What the processes of the campaign have agreed on. */
export const HOST_PIN = '4711';
export const HOST_APP = 'Picture';
export const STREAMER = 'watched';
/** Hands the server its password: every process could read it on a command line. */
export const PASSWORD_VARIABLE = 'MOONTEE_ATTACK_PASSWORD';

/** What the host shows: the clip of the benchmarks (10 Mbit/s), or pictures that cost nothing. */
export type Picture = 'clip' | 'blocks';
