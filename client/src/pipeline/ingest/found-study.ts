/**
 * What the person has chosen, as the screen shows it before anything is sent: studies, series, and what
 * cannot be sent. Values here are identifying; they live in the page's memory only and end with `clear()`.
 */
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { ReadonlySignal } from '@preact/signals';
import type { Policy } from '#shared/protocol/api.ts';
import type { Forecast } from './forecast.ts';
import type { FoundFile, StudyWarning } from './group-studies.ts';
import type { Inspection } from './inspection.ts';
import type { FolderHandle } from './folder-handle.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';

/** queueing: the chosen studies are being written into the queue; only then are they safe on this device. */
export type IngestPhase = 'idle' | 'reading' | 'found' | 'queueing';

export interface IngestProgress {
  /** Grows while folders and archives are still being listed. */
  readonly filesFound: number;
  readonly filesRead: number;
  readonly bytesRead: number;
  /** True while more files may still be found: no percentage can be given. */
  readonly listing: boolean;
}

/** `named`: read once, so that the gateway can be asked; `instances` and `bytes`: safe on this device. */
export interface QueueingProgress {
  readonly named: number;
  readonly instances: number;
  readonly instancesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface FoundSeries {
  readonly seriesInstanceUID: string;
  readonly number: number | null;
  readonly modality: string;
  readonly description: string;
  readonly bodyPart: string;
  readonly instances: number;
  readonly bytes: number;
  /** `undefined`: not asked for yet; null: there is none. Ask with `showThumbnail`. */
  readonly thumbnail: ReadonlySignal<Thumbnail | null | undefined>;
}

export interface FoundStudy {
  /** Random: it may stand in an address. */
  readonly id: string;
  readonly studyInstanceUID: string;
  /**
   * As PS3.5 §6.2 PN: `Family^Given`, component groups already reduced to the one to show. Empty where there
   * is none.
   */
  readonly patientName: string;
  readonly patientId: string;
  /** YYYYMMDD, or empty. */
  readonly patientBirthDate: string;
  /** YYYYMMDD and HHMM, or empty. */
  readonly studyDate: string;
  readonly studyTime: string;
  readonly description: string;
  readonly accessionNumber: string;
  readonly modalities: readonly string[];
  readonly series: readonly FoundSeries[];
  readonly instances: number;
  readonly bytes: number;
  readonly warnings: readonly StudyWarning[];
  /** Whether Send takes it; change with `toggle`. */
  readonly selected: ReadonlySignal<boolean>;
}

/**
 * A file that will not be sent. `refused`: it should have been an instance; `skipped`: it is not DICOM and
 * lay in a folder.
 */
export interface RejectedFile {
  /** As chosen on this device; never leaves it. */
  readonly path: string;
  readonly bytes: number;
  readonly state: 'refused' | 'skipped';
  readonly reason: ReasonCode;
  /** Where in the file, for the one who looks into it. */
  readonly where: { readonly tag: string; readonly offset: number } | null;
}

/** A file that the policy in force cannot make safe, and nobody has released. */
export interface HeldFile extends RejectedFile {
  readonly studyInstanceUID: string;
}

/**
 * What went wrong at Send. `seal-key-unknown`: the gateway's public key was never heard of, so nothing may be
 * kept here.
 */
export type SendProblem = 'no-room' | 'policy-unknown' | 'seal-key-unknown' | 'device-failed';

export interface IngestStore {
  readonly phase: ReadonlySignal<IngestPhase>;
  readonly progress: ReadonlySignal<IngestProgress>;
  readonly queueing: ReadonlySignal<QueueingProgress>;
  readonly studies: ReadonlySignal<readonly FoundStudy[]>;
  /** Refused files, each with its reason. */
  readonly rejected: ReadonlySignal<readonly RejectedFile[]>;
  /** What the policy in force cannot make safe and nobody has released: it stays here. */
  readonly heldBack: ReadonlySignal<readonly HeldFile[]>;
  /** Places (`ordinal`) of the instances that a person looked at and released. */
  readonly released: ReadonlySignal<ReadonlySet<number>>;
  /**
   * A person's word that nothing in the pixels of these names anybody. Nothing where it was not asked for,
   * and once sending has begun.
   */
  release(files: readonly FoundFile[]): void;
  /** Takes such a word back. Nothing once sending has begun. */
  holdBack(files: readonly FoundFile[]): void;
  readonly inspection: Inspection;
  /** Files that are not DICOM and were found in a folder: their number, and by reason. */
  readonly skipped: ReadonlySignal<number>;
  readonly skippedFiles: ReadonlySignal<readonly RejectedFile[]>;
  /** The policy in force for the next Send; null until the gateway was asked once. */
  readonly policy: ReadonlySignal<Policy | null>;
  readonly policies: ReadonlySignal<readonly Policy[]>;
  readonly problem: ReadonlySignal<SendProblem | null>;
  /**
   * Whether the studies that are selected fit on this device; null where nothing is selected or the browser
   * does not say.
   */
  readonly forecast: ReadonlySignal<Forecast | null>;
  /**
   * Whether the browser has promised not to clear the queue when it needs room; null: not known, or it was
   * not asked yet.
   */
  readonly persisted: ReadonlySignal<boolean | null>;
  choosePolicy(name: string): void;
  /**
   * From `<input type=file>`, with or without `webkitdirectory`; several calls add up. Resolves when all are
   * read.
   */
  addFiles(files: Iterable<File>): Promise<void>;
  /** From the browser's own picker of folders. */
  addFolder(folder: FolderHandle): Promise<void>;
  /** From a drop; call it synchronously in the event handler: the items die with it. */
  addDataTransfer(items: DataTransferItemList): Promise<void>;
  /** The synthetic sample study for the first visitor. */
  addSample(): Promise<void>;
  /** Stops reading; what was found stays. While queueing: takes back what is not queued yet. */
  cancel(): void;
  /** Forgets everything that was found. */
  clear(): void;
  toggle(studyInstanceUID: string): void;
  showThumbnail(seriesInstanceUID: string): void;
  /**
   * Writes the selected studies into the queue, each as a whole or not at all; then they are safe on this
   * device.
   */
  send(): Promise<void>;
}
