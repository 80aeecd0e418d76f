/**
 * The queue as the screen shows it: each study with its track (safe on this device, on its way, at the
 * gateway, in the PACS). Titles are decrypted for the screen and erased when the study is done.
 */
import type { ReadonlySignal } from '@preact/signals';
import type { FilmFault } from './film-faults.ts';
import type { Link, LinkNow } from '../../net/link.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';

/** The name of a study on the screen; encrypted in the database, erased on completion. */
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

/** Tells studies apart without identifying anyone: kept in the clear, and after completion. */
export interface StudyAbout {
  /** Defined Terms of the standard only. */
  readonly modalities: readonly string[];
  readonly series: number;
}

/** How many of the chosen instances are in each place (count-study.ts); together they are the whole study. */
export interface Track {
  /** Chosen but not yet stored on this device: the page that packs them must stay open. */
  readonly unsafe: number;
  readonly safe: number;
  readonly onTheWay: number;
  readonly atGateway: number;
  /** Instances in the PACS, with those left out because it has the same originals in another form. */
  readonly inPacs: number;
  /** Instances that stay where they are until a person decides. */
  readonly needsYou: number;
  /** A person decided that they are not sent, and the PACS lacks them. */
  readonly leftOut: number;
}

/**
 * Why instances need a person. `held`: the device sends them only once somebody has decided; `quarantined`,
 * `refused`: the gateway or the PACS did not take them; the others are about a whole study: its page was closed
 * too early, the gateway refused it, or this device has trouble with it.
 */
type StudyCause = 'held' | 'quarantined' | 'refused' | 'interrupted' | 'failed' | 'trouble';

/** Instances of one study that need a person for one reason. */
export interface Need {
  readonly cause: StudyCause;
  /** A ReasonCode for the first three causes, a ProblemCode for `failed`, a Trouble for `trouble`. */
  readonly reason: string | null;
  readonly instances: number;
  /** The Failure Reasons that the PACS gave for them, each once. */
  readonly pacsCodes?: readonly number[];
  /** The further destination that did not take them; absent: the first one, the gateway or this device. */
  readonly destination?: string;
  /** Another content under their UIDs is in the PACS. */
  readonly stands?: true;
}

/**
 * Why nothing moves although nothing has failed. `interrupted`: the page was closed while the study was being
 * copied; choose it again. `metered`: this device sends only over Wi-Fi; only the screen says so, no row.
 */
export type Waiting =
  | 'offline'
  | 'gateway-unreachable'
  | 'metered'
  | 'pacs-unreachable'
  | 'pacs-refuses-sign-in'
  | 'pacs-settings-wrong'
  | 'storage-full'
  | 'quota-exceeded'
  | 'gateway-failed'
  | 'behind-another'
  | 'pacs-fails-on-some'
  | 'pacs-refuses-size'
  | 'required-destination'
  | 'primary-unreachable'
  | 'signed-out'
  | 'interrupted'
  | null;

/**
 * A fault on this device with a study that was not refused. `receipt-faulty`: the gateway's receipt is not
 * valid; `copy-unreadable`: a part of the copy here is missing or damaged; `unexpected`: anything else. The
 * device retries automatically and deletes nothing meanwhile.
 */
export type Trouble = 'receipt-faulty' | 'copy-unreadable' | 'unexpected';

export interface ReasonCount {
  readonly reason: ReasonCode | string;
  readonly instances: number;
  /** The Failure Reasons that the PACS gave for them, each once. */
  readonly pacsCodes?: readonly number[];
  /** The further destination that did not take them; absent: the first one, the gateway or this device. */
  readonly destination?: string;
  /** Another content under their UIDs is in the PACS. */
  readonly stands?: true;
}

/** The gateway's account of a study after it was cancelled on this device. */
export interface ToldSince {
  /** Chosen instances that are in the PACS, in whatever way they came there. */
  readonly inPacs: number;
  /** The upload that brought the most of them, for its page; null: none is in the PACS. */
  readonly uploadId: string | null;
  /** The upload is not the one that was cancelled. */
  readonly isOther: boolean;
}

/** Chosen files that nobody read: of which study they are is not known. */
export interface UnreadFiles {
  readonly files: number;
  /** There may be more: a person stopped before all of them were listed. */
  readonly isAtLeast: boolean;
  /** Identifier at random, the same in all studies of the choice: its files count once. */
  readonly from?: string;
}

export interface QueuedStudy {
  readonly id: string;
  /** null after completion: erased. */
  readonly title: StudyTitle | null;
  /** The local label: initials and the last three of the ID, for the shift; null: erased, or not wanted. */
  readonly label: string | null;
  readonly about: StudyAbout;
  readonly policy: { readonly name: string; readonly version: number; readonly deidentify: boolean };
  readonly state: UploadState;
  /** All that were chosen; the sum of `track`. */
  readonly instances: number;
  readonly bytes: number;
  /** Still being made safe on this device, in some tab. */
  readonly packing: boolean;
  readonly track: Track;
  /** The instances of `track.needsYou`, by cause; empty if none needs a person. */
  readonly needs: readonly Need[];
  /** Files that were chosen with it, and that a person left out unread; null: none were. */
  readonly leftUnread: UnreadFiles | null;
  /** Instances of the study that this device keeps to itself, or does not have whole. */
  readonly withheld: Withheld;
  /** Study Instance UID, as in the files, of the instances that are held back here; null: there are none. */
  readonly heldStudy: string | null;
  readonly waiting: Waiting;
  /** Names of the required destinations that the study waits for, where the gateway gave them. */
  readonly waitsFor?: readonly string[] | undefined;
  /** In state `failed`: why the gateway refused the whole study. */
  readonly problem: ProblemCode | null;
  /** Remains until an attempt succeeds. */
  readonly trouble: Trouble | null;
  /** Smoothed; 0 when nothing moves. */
  readonly bytesPerSecond: number;
  /** null while it would be a guess. */
  readonly secondsLeft: number | null;
  /** Nothing has moved for a while, although nothing failed. */
  readonly stalled: boolean;
  /** Paused by a person; nothing of it is sent until it is resumed. */
  readonly paused: boolean;
  /** Cancelled by a person, and paused until the gateway has confirmed it. */
  readonly cancelling: boolean;
  /** Not completely sent: `pause`, `resume`, `sendFirst` and `move` apply. */
  readonly isWaiting: boolean;
  /** The triage score, 0 to 1, if it reached the model's threshold; null if it did not, or no model ran. */
  readonly score: number | null;
  /**
   * Warnings about its films, which may have to be taken again. Empty if there are none, or once a person has
   * looked.
   */
  readonly film: readonly FilmFault[];
  /** Placed in the order by a person. */
  readonly ranked: boolean;
  /** When it was last saved to a file for a stick, in milliseconds since 1970: somebody else may send it. */
  readonly savedToStickAt: number | null;
  /** Nothing of it has left, but in such a file: `takeBack` applies. */
  readonly canTakeBack: boolean;
  /** Some of it has left, but not all: `cancel` applies. */
  readonly canCancel: boolean;
  /** For a study that was taken back: some of it had left, and the gateway was told to leave it out. */
  readonly wasCancelled: boolean;
  /** The gateway had parts of it under the account from which it was taken over, and did not leave them out. */
  readonly mayStillArrive: boolean;
  /** The gateway's account since the study was taken back; null: `track` says what the gateway had told by then. */
  readonly toldSince: ToldSince | null;
  /** Cancelled sends of the same study of which it has every instance, by their ids. */
  readonly holds: readonly string[];
  readonly receiptId: string | null;
  /** Destinations that must have it, and were given up without it. */
  readonly givenUpAt: readonly string[];
  /** Study Instance UID as sent, for the link into the viewer; null until the first instance is packed. */
  readonly studyInstanceUID: string | null;
  /** The mark of its Study Instance UID in the files (mark-of-study.ts); null: not known. */
  readonly mark: number | null;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  /** When the first byte of it left; null: not yet. */
  readonly sentAt: number | null;
  readonly completedAt: number | null;
  /** Removed from the list; `putBack` applies. */
  readonly removed: boolean;
  /** Instances of `track.leftOut` that a person has taken off the list of files that are not sent. */
  readonly noted: number;
}

export interface QueuedInstance {
  /** Its place among all files that were chosen on the page that sent it. */
  readonly position: number;
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  readonly bytes: number;
  /** `safe`: on this device; `sent`: taken by the gateway; then the gateway's states. */
  readonly state: 'safe' | 'sent' | InstanceState;
  readonly reason: string | null;
  /** The further destination that did not take it; absent or null: the first one, or the gateway. */
  readonly destination?: string | null;
  /** The instance was not stored, and the PACS has another content under its UID. */
  readonly stands?: true | undefined;
}

/** A checked receipt as signed, to keep. */
export interface KeptReceipt {
  readonly id: string;
  readonly studyId: string;
  /** A compact JWS and nothing else. */
  readonly jws: string;
  readonly issuedAt: number;
  readonly revision: number;
  readonly root: string;
}

/**
 * A study that waited on this device until the browser cleared its storage. Contains no value that identifies
 * anyone.
 */
export interface LostStudy {
  /** The argument of `forgetLost`. */
  readonly id: string;
  /** The UID as sent, or as it would have been. */
  readonly studyInstanceUID: string;
  /** Empty if only the gateway remembers it. */
  readonly modalities: readonly string[];
  readonly instances: number;
  /** Milliseconds since 1970; null if only the gateway remembers it. */
  readonly queuedAt: number | null;
  /**
   * `device`: this device's own list names it. `gateway`: the gateway still waits for it, from this device or
   * another device of the same person.
   */
  readonly rememberedBy: 'device' | 'gateway';
}

/**
 * A fault between device and gateway; uploads arrive despite most of them. `proxy-answers`: something else
 * answers in the gateway's place, and nothing arrives until it lets the device through.
 */
export type Diagnosis = 'proxy-limits-size' | 'proxy-cuts-long-requests' | 'proxy-buffers' | 'proxy-answers';

export interface QueueStore {
  /** False until the database has been read once. */
  readonly ready: ReadonlySignal<boolean>;
  /** The signed-in account's studies, in sending order. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  /** The link as this page, or the leading tab since this page was opened, has found it. */
  readonly link: ReadonlySignal<LinkNow>;
  hearLink(heard: Link): void;
  /** Nothing is sent on a metered link: a setting of this device. */
  readonly wifiOnly: ReadonlySignal<boolean>;
  setWifiOnly(only: boolean): Promise<void>;
  /** Studies of this account that wait for Wi-Fi now. */
  readonly waitingForWifi: ReadonlySignal<number>;
  /** Sends what waits now on any link; studies queued later wait again. */
  sendAnyway(): Promise<void>;
  /** The leading tab's diagnosis; null if nothing was noticed. */
  readonly diagnosis: ReadonlySignal<Diagnosis | null>;
  /**
   * Instances still being written into the queue and so not safe yet. 0: the page may be closed and the disc
   * removed.
   */
  readonly unsafe: ReadonlySignal<number>;
  /** Studies of other accounts that this device sends automatically. */
  readonly others: ReadonlySignal<number>;
  /**
   * Studies of other accounts that wait for their owner: their right to send has ended, they are paused, or a
   * decision is needed.
   */
  readonly othersWaiting: ReadonlySignal<number>;
  /** Studies of `othersWaiting` whose owner can no longer send them from here: an administrator may take them over. */
  readonly ownerless: ReadonlySignal<number>;
  /** Instances of other accounts that need a decision of their owner. */
  readonly othersUndecided: ReadonlySignal<number>;
  /** Gives those to the signed-in administrator. Throws like the API client, and then nothing has changed. */
  takeOver(): Promise<void>;
  /** Studies that were queued for another gateway. Nobody can sign in here who could send them. */
  readonly foreign: ReadonlySignal<number>;
  /** Their instances. */
  readonly foreignInstances: ReadonlySignal<number>;
  /** Deletes those from this device. */
  deleteForeign(): Promise<void>;
  /** Instances that any page of this browser is still making safe here, whoever owns them, as the database has it. */
  readonly reading: ReadonlySignal<number>;
  /** Instances that wait on this device, whoever owns them. */
  readonly safe: ReadonlySignal<number>;
  /** Waiting instances that are sent automatically, whoever is signed in. */
  readonly travelling: ReadonlySignal<number>;
  /**
   * Studies lost with the browser's storage. Choosing the same files again continues with the study and
   * removes it from this list.
   */
  readonly lost: ReadonlySignal<readonly LostStudy[]>;
  forgetLost(id: string): void;
  /** Stops sending these within one piece, until `resume`. */
  pause(...ids: readonly string[]): Promise<void>;
  resume(...ids: readonly string[]): Promise<void>;
  /** Moves it before all others, even if it was paused. */
  sendFirst(id: string): Promise<void>;
  /** Moves it to this place (0: first) among the waiting studies. */
  move(id: string, place: number): Promise<void>;
  /**
   * Cancels a study midway: instances that are not in the PACS are left out, then the copy here is deleted. While the
   * gateway cannot be reached the study is paused, and cancelled once there is a link. Throws if the gateway refuses,
   * and then nothing has changed.
   */
  cancel(id: string): Promise<void>;
  /** Possible until the first byte has left. Resolves to false when it is too late. */
  takeBack(id: string): Promise<boolean>;
  /**
   * Retries a `failed` study, or all instances that were quarantined, or refused for a cause that may be
   * gone.
   */
  retry(id: string): Promise<void>;
  /** Retries a study in trouble at once instead of at its next turn. */
  tryNow(id: string): Promise<void>;
  /** Leaves these instances out, by a person's decision; without `instances`, all that are quarantined. */
  leaveOut(
    id: string,
    instances?: readonly { readonly sopInstanceUID: string; readonly digest: string }[],
  ): Promise<void>;
  /** Leaves out the instances that are held on this device for this reason, by a person's decision. */
  leaveOutHeld(id: string, reason: string): Promise<void>;
  /**
   * Removes a study from the list. A finished or taken-back one can be put back, and its receipt is kept; an
   * interrupted or failed one is deleted and withdrawn from the gateway.
   */
  dismiss(id: string): Promise<void>;
  /** Undoes `dismiss` of a finished or taken-back study. */
  putBack(...ids: readonly string[]): Promise<void>;
  /** Takes so many instances of each study, by its id, off the list of files that are not sent. */
  noteNotSent(instances: ReadonlyMap<string, number>): Promise<void>;
  /** Keeps the gateway's account of these cancelled studies, by their ids. */
  noteTold(uploads: ReadonlyMap<string, SentStudy['uploads']>): Promise<void>;
  receiptOf(id: string): Promise<KeptReceipt | null>;
  /** The gateway's name for this device and the signed-in account; null: it has none yet. */
  ownDevice(): Promise<string | null>;
  instancesOf(id: string): Promise<readonly QueuedInstance[]>;
}
