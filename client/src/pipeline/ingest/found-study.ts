/**
 * The chosen files as the screen shows them before Send: studies, series, and files that cannot be sent.
 * Values here identify patients; they are only in the page's memory and end with `clear()`.
 */
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import type { DevicePicture, NoPicture } from './device-tasks.ts';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { Box } from '#shared/dicom/boxes.ts';
import type { Policy } from '#shared/protocol/api.ts';
import type { DiscView } from './disc-view.ts';
import type { Forecast } from './forecast.ts';
import type { FoundFile, NamedPerson, SeenFile, StudyWarning } from './group-studies.ts';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { Released } from '#shared/ingest/cover-file.ts';
import type { Inspection } from './inspection.ts';
import type { Orders } from './orders.ts';
import type { Mixed, PatientPart } from './patients-of-study.ts';
import type { FolderHandle } from './folder-handle.ts';
import type { SentFromHere } from './sent-from-here.ts';
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

/**
 * `named`: read once, so that the gateway can be asked about them; `instances` and `bytes`: safe on this
 * device.
 */
export interface QueueingProgress {
  readonly named: number;
  readonly instances: number;
  readonly instancesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

/** `undefined`: not requested yet (`showThumbnail`). */
export type SeriesPicture = DevicePicture | NoPicture | 'making' | undefined;

export interface FoundSeries {
  readonly seriesInstanceUID: string;
  readonly number: number | null;
  readonly modality: string;
  readonly description: string;
  readonly bodyPart: string;
  readonly instances: number;
  readonly bytes: number;
  readonly thumbnail: ReadonlySignal<SeriesPicture>;
}

export interface FoundPart extends PatientPart {
  readonly picture: Pick<FoundSeries, 'seriesInstanceUID' | 'thumbnail'>;
}

export interface FoundStudy {
  /** Random, so that it may be part of an address. */
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
  /** Whom its instances name as their patient: more than one only by mistake. */
  readonly people: readonly NamedPerson[];
  /** The study's parts where its instances name several patients, otherwise empty. */
  readonly parts: readonly FoundPart[];
  /** The keys of parts about which a person has decided that they are sent. */
  readonly settled: ReadonlySet<string>;
  /** The parts that a person left out. */
  readonly leftOut: readonly PatientPart[];
  readonly modalities: readonly string[];
  readonly series: readonly FoundSeries[];
  readonly instances: number;
  readonly bytes: number;
  /** Files that were chosen before, and are not among `instances`. */
  readonly copies: number | undefined;
  readonly warnings: readonly StudyWarning[];
  /** Whether Send takes it; change with `toggle`. */
  readonly selected: ReadonlySignal<boolean>;
  /** Null until it was compared with its receipt (compare-with-sent.ts); a study that has changed begins with null. */
  readonly inPacs: Signal<InPacs | null>;
}

/** Instances that the PACS has with the same content, as they would be sent under these. */
interface InPacs {
  /** Places of their files (`FoundFile.ordinal`). */
  readonly places: ReadonlySet<number>;
  readonly policy: Policy | null;
  readonly released: Released;
}

/**
 * A file that will not be sent. `refused`: it should have been an instance, or may hold some; `skipped`: another file
 * in a folder that is not DICOM.
 */
export interface RejectedFile {
  /** The path as chosen on this device; never leaves it. */
  readonly path: string;
  readonly bytes: number;
  readonly state: 'refused' | 'skipped';
  readonly reason: ReasonCode;
  /** The file was an instance on this page, and could no longer be read at Send. */
  readonly wasFound?: boolean;
  /** The instance that a damaged file began to be, where its front says so. */
  readonly begun?: BegunInstance | undefined;
  /** Where in the file, for the one who looks into it. */
  readonly where: { readonly tag: string; readonly offset: number } | null;
}

/** A file that the policy in force cannot make safe and nobody has released. */
export interface HeldFile extends RejectedFile {
  readonly studyInstanceUID: string;
  /** Under the policy in force a person who looks at it can release it. */
  readonly isReleasable: boolean;
  /** Sent before, and the PACS no longer has it. */
  readonly isGone: boolean;
}

/**
 * The reason why Send failed. `seal-key-unknown`: the gateway's public key is not known, so nothing may be
 * stored here. `not-prepared`: this person's devices make no pseudonyms without the gateway, and it was not reached.
 * `reason-missing`: the policy asks why names are kept, and nobody has said so (`giveReason`).
 * `not-ready`: at Send it turned out that nothing of a study can be made safe; it waits on the page for a person.
 * `look-first`: instances have texts that name what their companions name, and nobody has seen that yet.
 */
export type SendProblem =
  | 'no-room'
  | 'policy-unknown'
  | 'seal-key-unknown'
  | 'reason-missing'
  | 'not-prepared'
  | 'look-first'
  | 'not-ready'
  | 'too-many-patients'
  | 'device-failed';

export interface IngestStore {
  readonly phase: ReadonlySignal<IngestPhase>;
  readonly progress: ReadonlySignal<IngestProgress>;
  readonly queueing: ReadonlySignal<QueueingProgress>;
  readonly studies: ReadonlySignal<readonly FoundStudy[]>;
  /** The indexes of the chosen discs. */
  readonly disc: ReadonlySignal<DiscView>;
  /** Refused files, each with its reason. */
  readonly rejected: ReadonlySignal<readonly RejectedFile[]>;
  /** By Study Instance UID, how many instances of a study on the page are damaged and were not chosen whole. */
  readonly damaged: ReadonlySignal<ReadonlyMap<string, number>>;
  /** By Study Instance UID, damaged files that may be of this study. */
  readonly perhapsDamaged: ReadonlySignal<ReadonlyMap<string, readonly RejectedFile[]>>;
  /** Files that the policy in force cannot make safe and nobody has released: they stay here. */
  readonly heldBack: ReadonlySignal<readonly HeldFile[]>;
  /** By Study Instance UID, the instances that were left out before, and are left out again. */
  readonly leftOut: ReadonlySignal<
    ReadonlyMap<string, { readonly instances: number; readonly bytes: number }>
  >;
  /** By Study Instance UID, the studies that name several patients under the policy in force. */
  readonly mixed: ReadonlySignal<ReadonlyMap<string, Mixed<FoundPart>>>;
  /** A person's decision that the parts of these keys are sent, each under its own patient. Ignored while queueing. */
  settlePatients(studyInstanceUID: string, keys: readonly string[]): Promise<void>;
  /** A person's decision that they are not sent. Never of all that is left of a study. Ignored while queueing. */
  leaveOutPatients(studyInstanceUID: string, keys: readonly string[]): Promise<void>;
  /** Withdraws both. Ignored while queueing. */
  askPatientsAgain(studyInstanceUID: string): Promise<void>;
  /** By study, why instances were held that a person has since looked at, all of them. */
  readonly answered: ReadonlySignal<ReadonlyMap<string, ReadonlySet<ReasonCode>>>;
  /** By place (`ordinal`), the boxes over the instances at which a person looked; none where nothing is covered. */
  readonly released: ReadonlySignal<Released>;
  /**
   * Records a person's statement that nothing in the pixels of these names anybody but what the boxes cover, which
   * replace earlier ones. Ignored for files that need none, and once sending has begun.
   */
  release(files: readonly SeenFile[], boxes?: readonly Box[]): void;
  /** Withdraws such a statement. Ignored once sending has begun. */
  holdBack(files: readonly FoundFile[]): void;
  /** The boxes that a release without any keeps: something new was found in it since they were drawn. */
  boxesBefore(found: Pick<FoundFile, 'ordinal'>): readonly Box[];
  /** By place, the boxes that a person has drawn over an instance and not yet decided about: they stay drawn. */
  readonly drafts: Map<number, readonly Box[]>;
  /** Leaves out files of a study of which something else is sent; `isOut` false: decides about them again. */
  leaveOut(files: readonly FoundFile[], isOut: boolean): Promise<void>;
  readonly inspection: Inspection;
  /** Files that are not DICOM and were found in a folder: their number, and by reason. */
  readonly skipped: ReadonlySignal<number>;
  readonly skippedFiles: ReadonlySignal<readonly RejectedFile[]>;
  /** The policy for the next Send; null until the gateway was asked once. */
  readonly policy: ReadonlySignal<Policy | null>;
  readonly policies: ReadonlySignal<readonly Policy[]>;
  readonly problem: ReadonlySignal<SendProblem | null>;
  readonly orders: Orders;
  readonly sentFromHere: ReadonlySignal<SentFromHere>;
  /** Restores the record that this page had before it was reloaded. */
  restoreSent(before: SentFromHere): void;
  /** A person has read which files were not sent, and takes them off that list. */
  settleNotSent(): void;
  /**
   * Whether the studies that are selected fit on this device; null where nothing is selected or the browser
   * does not say.
   */
  readonly forecast: ReadonlySignal<Forecast | null>;
  /**
   * Whether the browser has promised not to clear the queue when it needs space; null: unknown, or not asked
   * yet.
   */
  readonly persisted: ReadonlySignal<boolean | null>;
  choosePolicy(name: string): void;
  /** Why names are kept, for the next Send. Null: nobody wants to say, and nothing is sent. */
  giveReason(reason: SendingReason | null): void;
  /**
   * From `<input type=file>`, with or without `webkitdirectory`; several calls add up. Resolves when all are
   * read.
   */
  addFiles(files: Iterable<File>): Promise<void>;
  /** From the browser's own picker of folders. */
  addFolder(folder: FolderHandle): Promise<void>;
  /** From a drop; call it synchronously in the event handler: the items die with it. */
  addDataTransfer(items: DataTransferItemList): Promise<void>;
  /** The synthetic sample study: the first visitor's, or the one for the destination with this id. */
  addSample(destination?: string): Promise<void>;
  /** Stops reading; the studies found so far stay. While queueing: takes back what is not queued yet. */
  cancel(): void;
  /** Reads the rest of the choices that were stopped. Resolves as `addFiles`. Ignored while files are read or sent. */
  continueReading(): Promise<void>;
  /** A person's decision that the rest of them is not wanted. Ignored while files are read or sent. */
  leaveOutRest(): void;
  /** Forgets everything that was found. `held-back`: files of queued studies that are held back, too. */
  clear(also?: 'held-back'): void;
  /** By the id of a queued study, its files that are held back, where this page can still open them. */
  readonly reopenable: ReadonlySignal<ReadonlyMap<string, FoundStudy>>;
  /**
   * The policies that send what is held back of a study, or let a person release it: of a found one by its Study
   * Instance UID, of a queued one by its id. Null where this page no longer has the files.
   */
  policiesFor(study: string): readonly Policy[] | null;
  /** Shows the held-back files of a queued study again; returns the found study's id, null where they are gone. */
  reopen(id: string): Promise<string | null>;
  toggle(studyInstanceUID: string): void;
  showThumbnail(seriesInstanceUID: string): void;
  /**
   * Writes the selected studies into the queue, each as a whole or not at all; then they are safe on this
   * device.
   */
  send(): Promise<void>;
}
