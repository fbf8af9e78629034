/** App ids that tell the fake streamer how to behave. */
export const APP = {
  GOOD: 1,
  NEVER_CONNECTS: 900,
  HOST_BUSY: 901,
  CRASHES_AT_START: 902,
  IGNORES_STOP: 903,
  TALKS_NONSENSE: 904,
  NEVER_OFFERS: 905,
  NEVER_ANSWERS: 906,
  BUSY_AND_STUBBORN: 907,
  TAKES_MEMORY: 908,
  STAYS_AWAY: 909,
  SHOWS_NOTHING: 910,
} as const;
