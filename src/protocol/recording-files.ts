/** The names of a recording's files, for the child that writes and the server that lists them. */

const NAME = /^(\d{5,9})\.mkv$/;

/** @param number from 1 */
export function recordingFileName(number: number): string {
  return `${String(number).padStart(5, '0')}.mkv`;
}

/** The number in a name; null for a file that does not belong to a recording. */
export function recordingFileNumber(name: string): number | null {
  const number = Number(NAME.exec(name)?.[1] ?? 0);
  return number > 0 ? number : null;
}
