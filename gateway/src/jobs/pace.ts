/** How often the queue acts by the clock alone. Tests take shorter times, down to pg-boss' least of 0.5 s and 1 s. */
export type Pace = {
  /** The floor under LISTEN/NOTIFY, and how late a retried job may start. */
  readonly pollSeconds: number;
  /** How often dead workers' jobs are looked for: 30 + 10 s after a death at the latest. */
  readonly superviseSeconds: number;
  /** The longest that a job waits after it failed; from one second on, the wait doubles. */
  readonly retryDelayLimitSeconds: number;
  /** How long after the start the clocks ask for their first work. */
  readonly clocksAfterSeconds: number;
};

/** The pace of a gateway in service. */
export const PACE: Pace = {
  pollSeconds: 5,
  superviseSeconds: 10,
  retryDelayLimitSeconds: 60,
  clocksAfterSeconds: 5,
};
