/** Texts of others, made fit for a log line, a list or a page. */

/** Line ends and other control characters, line and paragraph separators. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
/**
 * Invisible characters, and those that reorder others: formats (direction marks and overrides,
 * zero-width ones), halves of pairs, fillers of Hangul and Braille, the joiner of marks. The
 * replacement for the unreadable belongs to them.
 */
const UNSEEN = /[\p{Cf}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffd]/gu;
/** Marks pile up on a letter: more than four cover the lines around. */
const PILES = /(\p{M}{4})\p{M}+/gu;

/** Code points of a person's name. */
const MAX_NAME = 64;

/** What a person is called, fit to be shown to others; null if nothing of it can be shown. */
export function personName(text: string | null | undefined): string | null {
  const clean = cleanText((text ?? '').normalize('NFC'), MAX_NAME).trim();
  return clean === '' ? null : clean;
}

/**
 * One line, left to right as it was written, of at most `max` code points.
 *
 * @returns white space at the ends stays: a title of one space is one
 */
export function cleanText(text: string, max: number): string {
  // A code point has two units at most: what lies far behind the cut need not be looked at.
  const head = text.slice(0, 16 * max);
  const clean = head.replace(BREAKS, ' ').replace(UNSEEN, '').replace(PILES, '$1');
  if (clean.length <= max) return clean;
  return Array.from(clean).slice(0, max).join('');
}
