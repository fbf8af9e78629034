import test from 'ava';
import { ending, endingOf } from '../../client/ending.js';
import { CLOSE_CODES } from '../../client/outcomes.js';
import { ERRORS, OUTCOMES, type ErrorCode, type OutcomeCode } from '../../src/core/outcomes.js';
import { closeCode } from '../../src/signaling/close-codes.js';
import { isFinal, viewerReason } from '../../src/protocol/viewer-words.js';

const CODES = Object.keys(OUTCOMES) as OutcomeCode[];

test('server, close codes and client agree on whether coming back can help', (t) => {
  for (const code of CODES) {
    t.is(ending(code).retry, !isFinal(code), code);
    t.notRegex(ending(code).reason, /[A-Z]{2,}_|\(/, `${code} in words`);
    // An ordinary close is the end of a socket, of which a client knows no more; a streamer that
    // failed may start anew.
    if (code === 'LEFT' || code === 'STREAMER_FAILED') continue;
    const told = CLOSE_CODES[closeCode(code)] ?? 'SOCKET_LOST';
    t.is(ending(told).retry, !isFinal(code), `${code} by its close code`);
  }
});

test('the server knows better than the code of an end that the streamer goes on', (t) => {
  t.false(endingOf({ code: 'STREAMER_FAILED', reason: '' }).retry);
  t.true(endingOf({ code: 'STREAMER_FAILED', reason: '', retry: true }).retry);
});

test('operators’ words do not reach viewers, ours do', (t) => {
  const theirs = 'Internal data stream error. gstbasesrc.c(3132): /GstPipeline:p0/GstAppSrc:video';
  const codes = CODES.filter(
    (code) => code in ERRORS && ERRORS[code as ErrorCode].fault === 'pipeline',
  );
  for (const code of [...codes, 'INTERNAL', 'TIMEOUT', 'CONFIG_INVALID'] as const) {
    const told = viewerReason(code, theirs);
    t.notRegex(told, /gst|\/|Pipeline/i, code);
    t.true(told.length > 10);
  }
  t.is(viewerReason('ICE_FAILED', 'No path: no relay'), 'No path: no relay');
  t.is(viewerReason('VIEWER_CODEC_UNSUPPORTED', 'This browser …'), 'This browser …');
});
