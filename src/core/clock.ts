/** Where the library takes the time; a setting, so that tests may stop it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** The clock of the system. */
export const systemClock: Clock = { now: () => Date.now() };
