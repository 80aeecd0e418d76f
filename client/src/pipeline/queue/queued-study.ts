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

/** Data that tell studies apart without identifying anyone. They are stored in the clear, and stay after completion. */
export interface StudyAbout {
  /** Only Defined Terms of the standard. */
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
  /** Instances in the PACS, including those left out because the PACS has the same originals in another form. */
  readonly inPacs: number;
  /** Instances that stay where they are until a person decides. */
  readonly needsYou: number;
  /** Instances that a person decided not to send and that the PACS lacks. */
  readonly leftOut: number;
}

/**
 * Why instances need a person. `held`: the device sends them only after a decision; `quarantined`, `refused`: the
 * gateway or the PACS did not take them. The others concern a whole study: its page was closed too early, the gateway
 * refused it, or this device has trouble with it.
 */
type StudyCause = 'held' | 'quarantined' | 'refused' | 'interrupted' | 'failed' | 'trouble';

/** Instances of one study that need a person for one reason. */
export interface Need {
  readonly cause: StudyCause;
  /** A ReasonCode for the first three causes, a ProblemCode for `failed`, a Trouble for `trouble`. */
  readonly reason: string | null;
  readonly instances: number;
  /** The distinct Failure Reasons that the PACS gave for them. */
  readonly pacsCodes?: readonly number[];
  /** The further destination that did not take them. Absent: it was the first one, the gateway or this device. */
  readonly destination?: string;
  /** True if the PACS has other content under their UIDs. */
  readonly stands?: true;
}

/**
 * Why nothing moves although nothing has failed. `interrupted`: the page was closed while the study was being copied,
 * so it must be chosen again. `metered`: this device sends only over Wi-Fi; this value exists only on the screen and
 * in no row.
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
 * A fault on this device with a study that was not refused. `receipt-faulty`: the gateway's receipt is not valid;
 * `copy-unreadable`: a part of the copy here is missing or damaged; `unexpected`: anything else. The device retries
 * automatically and deletes nothing meanwhile.
 */
export type Trouble = 'receipt-faulty' | 'copy-unreadable' | 'unexpected';

export interface ReasonCount {
  readonly reason: ReasonCode | string;
  readonly instances: number;
  /** The distinct Failure Reasons that the PACS gave for them. */
  readonly pacsCodes?: readonly number[];
  /** The further destination that did not take them. Absent: it was the first one, the gateway or this device. */
  readonly destination?: string;
  /** True if the PACS has other content under their UIDs. */
  readonly stands?: true;
}

/** The gateway's report on a study after it was cancelled on this device. */
export interface ToldSince {
  /** Chosen instances that are in the PACS, however they got there. */
  readonly inPacs: number;
  /** The upload that brought most of them, for a link to its page. null: none is in the PACS. */
  readonly uploadId: string | null;
  /** Whether that upload is another one than the cancelled one. */
  readonly isOther: boolean;
}

/** Chosen files that were never read, so that their study is not known. */
export interface UnreadFiles {
  readonly files: number;
  /** Whether there may be more, because a person stopped before all files were listed. */
  readonly isAtLeast: boolean;
  /** A random identifier of the choice, the same in all its studies, so that its unread files are counted once. */
  readonly from?: string;
}

export interface QueuedStudy {
  readonly id: string;
  /** null after completion: erased. */
  readonly title: StudyTitle | null;
  /**
   * The local label: the initials and the last three characters of the ID, kept for the shift. null: erased, or not
   * wanted.
   */
  readonly label: string | null;
  readonly about: StudyAbout;
  readonly policy: { readonly name: string; readonly version: number; readonly deidentify: boolean };
  readonly state: UploadState;
  /** All chosen instances; the sum of `track`. */
  readonly instances: number;
  readonly bytes: number;
  /** Whether some tab is still making it safe on this device. */
  readonly packing: boolean;
  readonly track: Track;
  /** The instances of `track.needsYou`, by cause; empty if none needs a person. */
  readonly needs: readonly Need[];
  /** Files of the same choice that a person left unread; null: there are none. */
  readonly leftUnread: UnreadFiles | null;
  /** Instances of the study that this device does not send, or has only in part. */
  readonly withheld: Withheld;
  /** The Study Instance UID in the files of the instances that are held back here; null: none are. */
  readonly heldStudy: string | null;
  readonly waiting: Waiting;
  /** Names of the required destinations that the study waits for, if the gateway named them. */
  readonly waitsFor?: readonly string[] | undefined;
  /** In state `failed`: why the gateway refused the whole study. */
  readonly problem: ProblemCode | null;
  /** Stays set until an attempt succeeds. */
  readonly trouble: Trouble | null;
  /** Smoothed; 0 when nothing moves. */
  readonly bytesPerSecond: number;
  /** null while it would be a guess. */
  readonly secondsLeft: number | null;
  /** Nothing has moved for a while, although nothing failed. */
  readonly stalled: boolean;
  /** Paused by a person; nothing is sent until the study is resumed. */
  readonly paused: boolean;
  /** Cancelled by a person; the study stays paused until the gateway has confirmed it. */
  readonly cancelling: boolean;
  /** Whether the study is not completely sent: `pause`, `resume`, `sendFirst` and `move` apply. */
  readonly isWaiting: boolean;
  /** The triage score, 0 to 1, if it reached the model's threshold. null: it did not, or no model ran. */
  readonly score: number | null;
  /** Open warnings about films that may have to be repeated. Empty if there are none, or once a person has looked. */
  readonly film: readonly FilmFault[];
  /** Whether a person set its position in the order. */
  readonly ranked: boolean;
  /**
   * When the study was last saved to a file for a stick, in milliseconds since 1970. Somebody else may send that
   * file.
   */
  readonly savedToStickAt: number | null;
  /** Whether nothing of it has left, except in a file for a stick: `takeBack` applies. */
  readonly canTakeBack: boolean;
  /** Whether some of it has left, but not all: `cancel` applies. */
  readonly canCancel: boolean;
  /** For a study that was taken back: whether some of it had left and the gateway was told to leave it out. */
  readonly wasCancelled: boolean;
  /** Whether the gateway had parts of it under the account from which it was taken over, and did not leave them out. */
  readonly mayStillArrive: boolean;
  /** The gateway's report since the study was taken back. null: `track` shows what it had reported by then. */
  readonly toldSince: ToldSince | null;
  /** The ids of cancelled sends of the same study whose instances are all contained in this one. */
  readonly holds: readonly string[];
  readonly receiptId: string | null;
  /** Required destinations that were given up without receiving the study. */
  readonly givenUpAt: readonly string[];
  /** The Study Instance UID as sent, for the link to the viewer; null until the first instance is packed. */
  readonly studyInstanceUID: string | null;
  /** The mark of the Study Instance UID in the files (mark-of-study.ts); null: not known. */
  readonly mark: number | null;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  /** When its first byte left; null: not yet. */
  readonly sentAt: number | null;
  readonly completedAt: number | null;
  /** Whether it was removed from the list: `putBack` applies. */
  readonly removed: boolean;
  /** How many instances of `track.leftOut` a person has taken off the list of files that are not sent. */
  readonly noted: number;
}

export interface QueuedInstance {
  /** Its position among all files that were chosen on the sending page. */
  readonly position: number;
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  readonly bytes: number;
  /** `safe`: on this device; `sent`: taken by the gateway. The other values are the gateway's states. */
  readonly state: 'safe' | 'sent' | InstanceState;
  readonly reason: string | null;
  /** The further destination that did not take it. Absent or null: it was the first one, or the gateway. */
  readonly destination?: string | null;
  /** True if the instance was not stored and the PACS has other content under its UID. */
  readonly stands?: true | undefined;
}

/** A checked receipt, kept as it was signed. */
export interface KeptReceipt {
  readonly id: string;
  readonly studyId: string;
  /** The compact JWS, unchanged. */
  readonly jws: string;
  readonly issuedAt: number;
  readonly revision: number;
  readonly root: string;
}

/** A study that waited on this device until the browser cleared its storage. Nothing here identifies anyone. */
export interface LostStudy {
  /** The argument of `forgetLost`. */
  readonly id: string;
  /** The UID under which the study was sent, or would have been. */
  readonly studyInstanceUID: string;
  /** Empty if only the gateway remembers it. */
  readonly modalities: readonly string[];
  readonly instances: number;
  /** Milliseconds since 1970; null if only the gateway remembers it. */
  readonly queuedAt: number | null;
  /**
   * `device`: this device's own record names it. `gateway`: the gateway still waits for it, from this device or from
   * another device of the same person.
   */
  readonly rememberedBy: 'device' | 'gateway';
}

/**
 * A fault between the device and the gateway. Uploads arrive despite most of them. `proxy-answers`: something else
 * answers in place of the gateway, and nothing arrives until that lets the device through.
 */
export type Diagnosis = 'proxy-limits-size' | 'proxy-cuts-long-requests' | 'proxy-buffers' | 'proxy-answers';

export interface QueueStore {
  /** False until the database has been read once. */
  readonly ready: ReadonlySignal<boolean>;
  /** The signed-in account's studies, in sending order. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  /** The state of the connection as found by this page, or by the leading tab since this page was opened. */
  readonly link: ReadonlySignal<LinkNow>;
  hearLink(heard: Link): void;
  /** A setting of this device: nothing is sent over a metered connection. */
  readonly wifiOnly: ReadonlySignal<boolean>;
  setWifiOnly(only: boolean): Promise<void>;
  /** Studies of this account that wait for Wi-Fi now. */
  readonly waitingForWifi: ReadonlySignal<number>;
  /** Sends the studies that wait now over any connection. Studies queued later wait for Wi-Fi again. */
  sendAnyway(): Promise<void>;
  /** The leading tab's diagnosis; null if nothing was noticed. */
  readonly diagnosis: ReadonlySignal<Diagnosis | null>;
  /**
   * Instances still being written into the queue, and therefore not safe yet. 0: the page may be closed and the disc
   * removed.
   */
  readonly unsafe: ReadonlySignal<number>;
  /** Studies of other accounts that this device sends automatically. */
  readonly others: ReadonlySignal<number>;
  /**
   * Studies of other accounts that wait for their owner: the right to send has ended, they are paused, or they need a
   * decision.
   */
  readonly othersWaiting: ReadonlySignal<number>;
  /** Studies of `othersWaiting` that the owner can no longer send from here. An administrator may take them over. */
  readonly ownerless: ReadonlySignal<number>;
  /** Instances of other accounts that need a decision by their owner. */
  readonly othersUndecided: ReadonlySignal<number>;
  /**
   * Transfers the studies of `ownerless` to the signed-in administrator. Throws like the API client; nothing has
   * changed then.
   */
  takeOver(): Promise<void>;
  /** Studies that were queued for another gateway. Nobody who can sign in here could send them. */
  readonly foreign: ReadonlySignal<number>;
  /** The instances of the studies in `foreign`. */
  readonly foreignInstances: ReadonlySignal<number>;
  /** Deletes the studies of `foreign` from this device. */
  deleteForeign(): Promise<void>;
  /** Instances of all accounts that any page of this browser is still making safe, according to the database. */
  readonly reading: ReadonlySignal<number>;
  /** Instances that wait on this device, whoever owns them. */
  readonly safe: ReadonlySignal<number>;
  /** Waiting instances that are sent automatically, whoever is signed in. */
  readonly travelling: ReadonlySignal<number>;
  /**
   * Studies lost with the browser's storage. Choosing the same files again continues the study and removes it from
   * this list.
   */
  readonly lost: ReadonlySignal<readonly LostStudy[]>;
  forgetLost(id: string): void;
  /** Stops sending these studies, after at most one more piece, until `resume`. */
  pause(...ids: readonly string[]): Promise<void>;
  resume(...ids: readonly string[]): Promise<void>;
  /** Moves the study before all others, even if it was paused. */
  sendFirst(id: string): Promise<void>;
  /** Moves the study to this place (0: first) among the waiting ones. */
  move(id: string, place: number): Promise<void>;
  /**
   * Cancels a study midway: instances that are not in the PACS are left out, then the copy here is deleted. If the
   * gateway cannot be reached, the study is paused and then cancelled once the connection is back. Throws if the
   * gateway refuses; nothing has changed then.
   */
  cancel(id: string): Promise<void>;
  /** Takes back a study before its first byte has left. Resolves to false when it is too late. */
  takeBack(id: string): Promise<boolean>;
  /**
   * Retries a `failed` study. Otherwise retries all instances that were quarantined, or that were refused for a cause
   * that may be gone.
   */
  retry(id: string): Promise<void>;
  /** Retries a study in trouble at once instead of at its next turn. */
  tryNow(id: string): Promise<void>;
  /** Leaves these instances out, as a person decided. Without `instances`, leaves out all that are quarantined. */
  leaveOut(
    id: string,
    instances?: readonly { readonly sopInstanceUID: string; readonly digest: string }[],
  ): Promise<void>;
  /** Leaves out the instances that this device holds for this reason, as a person decided. */
  leaveOutHeld(id: string, reason: string): Promise<void>;
  /**
   * Removes a study from the list. A finished or taken-back study can be put back, and its receipt is kept. An
   * interrupted or failed study is deleted and withdrawn from the gateway.
   */
  dismiss(id: string): Promise<void>;
  /** Undoes `dismiss` of a finished or taken-back study. */
  putBack(...ids: readonly string[]): Promise<void>;
  /** Takes the given number of instances of each study, by its id, off the list of files that are not sent. */
  noteNotSent(instances: ReadonlyMap<string, number>): Promise<void>;
  /** Stores the gateway's report on these cancelled studies, by their ids. */
  noteTold(uploads: ReadonlyMap<string, SentStudy['uploads']>): Promise<void>;
  receiptOf(id: string): Promise<KeptReceipt | null>;
  /** The gateway's name for this device and the signed-in account; null: the gateway has not named it yet. */
  ownDevice(): Promise<string | null>;
  instancesOf(id: string): Promise<readonly QueuedInstance[]>;
}
