/** A typed client of Moontee for browsers: REST calls, the viewer connection, its input. */
export * from './company.js';
export * from './connection.js';
export * from './ending.js';
export * from './encode.js';
export * from './input.js';
export * from './keyboard.js';
export * from './keys.js';
export * from './media-messages.js';
export * from './media-outlet.js';
export * from './media-reader.js';
export * from './outcomes.js';
export * from './pads.js';
export * from './rest.js';
export * from './text-edits.js';
export type { PeerQuality, SessionDeadlines, ViewerReady } from './session.js';
export type { ViewerStats } from './viewer-stats.js';
