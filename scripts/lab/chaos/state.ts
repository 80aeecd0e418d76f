/** The state of a run of chaos: its place in the schedule, the queued studies, the counts. */
import type { PlannedStudy } from './studies.ts';

export type Ports = {
  readonly device: number;
  readonly database: number;
  readonly pacs: number;
  readonly gateways: readonly { readonly api: number; readonly web: number }[];
};

/** A study as a device holds it. Several of them may be one study in the PACS. */
export type Queued = PlannedStudy & {
  /**
   * `chosen`: the device has not said yet that it is safe there; when it dies the same files are chosen
   * again.
   */
  state: 'chosen' | 'safe' | 'ended';
  /** How often its files were chosen. */
  chosen: number;
  uploadId: string | null;
  receiptId: string | null;
  /** The study's id in the page's own list. */
  row: string | null;
  /** The study's instance came second of the two with one identifier. */
  lostConflict: boolean;
};

export type State = {
  readonly seed: number;
  readonly minutes: number;
  readonly ports: Ports;
  position: number;
  elapsedMs: number;
  /** The offset of the gateways' and devices' clocks from the true time, in seconds. */
  clockOffset: number;
  pageClockDays: number;
  readonly queued: Queued[];
  readonly faults: Record<string, number>;
  readonly skipped: Record<string, string>;
  readonly posted: Record<string, number>;
  /** `again`: bytes by why they were sent again. */
  readonly bytes: {
    up: number;
    inParcels: number;
    unique: number;
    ended: number;
    again: Record<string, number>;
  };
  /** Faults found before the end. */
  readonly wrong: string[];
};
