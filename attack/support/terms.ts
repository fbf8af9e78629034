/** What the processes of the campaign have agreed on. */
export const HOST_PIN = '4711';
export const HOST_APP = 'Blocks';
export const STREAMER = 'watched';
/** Tells the server its password: on a command line everybody could read it. */
export const PASSWORD_VARIABLE = 'MOONTEE_ATTACK_PASSWORD';
