/**
 * The intervals at which the queue acts by time alone. Tests use shorter ones, down to pg-boss' minimum of 0.5 s and 1
 * s.
 */
export type Pace = {
  /** The polling in addition to LISTEN/NOTIFY; also how late a retried job may start. */
  readonly pollSeconds: number;
  /** How often dead workers' jobs are searched for: they are found at most 30 + 10 s after a death. */
  readonly superviseSeconds: number;
  /** The longest that a job waits after a failure; the wait starts at one second and doubles. */
  readonly retryDelayLimitSeconds: number;
  /** How long after the start scheduled work first runs. */
  readonly clocksAfterSeconds: number;
};

/** The intervals of a gateway in service. */
export const PACE: Pace = {
  pollSeconds: 5,
  superviseSeconds: 10,
  retryDelayLimitSeconds: 60,
  clocksAfterSeconds: 5,
};
