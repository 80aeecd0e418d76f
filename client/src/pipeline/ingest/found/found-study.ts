/**
 * The chosen files as the screen shows them before Send: studies, series, and files that cannot be sent. Values here
 * identify patients. They are only in the page's memory, and `clear()` removes them.
 */
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import type { DevicePicture, NoPicture } from '../workers/device-tasks.ts';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { Box } from '#shared/dicom/boxes.ts';
import type { Policy } from '#shared/protocol/api.ts';
import type { DiscView } from '../choose/disc-view.ts';
import type { Forecast } from './forecast.ts';
import type { FoundFile, NamedPerson, SeenFile, StudyWarning } from './group-studies.ts';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { Released } from '#shared/ingest/cover-file.ts';
import type { Inspection } from './inspection.ts';
import type { Orders } from './orders.ts';
import type { Mixed, PatientPart } from './patients-of-study.ts';
import type { FolderHandle } from '../choose/folder-handle.ts';
import type { SentFromHere } from './sent-from-here.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';

/** queueing: the chosen studies are being written into the queue; they are safe on this device only afterwards. */
export type IngestPhase = 'idle' | 'reading' | 'found' | 'queueing';

export interface IngestProgress {
  /** Grows while folders and archives are still being listed. */
  readonly filesFound: number;
  readonly filesRead: number;
  readonly bytesRead: number;
  /** True while more files may still be found, so that no percentage can be given. */
  readonly listing: boolean;
}

/**
 * `named`: instances that were read once, so that the gateway can be asked about them; `instances` and `bytes`: safe
 * on this device.
 */
export interface QueueingProgress {
  readonly named: number;
  readonly instances: number;
  readonly instancesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

/** `undefined`: not requested yet (`showThumbnail`). */
export type SeriesPicture = PlacedPicture | NoPicture | 'making' | undefined;

/** A picture with the place of its file among the chosen ones, and its frame, counted from 0. */
export type PlacedPicture = DevicePicture & { readonly ordinal: number; readonly frame: number };

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

interface UntickedSeries extends FoundSeries {
  readonly files: readonly FoundFile[];
}

export interface FoundPart extends PatientPart {
  readonly picture: Pick<FoundSeries, 'seriesInstanceUID' | 'thumbnail'>;
}

export interface FoundStudy {
  /** A random id, which may be part of an address. */
  readonly id: string;
  readonly studyInstanceUID: string;
  /**
   * A name as in PS3.5 §6.2 PN: `Family^Given`, already reduced to the component group that is shown. Empty if there
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
  /** The patients named in its instances. More than one is a mistake. */
  readonly people: readonly NamedPerson[];
  /** The study's parts if its instances name several patients, otherwise empty. */
  readonly parts: readonly FoundPart[];
  /** The keys of the parts that a person has decided to send. */
  readonly settled: ReadonlySet<string>;
  /** The parts that a person left out. */
  readonly leftOut: readonly PatientPart[];
  readonly modalities: readonly string[];
  /** The series that Send takes with the study, and those that a person has unticked (`tickSeries`). */
  readonly series: readonly FoundSeries[];
  readonly unticked: readonly UntickedSeries[];
  readonly instances: number;
  readonly bytes: number;
  /** Duplicates of files that were chosen before; they are not counted in `instances`. */
  readonly copies: number | undefined;
  readonly warnings: readonly StudyWarning[];
  /** Whether Send takes the study; change it with `toggle`. */
  readonly selected: ReadonlySignal<boolean>;
  /**
   * Null until the study was compared with its receipt (compare-with-sent.ts). A changed study starts with null
   * again.
   */
  readonly inPacs: Signal<InPacs | null>;
}

/** Instances that the PACS has with the same content, when sent under this policy and with these releases. */
interface InPacs {
  /** The positions of their files (`FoundFile.ordinal`). */
  readonly places: ReadonlySet<number>;
  readonly policy: Policy | null;
  readonly released: Released;
}

/**
 * A file that will not be sent. `refused`: it should have been an instance, or may contain some; `skipped`: a file in
 * a folder that is not DICOM.
 */
export interface RejectedFile {
  /** The path as chosen on this device; it never leaves the device. */
  readonly path: string;
  readonly bytes: number;
  readonly state: 'refused' | 'skipped';
  readonly reason: ReasonCode;
  /** Whether the file was an instance on this page and could no longer be read at Send. */
  readonly wasFound?: boolean;
  /** The instance whose beginning a damaged file contains, if its first bytes name it. */
  readonly begun?: BegunInstance | undefined;
  /** Where in the file the fault lies, for somebody who inspects it. */
  readonly where: { readonly tag: string; readonly offset: number } | null;
}

/** A file that the policy in force cannot make safe and that nobody has released. */
export interface HeldFile extends RejectedFile {
  readonly studyInstanceUID: string;
  /** Whether a person who looks at it may release it under the policy in force. */
  readonly isReleasable: boolean;
  /** Whether it was sent before and is no longer in the PACS. */
  readonly isGone: boolean;
}

/**
 * The reason why Send failed. `seal-key-unknown`: the gateway's public key is not known, so nothing may be stored
 * here. `not-prepared`: this person's devices cannot make pseudonyms without the gateway, and it was not reached.
 * `reason-missing`: the policy requires a reason why names are kept, and none was given (`giveReason`). `not-ready`:
 * Send found out that nothing of a study can be made safe; the study waits on the page for a person. `look-first`:
 * some texts repeat identifying values of other instances, and nobody has looked at those texts yet.
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
  /** By Study Instance UID, how many instances of a study on the page are damaged and have no good copy. */
  readonly damaged: ReadonlySignal<ReadonlyMap<string, number>>;
  /** By Study Instance UID, the damaged files that may belong to this study. */
  readonly perhapsDamaged: ReadonlySignal<ReadonlyMap<string, readonly RejectedFile[]>>;
  /** Files that the policy in force cannot make safe and that nobody has released. They stay here. */
  readonly heldBack: ReadonlySignal<readonly HeldFile[]>;
  /** By Study Instance UID, the instances that were left out before and are therefore left out again. */
  readonly leftOut: ReadonlySignal<
    ReadonlyMap<string, { readonly instances: number; readonly bytes: number }>
  >;
  /** The studies that name several patients under the policy in force, by Study Instance UID. */
  readonly mixed: ReadonlySignal<ReadonlyMap<string, Mixed<FoundPart>>>;
  /**
   * Records a person's decision to send the parts with these keys, each under its own patient. Ignored while
   * queueing.
   */
  settlePatients(studyInstanceUID: string, keys: readonly string[]): Promise<void>;
  /**
   * Records a person's decision not to send them. It never leaves out everything that remains of a study. Ignored
   * while queueing.
   */
  leaveOutPatients(studyInstanceUID: string, keys: readonly string[]): Promise<void>;
  /** Undoes both decisions. Ignored while queueing. */
  askPatientsAgain(studyInstanceUID: string): Promise<void>;
  /** By study, the reasons for holding instances that a person has settled for every instance concerned. */
  readonly answered: ReadonlySignal<ReadonlyMap<string, ReadonlySet<ReasonCode>>>;
  /**
   * By position (`ordinal`), the boxes over the instances at which a person looked; an empty list if nothing is
   * covered.
   */
  readonly released: ReadonlySignal<Released>;
  /**
   * Records a person's statement that nothing in the pixels of these files identifies anybody, apart from what the
   * boxes cover. The boxes replace earlier ones. Ignored for files that need no release, and once sending has begun.
   */
  release(files: readonly SeenFile[], boxes?: readonly Box[]): void;
  /** Undoes such a statement. Ignored once sending has begun. */
  holdBack(files: readonly FoundFile[]): void;
  /** The boxes that a release without boxes keeps: they were drawn before something new was found in the image. */
  boxesBefore(found: Pick<FoundFile, 'ordinal'>): readonly Box[];
  /** By position, the boxes that a person has drawn over an instance without deciding about it yet. They stay drawn. */
  readonly drafts: Map<number, readonly Box[]>;
  /** Leaves out files of a study of which other files are sent. `isOut` false: these files need a decision again. */
  leaveOut(files: readonly FoundFile[], isOut: boolean): Promise<void>;
  readonly inspection: Inspection;
  /** Files in folders that are not DICOM: how many (`skipped`), and each with its reason. */
  readonly skipped: ReadonlySignal<number>;
  readonly skippedFiles: ReadonlySignal<readonly RejectedFile[]>;
  /** The policy for the next Send; null until the gateway has been asked once. */
  readonly policy: ReadonlySignal<Policy | null>;
  readonly policies: ReadonlySignal<readonly Policy[]>;
  readonly problem: ReadonlySignal<SendProblem | null>;
  readonly orders: Orders;
  readonly sentFromHere: ReadonlySignal<SentFromHere>;
  /** By the id of a found study, the ids under which it was put into the queue from this page. */
  readonly queuedAs: ReadonlySignal<ReadonlyMap<string, readonly string[]>>;
  /** Restores the record that this page had before it was reloaded. */
  restoreSent(before: SentFromHere): void;
  /** A person has read which files were not sent, so they are taken off that list. */
  settleNotSent(): void;
  /** Whether the selected studies fit on this device; null if nothing is selected or the browser does not say. */
  readonly forecast: ReadonlySignal<Forecast | null>;
  /** Whether the browser has promised not to clear the queue when it needs space; null: unknown, or not asked yet. */
  readonly persisted: ReadonlySignal<boolean | null>;
  choosePolicy(name: string): void;
  /** Sets why names are kept, for the next Send. Null: no reason was given, so nothing is sent. */
  giveReason(reason: SendingReason | null): void;
  /**
   * Adds files from `<input type=file>`, with or without `webkitdirectory`. Repeated calls add to the selection.
   * Resolves when all files are read.
   */
  addFiles(files: Iterable<File>): Promise<void>;
  /** Adds a folder from the browser's own folder picker. */
  addFolder(folder: FolderHandle): Promise<void>;
  /** Adds dropped items. Call it synchronously in the event handler, because the items become invalid afterwards. */
  addDataTransfer(items: DataTransferItemList): Promise<void>;
  /** Adds the synthetic sample study: the one for the first visit, or the one for the destination with this id. */
  addSample(destination?: string): Promise<void>;
  /** Stops reading; the studies found so far stay. While queueing, takes back what is not queued yet. */
  cancel(): void;
  /**
   * Reads the rest of the choices that were stopped. Resolves like `addFiles`. Ignored while files are read or sent.
   */
  continueReading(): Promise<void>;
  /** Records a person's decision that the rest of those choices is not wanted. Ignored while files are read or sent. */
  leaveOutRest(): void;
  /** Forgets everything that was found. `held-back`: also forgets the held-back files of queued studies. */
  clear(also?: 'held-back'): void;
  /** The held-back files of each queued study, by its id, as long as this page can still open them. */
  readonly reopenable: ReadonlySignal<ReadonlyMap<string, FoundStudy>>;
  /**
   * The policies that send the held-back files of a study, or let a person release them. `study`: the Study Instance
   * UID of a found study, or the id of a queued one. Null if this page no longer has the files.
   */
  policiesFor(study: string): readonly Policy[] | null;
  /** Shows the held-back files of a queued study again. Returns the found study's id, or null if the files are gone. */
  reopen(id: string): Promise<string | null>;
  toggle(studyInstanceUID: string): void;
  /** Ticks a series of a study, or unticks it unless it is the last one. Ignored while queueing. */
  tickSeries(studyInstanceUID: string, seriesInstanceUID: string, isTicked: boolean): Promise<void>;
  showThumbnail(seriesInstanceUID: string): void;
  /**
   * Writes the selected studies into the queue, each as a whole or not at all. They are safe on this device
   * afterwards.
   */
  send(): Promise<void>;
}
