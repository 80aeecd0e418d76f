/**
 * The queue as the screen shows it: each study with the track of INTERFACE.md (safe on this device, on its way, at the gateway, in
 * the PACS). Titles are decrypted for the screen and erased when the study is done.
 */
import type { ReadonlySignal } from '@preact/signals';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { ProblemCode, ReasonCode } from '#shared/protocol/problem.ts';

/** What the screen needs to name a study; encrypted in the database, erased on completion. */
export interface StudyTitle {
  readonly patientName: string;
  readonly patientId: string;
  readonly patientBirthDate: string;
  readonly studyDate: string;
  readonly description: string;
  readonly accessionNumber: string;
  readonly modalities: readonly string[];
  readonly bodyParts: readonly string[];
}

/** What tells studies apart and nobody from anybody: it is kept in the clear, and after completion. */
export interface StudyAbout {
  /** Defined Terms of the standard only. */
  readonly modalities: readonly string[];
  readonly series: number;
}

/** Instances at each of the four places; together with `refused`, `quarantined` and `leftOut` they are all of the study's. */
export interface Track {
  readonly safe: number;
  readonly onTheWay: number;
  readonly atGateway: number;
  readonly inPacs: number;
}

/** Why nothing moves although nobody is at fault. `interrupted`: the page was closed while the study was copied; choose it again. */
export type Waiting = 'offline' | 'gateway-unreachable' | 'pacs-unreachable' | 'storage-full' | 'other-device' | 'gateway-failed' | 'signed-out' | 'interrupted' | null;

/**
 * What went wrong on this device with a study that nobody refused. `receipt-faulty`: the gateway's receipt does not hold; `copy-unreadable`: a
 * part of the copy here is gone or damaged; `unexpected`: anything else. It is tried again by itself, and nothing is deleted meanwhile.
 */
export type Trouble = 'receipt-faulty' | 'copy-unreadable' | 'unexpected';

export interface ReasonCount {
  readonly reason: ReasonCode | string;
  readonly instances: number;
}

export interface QueuedStudy {
  readonly id: string;
  /** null after completion: erased. */
  readonly title: StudyTitle | null;
  /** null in rows that an earlier version of the page wrote. */
  readonly about: StudyAbout | null;
  readonly policy: { readonly name: string; readonly version: number; readonly deidentify: boolean };
  readonly state: UploadState;
  readonly instances: number;
  readonly bytes: number;
  readonly track: Track;
  readonly refused: readonly ReasonCount[];
  readonly quarantined: readonly ReasonCount[];
  readonly leftOut: number;
  readonly waiting: Waiting;
  /** In state `failed`: why the gateway refused the whole study. */
  readonly problem: ProblemCode | null;
  /** Stands until an attempt succeeds. */
  readonly trouble: Trouble | null;
  /** Smoothed; 0 when nothing moves. */
  readonly bytesPerSecond: number;
  /** null when it would be a guess. */
  readonly secondsLeft: number | null;
  /** It should move and has not for a while, although nothing failed. */
  readonly stalled: boolean;
  readonly canTakeBack: boolean;
  readonly receiptId: string | null;
  /** Study Instance UID as sent, for the link into the viewer; null until the first instance is packed. */
  readonly studyInstanceUID: string | null;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly completedAt: number | null;
}

export interface QueuedInstance {
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  readonly bytes: number;
  /** `safe`: on this device; `sent`: taken by the gateway; then the gateway's states. */
  readonly state: 'safe' | 'sent' | InstanceState;
  readonly reason: string | null;
}

/** A checked receipt as it was signed, to keep. */
export interface KeptReceipt {
  readonly id: string;
  readonly studyId: string;
  /** One compact JWS and nothing else. */
  readonly jws: string;
  readonly issuedAt: number;
  readonly revision: number;
  readonly root: string;
}

export type Link = 'online' | 'offline' | 'gateway-unreachable' | 'pacs-unreachable';

export interface QueueStore {
  /** False until the database was read for the first time. */
  readonly ready: ReadonlySignal<boolean>;
  /** Those of the account that is signed in. Newest last. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  readonly link: ReadonlySignal<Link>;
  /** Instances that are not safe yet: being written into the queue. 0: the page may be closed and the disc removed. */
  readonly unsafe: ReadonlySignal<number>;
  /** Studies of other accounts that wait on this device, and are not sent until their owner signs in. */
  readonly others: ReadonlySignal<number>;
  /** Instances that wait on this device, whoever they belong to. */
  readonly safe: ReadonlySignal<number>;
  /** Until the first byte has left. Resolves to false when it was too late. */
  takeBack(id: string): Promise<boolean>;
  /** After `failed`, or for all instances that were held, or refused for a cause that may be gone. */
  retry(id: string): Promise<void>;
  /** A study in trouble is taken up at once, not at its next turn. */
  tryNow(id: string): Promise<void>;
  /** A person decides that these travel no further; without `instances`: all that are in quarantine. */
  leaveOut(id: string, instances?: readonly { readonly sopInstanceUID: string; readonly digest: string }[]): Promise<void>;
  /** Takes a finished, taken-back, interrupted or failed study off the list, and a failed one back from the gateway; its receipt is kept. */
  dismiss(id: string): Promise<void>;
  receiptOf(id: string): Promise<KeptReceipt | null>;
  instancesOf(id: string): Promise<readonly QueuedInstance[]>;
}
