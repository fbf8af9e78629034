/** Codecs of the codes in {@link OUTCOMES}. */
import * as t from 'io-ts';
import { ENDS, ERRORS } from '../core/outcomes.js';

export const ErrorCode = t.keyof(ERRORS, 'ErrorCode');
export type ErrorCode = t.TypeOf<typeof ErrorCode>;

/** An error, or an end of a viewer that is not an error. */
export const OutcomeCode = t.keyof({ ...ERRORS, ...ENDS }, 'OutcomeCode');
export type OutcomeCode = t.TypeOf<typeof OutcomeCode>;

/** How a recording ended: by request, or with an error. */
export const RecordingEndCode = t.keyof({ ...ERRORS, STOPPED: null }, 'RecordingEndCode');
export type RecordingEndCode = t.TypeOf<typeof RecordingEndCode>;
