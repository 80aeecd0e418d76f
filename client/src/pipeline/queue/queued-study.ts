/**
 * The queue as the screen shows it: each study with the track of INTERFACE.md (safe on this device, on its
 * way, at the gateway, in the PACS). Titles are decrypted for the screen and erased when the study is done.
 */
import type { ReadonlySignal } from '@preact/signals';
import type { FilmFinding } from '#shared/protocol/inference.ts';
import type { Link } from '../../net/link.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';

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

/**
 * Instances at each of the four places; together with `unsafe`, `refused`, `quarantined` and `leftOut` they
 * are all of the study's.
 */
export interface Track {
  /** Named, and not yet kept on this device: the page that packs them must stay open. */
  readonly unsafe: number;
  readonly safe: number;
  readonly onTheWay: number;
  readonly atGateway: number;
  readonly inPacs: number;
}

/**
 * Why nothing moves although nobody is at fault. `interrupted`: the page was closed while the study was
 * copied; choose it again.
 */
export type Waiting =
  | 'offline'
  | 'gateway-unreachable'
  | 'pacs-unreachable'
  | 'storage-full'
  | 'other-device'
  | 'gateway-failed'
  | 'signed-out'
  | 'interrupted'
  | null;

/**
 * What went wrong on this device with a study that nobody refused. `receipt-faulty`: the gateway's receipt
 * does not hold; `copy-unreadable`: a part of the copy here is gone or damaged; `unexpected`: anything else.
 * It is tried again by itself, and nothing is deleted meanwhile.
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
  readonly about: StudyAbout;
  readonly policy: { readonly name: string; readonly version: number; readonly deidentify: boolean };
  readonly state: UploadState;
  readonly instances: number;
  readonly bytes: number;
  /** It is still being made safe on this device, in whichever tab. */
  readonly packing: boolean;
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
  /** A person set it aside; nothing of it is sent meanwhile. */
  readonly paused: boolean;
  /** Whether `pause` and `resume`, `sendFirst` and `move` mean anything: it is not all sent. */
  readonly isWaiting: boolean;
  /**
   * From triage, 0 to 1, where it reached the model's threshold; null where it did not, or nothing looked at
   * it.
   */
  readonly score: number | null;
  /**
   * What was noticed on its films, which may have to be taken again; empty where nothing was, or a person has
   * looked.
   */
  readonly film: readonly FilmFinding[];
  /** A person has put it where it stands. */
  readonly ranked: boolean;
  /** Nothing of it has left: `takeBack`. */
  readonly canTakeBack: boolean;
  /** Some of it has left, and not all: `cancel`. */
  readonly canCancel: boolean;
  /** Of a study that was taken back: some of it had left, and the gateway was told to leave it out. */
  readonly wasCancelled: boolean;
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

/**
 * A study that waited on this device and is no longer here: the browser cleared its storage. No value that
 * names anybody.
 */
export interface LostStudy {
  /** What `forgetLost` takes. */
  readonly id: string;
  /** As it was sent, or would have been. */
  readonly studyInstanceUID: string;
  /** Empty where only the gateway remembers it. */
  readonly modalities: readonly string[];
  readonly instances: number;
  /** Milliseconds since 1970; null where only the gateway remembers it. */
  readonly queuedAt: number | null;
  /**
   * `device`: this device's own list names it; `gateway`: the gateway still waits for it, from this device or
   * from another one of the same person.
   */
  readonly rememberedBy: 'device' | 'gateway';
}

/**
 * What stands between and does harm, although everything arrives in spite of it. `proxy-answers`: something
 * else answers in the gateway's place, so nothing arrives until it lets the device through.
 */
export type Diagnosis = 'proxy-limits-size' | 'proxy-cuts-long-requests' | 'proxy-buffers' | 'proxy-answers';

export interface QueueStore {
  /** False until the database was read for the first time. */
  readonly ready: ReadonlySignal<boolean>;
  /** Those of the account that is signed in, in the order in which they are sent. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  readonly link: ReadonlySignal<Link>;
  /** As the leading tab sees it; null where nothing was noticed. */
  readonly diagnosis: ReadonlySignal<Diagnosis | null>;
  /**
   * Instances that are not safe yet: being written into the queue. 0: the page may be closed and the disc
   * removed.
   */
  readonly unsafe: ReadonlySignal<number>;
  /** Studies of other accounts that travel from this device by themselves. */
  readonly others: ReadonlySignal<number>;
  /**
   * Studies of other accounts that wait until their owner is here: their right to send has ended, they are
   * paused, or something is to be decided.
   */
  readonly othersWaiting: ReadonlySignal<number>;
  /** Instances that wait on this device, whoever they belong to. */
  readonly safe: ReadonlySignal<number>;
  /** Those of them that travel by themselves, whoever is signed in. */
  readonly travelling: ReadonlySignal<number>;
  /**
   * What was lost with the browser's storage; choosing the same files again goes on with it and takes it off
   * this list.
   */
  readonly lost: ReadonlySignal<readonly LostStudy[]>;
  forgetLost(id: string): void;
  /** Nothing more of it is sent, within a piece, until `resume`. */
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Before all others, also when it was paused. */
  sendFirst(id: string): Promise<void>;
  /** To this place (0: first) among those that wait. */
  move(id: string, place: number): Promise<void>;
  /**
   * In the middle: what is not in the PACS is left out there, then the copy here is deleted. Throws as the
   * API client does, and then nothing has changed.
   */
  cancel(id: string): Promise<void>;
  /** Until the first byte has left. Resolves to false when it was too late. */
  takeBack(id: string): Promise<boolean>;
  /** After `failed`, or for all instances that were held, or refused for a cause that may be gone. */
  retry(id: string): Promise<void>;
  /** A study in trouble is taken up at once, not at its next turn. */
  tryNow(id: string): Promise<void>;
  /** A person decides that these travel no further; without `instances`: all that are in quarantine. */
  leaveOut(
    id: string,
    instances?: readonly { readonly sopInstanceUID: string; readonly digest: string }[],
  ): Promise<void>;
  /**
   * Takes a finished, taken-back, interrupted or failed study off the list, and a failed one back from the
   * gateway; its receipt is kept.
   */
  dismiss(id: string): Promise<void>;
  receiptOf(id: string): Promise<KeptReceipt | null>;
  instancesOf(id: string): Promise<readonly QueuedInstance[]>;
}
