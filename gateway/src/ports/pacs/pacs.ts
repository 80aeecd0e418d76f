/**
 * The PACS as the gateway needs it: store instances, ask what it has, read one back. There are four adapters: any
 * STOW-RS origin server (stow-pacs.ts), Orthanc with its REST API as a second way (orthanc-pacs.ts), a PACS that speaks
 * DIMSE (dimse-pacs.ts) and a folder (folder-pacs.ts). All pass pacs.contract.test.ts.
 *
 * It promises that the only instance held in memory is the one that `fetchInstance` returns, within the given limit;
 * that the PACS's answer is passed on per instance and never believed per request; and that a PACS that does not answer
 * (`PacsUnreachable`) is distinguished from one that refuses (an outcome). It does not retry and decides nothing.
 */

/**
 * An instance to be sent. `open` may be called again after it has ended: each call streams the same `bytes` bytes from
 * the start, in pieces that then belong to the reader. `digest`: their SHA-256 (hexadecimal).
 */
export type InstanceToStore = {
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
  readonly digest: string;
  readonly bytes: number;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Called with the MD5 (hexadecimal) of the instance's bytes each time all of them were sent and were the promised
   * ones.
   */
  readonly sent?: ((md5: string) => void) | undefined;
};

/**
 * A promised instance whose bytes may be needed to judge what a PACS returns. `open` yields nothing where they are
 * gone.
 */
export type PromisedFile = Pick<InstanceToStore, 'sopClassUID' | 'transferSyntaxUID' | 'digest' | 'open'>;

/**
 * The PACS's answer about one instance.
 *
 *   refused      an answer in DICOM that names it as failed
 *   declined     an answer in DICOM that names no instance, with a status of 400 and above, to a request with only
 *                this instance: a refusal only if the same PACS takes other instances
 *   busy         refused for lack of resources (PS3.18 Table I.2-2, A7xx): to be offered again later
 *   omitted      it was in the request, but an answer in DICOM does not mention it
 *   too-large    the request was refused for its size (413), by the PACS or by a proxy in front of it
 *   unanswered   the answer is not from the PACS (a proxy's page, a truncated text): the instance may be stored or not
 */
export type StoreAnswer = {
  readonly sopInstanceUID: string;
  readonly outcome:
    | 'stored'
    | 'coerced'
    | 'refused'
    | 'declined'
    | 'busy'
    | 'omitted'
    | 'too-large'
    | 'unanswered';
  /** Warning Reason (0008,1196) or Failure Reason (0008,1197). */
  readonly pacsCode: number | null;
  /**
   * The HTTP status, if it is 400 or above and the answer does not name the instance. Not set where the outcome says
   * that the request was too large.
   */
  readonly status?: number;
};

/**
 * How a PACS refuses to take instances: the HTTP status of a request in whose answer it names none, or the code with
 * which it reports for each that it is out of resources. The other one is null.
 */
export type StoreRefusal = { readonly status: number | null; readonly code: number | null };

/** Where the PACS has an instance. One SOP Instance UID may be there more than once, in different studies. */
export type FoundInstance = {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
};

/** The outcome of a read-back: SHA-256 (hexadecimal) and size of the bytes that the PACS returns. */
export type ReadBack = { readonly digest: string; readonly bytes: number };

/** The outcome of `fetchInstance`. `too-large`: it exceeds the limit, and none of it was kept. */
type FetchedInstance =
  | { readonly kind: 'fetched'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'too-large' };

/** An instance as the PACS's search describes it; null where the PACS gives no value. */
export type DescribedInstance = FoundInstance & {
  readonly sopClassUID: string | null;
  readonly modality: string | null;
  /** Number of Frames (0028,0008). */
  readonly frames: number | null;
  /** Series Number (0020,0011). */
  readonly seriesNumber: number | null;
  /** Instance Number (0020,0013). */
  readonly instanceNumber: number | null;
};

/**
 * The key of a search for studies. An identifier contains no wildcard and no backslash. `patientName`: words that must
 * all be in the name, in any order.
 */
export type StudyKey =
  | { readonly studyInstanceUID: string }
  | { readonly accessionNumber: string }
  | { readonly patientId: string }
  | { readonly patientName: string };

/**
 * A study as the PACS's search describes it: identifying values, to be shown and never stored. Null: the PACS gives no
 * value.
 */
export type DescribedStudy = {
  readonly studyInstanceUID: string;
  readonly patientName: string | null;
  readonly patientId: string | null;
  readonly issuer: string | null;
  readonly birthDate: string | null;
  readonly sex: string | null;
  readonly accessionNumber: string | null;
  readonly studyDate: string | null;
  readonly description: string | null;
};

/**
 * The limit of `fetchInstance` for instances that models look at. Far larger ones would use up the gateway's own
 * memory.
 */
export const FETCHED_BYTES_LIMIT = 50_000_000;

/** An answer of QIDO-RS or WADO-RS. `body`: read it to its end, or cancel it. It fails with PacsUnreachable. */
export type WebAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly body: ReadableStream<Uint8Array>;
};

export type DicomWeb = {
  /** `path`: beneath the DICOMweb root, with its query; already checked and encoded. Throws PacsUnreachable. */
  get(path: string, accept: string, signal: AbortSignal): Promise<WebAnswer>;
  /** Whether one search accepts several UIDs (PS3.18 §8.3.4.1). Throws PacsUnreachable. */
  takesLists(signal: AbortSignal): Promise<boolean>;
};

/** A request to keep instances. The UID belongs to this request alone, and cannot be guessed. */
export type CommitmentWish = {
  readonly transactionUID: string;
  readonly instances: readonly Pick<InstanceToStore, 'sopClassUID' | 'sopInstanceUID'>[];
};
/**
 * A report on storage commitment. An instance in neither set was not mentioned; one that the PACS named in both has
 * failed.
 */
export type CommitmentReport = {
  readonly transactionUID: string;
  readonly committed: ReadonlySet<string>;
  /** Failure Reason (0008,1197) by SOP Instance UID. */
  readonly failed: ReadonlyMap<string, number>;
};

type RemoveStudy = (
  studyInstanceUID: string,
  isOf: (patientId: string) => boolean,
  signal: AbortSignal,
) => Promise<'removed' | 'other-patient'>;

export interface Pacs {
  /** The name in receipts and on screens: the DICOMweb root without credentials, or the name of the folder. */
  describe(): string;
  /**
   * Offers instances of one study in one request. Returns the answers in the same order. Throws PacsUnreachable, and
   * InstanceUnreadable: then the PACS was given only part of that instance, and perhaps the ones before it.
   */
  storeInstances(
    studyInstanceUID: string,
    instances: readonly InstanceToStore[],
    signal: AbortSignal,
  ): Promise<readonly StoreAnswer[]>;
  /**
   * SOP Instance UIDs that the PACS has in a study. May stop early once it has seen all of `enough`. Returns no more
   * than the PACS lists, so a UID that is missing here may still be there. Throws PacsUnreachable.
   */
  findStudy(
    studyInstanceUID: string,
    signal: AbortSignal,
    enough?: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>>;
  /**
   * The places of these SOP Instance UIDs, in any study; where the protocol searches only within a study (DIMSE), in
   * the one to which they belong. An instance that is not returned is not there as far as the PACS's search knows,
   * which may lag. Throws PacsUnreachable.
   */
  findInstances(
    sopInstanceUIDs: readonly string[],
    signal: AbortSignal,
    studyInstanceUID: string,
  ): Promise<readonly FoundInstance[]>;
  /**
   * Reads an instance of `bytes` back as it is stored; if it is longer, only its first bytes, whose digest then
   * differs. Null where the PACS does not return it, for whatever reason: that does not mean that it is not there.
   * Throws PacsUnreachable. `promised`: what was promised under its UID. Over DIMSE only the Data Set is sent, in an
   * encoding that the PACS chooses: the digest is the promised one if it is the same Data Set (canonical-data-set.ts),
   * and without `promised` the result is null.
   */
  readBack(
    where: FoundInstance,
    bytes: number,
    signal: AbortSignal,
    promised?: PromisedFile,
  ): Promise<ReadBack | null>;
  /**
   * The bytes of an instance as it is stored, at most `maxBytes`; null where the PACS says that it is not there. Throws
   * PacsUnreachable.
   */
  fetchInstance(where: FoundInstance, maxBytes: number, signal: AbortSignal): Promise<FetchedInstance | null>;
  /**
   * Passes the bytes of an instance as it is stored to `read`, piece by piece; `read` may stop early. Null where the
   * PACS does not return it. Undefined where only the Data Set is sent (DIMSE), because such a file is never the one
   * that was stored. Throws PacsUnreachable.
   */
  readonly streamInstance?:
    | (<T>(
        where: FoundInstance,
        signal: AbortSignal,
        read: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
      ) => Promise<T | null>)
    | undefined;
  /** The instances of a study, at most `limit`, in the PACS's order. Throws PacsUnreachable. */
  describeStudy(
    studyInstanceUID: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly DescribedInstance[]>;
  /**
   * The studies with exactly this key, or with these words in the name, at most `limit`; none where the PACS has no
   * such search. Throws PacsUnreachable.
   */
  searchStudies(key: StudyKey, limit: number, signal: AbortSignal): Promise<readonly DescribedStudy[]>;
  /**
   * MD5 (hexadecimal) of the bytes of these instances as the PACS stored them, by SOP Instance UID, from the PACS's own
   * index. Instances without one are left out. Null where the PACS gives no digests. Throws PacsUnreachable.
   */
  readonly digestsOf:
    | ((
        studyInstanceUID: string,
        sopInstanceUIDs: ReadonlySet<string>,
        signal: AbortSignal,
      ) => Promise<ReadonlyMap<string, string>>)
    | null;
  /**
   * How stored instances are proven where no setting says otherwise. Undefined: by the PACS's digests where it gives
   * them, otherwise by its list.
   */
  readonly usualProof?: 'read-back' | 'found' | undefined;
  /** The PACS's QIDO-RS and WADO-RS for callers of the gateway; undefined where it has none. */
  readonly web?: DicomWeb | undefined;
  /**
   * Asks whether the PACS keeps instances that it was given (storage commitment, PS3.4 Annex J, PS3.18 §13). Null: it
   * will report in an association of its own, or in answer to `checkCommitment`. Undefined where commitment is not
   * wanted. Throws PacsUnreachable, also where the PACS does not accept the request.
   */
  readonly askCommitment?:
    | ((wish: CommitmentWish, signal: AbortSignal) => Promise<CommitmentReport | null>)
    | undefined;
  /**
   * The report on a request that the PACS has accepted; null: not yet. Undefined where the PACS reports unasked. Throws
   * PacsUnreachable.
   */
  readonly checkCommitment?:
    | ((transactionUID: string, signal: AbortSignal) => Promise<CommitmentReport | null>)
    | undefined;
  /**
   * A second way to store an instance that `storeInstances` refused; null where there is none. Throws the same errors.
   */
  readonly storeAnotherWay: ((instance: InstanceToStore, signal: AbortSignal) => Promise<StoreAnswer>) | null;
  /**
   * Deletes a study for ever, if `isOf` is true of the Patient ID of each patient in it. A study that is not there
   * counts as removed. Undefined where the PACS has no such request. Throws PacsUnreachable.
   */
  readonly removeStudy?: RemoveStudy | undefined;
  /**
   * Whether the PACS returns what it has. The first bytes of one of a few instances are read to find out. Null: the
   * PACS lists none to try. Throws PacsUnreachable.
   */
  givesInstances(signal: AbortSignal): Promise<boolean | null>;
  /** Resolves when the PACS answers and accepts the credentials; throws PacsUnreachable. */
  probe(signal: AbortSignal): Promise<void>;
}

/**
 * No answer, or one that says nothing about the instances: connection, time-out, proxy, credentials. The instances may
 * or may not have been stored.
 */
export class PacsUnreachable extends Error {
  /** The HTTP or DIMSE status, where there was an answer. */
  readonly status: number | null;
  /**
   * Without an answer: the system's or fetch's name for what happened to the connection (ECONNREFUSED, UND_ERR_SOCKET,
   * …).
   */
  readonly connection: string | null;

  constructor(what: string, status: number | null, connection: string | null = null, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.name = 'PacsUnreachable';
    this.status = status;
    this.connection = connection;
  }
}

/** The names that fetch and the system use for a silence; `silent` is set by pacs-http.ts. */
const SILENCES: readonly string[] = [
  'silent',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
];
export const isSilence = (error: unknown): boolean =>
  error instanceof PacsUnreachable && SILENCES.includes(error.connection ?? '');

/**
 * Statuses that say nothing about the instances: the PACS, or a proxy in front of it, cannot answer now, rejects our
 * credentials, or has moved.
 */
export const isTurnedAway = (status: number): boolean =>
  (status >= 300 && status < 400) || [401, 403, 407, 408, 429, 502, 503, 504].includes(status);

/** The `connection` of a request that was not made because the PACS is silent on another one. */
export const NOT_ASKED = 'not-asked';
/** The `connection` of a request that was not made because the study has no PACS. */
export const NO_DESTINATION = 'no-destination';
/** The `connection` of a request that was not made because its secrets were sealed with another key. */
export const SECRETS_UNREADABLE = 'secrets-unreadable';
/** The `connection` of a request that was not made because the authorization server gave no access token. */
export const NO_TOKEN = 'no-access-token';
/** The `connection` of a request that was not made because its access token does not follow RFC 6750. */
export const MALFORMED_TOKEN = 'access-token-malformed';
/** The `connection` of a folder in a place that RELAY_FOLDER_ROOT does not allow. */
export const FOLDERS_NOT_ALLOWED = 'folders-not-allowed';
/** The `connection` of a destination that was declared an Orthanc and is not one. */
export const NOT_ORTHANC = 'not-orthanc';

/** The `connection` of a folder in which a link, or another kind of file, has a name that the gateway needs. */
export const FOREIGN_ENTRY = 'foreign-entry';
/** The `connection` of a folder with more names than the gateway reads. */
export const FOLDER_OVERFULL = 'folder-overfull';

/** Something else has written into a folder. `place`: where, beneath RELAY_FOLDER_ROOT. */
export class FolderDisturbed extends PacsUnreachable {
  readonly place: string;

  constructor(code: typeof FOREIGN_ENTRY | typeof FOLDER_OVERFULL, place: string) {
    super(`the folder is disturbed at ${place}`, null, code);
    this.name = 'FolderDisturbed';
    this.place = place;
  }
}

/**
 * The bytes of an instance cannot be read, or do not match its digest. This is the gateway's fault, not the PACS's, and
 * the PACS was not given all of them.
 */
export class InstanceUnreadable extends Error {
  readonly sopInstanceUID: string;

  constructor(sopInstanceUID: string, cause: unknown) {
    super('the instance cannot be read from the spool', { cause });
    this.name = 'InstanceUnreadable';
    this.sopInstanceUID = sopInstanceUID;
  }
}

/** The bytes, or their number, differ from those of the digest. The cause of an InstanceUnreadable. */
export class DigestMismatch extends Error {}

/**
 * The PACS answers, but not with the result of a search (PS3.18 §10.6.3, C-FIND): nothing it stores could be confirmed.
 */
export class PacsDoesNotSearch extends PacsUnreachable {
  constructor(status: number) {
    super(`the PACS answered a search with ${status}`, status);
    this.name = 'PacsDoesNotSearch';
  }
}

/** The PACS does not accept requests for storage commitment, so nothing could be confirmed. */
export class PacsDoesNotCommit extends PacsUnreachable {
  constructor(status: number) {
    super(`the PACS answered a request for storage commitment with ${status}`, status);
    this.name = 'PacsDoesNotCommit';
  }
}
