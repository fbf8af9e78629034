/** Calls `work` after so many milliseconds. @returns cancels it */
export type Scheduler = (milliseconds: number, work: () => void) => () => void;

export const nodeTimers: Scheduler = (milliseconds, work) => {
  const timer = setTimeout(work, milliseconds);
  return () => clearTimeout(timer);
};
