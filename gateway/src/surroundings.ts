import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { PASSWORD_COST, type PasswordCost } from './auth/password.ts';
import type { Database } from './database/database.ts';
import { INFERENCE_PATIENCE, type InferencePatience } from './inference/inference-tools.ts';
import type { Pace } from './jobs/pace.ts';
import { isJournal } from './observability/log.ts';
import type { Engine } from './ports/engine/engine.ts';
import type { Pacs } from './ports/pacs/pacs.ts';
import type { ViewerPackage } from './viewer/viewer-package.ts';

/** The steps of a start that may take long, worded to follow "The gateway is". */
export type StartStep =
  | 'opening its database'
  | 'keeping a backup before it changes its database'
  | 'changing its database'
  | 'preparing its data'
  | 'starting its work';

/** The parts of the outside world that a test may replace, and how long the gateway waits. */
export type Surroundings = {
  readonly now: () => Date;
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** How often the job queue acts on its timer. What is missing has its default. */
  readonly pace: Partial<Pace>;
  readonly passwordCost: PasswordCost;
  readonly inferencePatience: InferencePatience;
  /** Writes a line of the log, which includes its line feed. */
  readonly write: (line: string) => void;
  /** Whether systemd's journal reads those lines. */
  readonly isForJournal: boolean;
  /**
   * Shows the first user's password to whoever started the gateway. It is shown once, before the password takes effect.
   */
  readonly showPassword: (password: string) => void;
  /** Called with the next step of the start, which the supervisor reports if the start takes long. */
  readonly begin: (step: StartStep) => void;
  readonly database: Database | null;
  readonly pacs: Pacs | null;
  readonly engine: Engine | null;
  /** Whether the disk has too little room to accept anything new; null: the disk itself is asked. */
  readonly isFull: (() => Promise<boolean>) | null;
  /** The built web app. */
  readonly webFolder: string;
  /** Where the built-in viewer comes from; null: as the settings say. */
  readonly viewerPackage: ViewerPackage | null;
};

export const SURROUNDINGS: Surroundings = {
  now: () => new Date(),
  clock: () => performance.now(),
  newId: randomUUID,
  pace: {},
  passwordCost: PASSWORD_COST,
  inferencePatience: INFERENCE_PATIENCE,
  write: (line) => void process.stdout.write(line),
  isForJournal: isJournal(1, process.env.JOURNAL_STREAM),
  showPassword: () => {},
  begin: () => {},
  database: null,
  pacs: null,
  engine: null,
  isFull: null,
  viewerPackage: null,
  webFolder: fileURLToPath(new URL('../../client/dist', import.meta.url)),
};
