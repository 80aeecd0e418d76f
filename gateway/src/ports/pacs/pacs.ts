/**
 * The PACS as the gateway needs it: give instances, ask what it has, read one back. Four adapters: any STOW-RS
 * origin server (stow-pacs.ts), Orthanc with its REST API as the way out (orthanc-pacs.ts), one that speaks DIMSE
 * (dimse-pacs.ts) and a folder (folder-pacs.ts); all pass pacs.contract.test.ts.
 *
 * It promises: the only instance held in memory is the one that `fetchInstance` returns, within the given
 * limit; the PACS's answer is passed on per instance and never believed per request; a PACS that does not
 * answer (`PacsUnreachable`) is distinguished from one that says no (an outcome). It does not retry and
 * decides nothing.
 */

/**
 * An instance on its way. `open` may be called again after it has ended: each call streams the same `bytes` bytes
 * from the start, in pieces that are given away. `digest`: their SHA-256 (hexadecimal).
 */
export type InstanceToStore = {
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
  readonly digest: string;
  readonly bytes: number;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Told the MD5 (hexadecimal) of its bytes each time when the whole of them went out, and were the promised ones. */
  readonly sent?: ((md5: string) => void) | undefined;
};

/**
 * A promised instance whose bytes may be needed to judge what a PACS gives back. `open` gives nothing where they are
 * gone.
 */
export type PromisedFile = Pick<InstanceToStore, 'sopClassUID' | 'transferSyntaxUID' | 'digest' | 'open'>;

/**
 * The PACS's answer about one instance.
 *
 *   refused      an answer in DICOM that names it as failed
 *   declined     an answer in DICOM that names nobody, with a status of 400 and above, to a request with this
 *                instance alone: a refusal only where the same PACS takes others
 *   busy         refused for want of resources (PS3.18 Table I.2-2, A7xx): to be offered again later
 *   omitted      it was in the request, and an answer in DICOM says nothing of it
 *   too-large    the request was refused for its size (413), by the PACS or by a proxy before it
 *   unanswered   the answer is not the PACS's: a proxy's
 *                page, a cut text. It may be stored or not
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
  /** HTTP's, of 400 and above, where the answer does not name the instance; of a size, the outcome says it. */
  readonly status?: number;
};

/**
 * A PACS that takes no instance: by the HTTP status of a request in which it names none, or by the code with which it
 * says of each that it is out of resources. The other one is null.
 */
export type StoreRefusal = { readonly status: number | null; readonly code: number | null };

/** Where the PACS has an instance. One SOP Instance UID can be there more than once, in different studies. */
export type FoundInstance = {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
};

/** The outcome of a read-back: SHA-256 (hexadecimal) and size of the bytes that the PACS returns. */
export type ReadBack = { readonly digest: string; readonly bytes: number };

/** The outcome of `fetchInstance`. `too-large`: more than the limit, and nothing of it was kept. */
type FetchedInstance =
  | { readonly kind: 'fetched'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'too-large' };

/** An instance as the PACS's search describes it; null where it does not say. */
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
 * The key of a search for studies. An identifier holds no wildcard and no backslash. `patientName`: words that are all
 * in the name, in any order.
 */
export type StudyKey =
  | { readonly studyInstanceUID: string }
  | { readonly accessionNumber: string }
  | { readonly patientId: string }
  | { readonly patientName: string };

/** A study as the PACS's search describes it: identifying values, to be shown and never kept. Null: it does not say. */
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
 * The limit of `fetchInstance` for instances that models look at. Far larger ones would crowd out the
 * gateway's own memory.
 */
export const FETCHED_BYTES_LIMIT = 50_000_000;

/** An answer of QIDO-RS or WADO-RS. `body`: to be read to its end, or cancelled. It fails with PacsUnreachable. */
export type WebAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly body: ReadableStream<Uint8Array>;
};

export type DicomWeb = {
  /** `path`: under the DICOMweb root, with its query; checked and encoded. Throws PacsUnreachable. */
  get(path: string, accept: string, signal: AbortSignal): Promise<WebAnswer>;
  /** Whether one search takes several UIDs (PS3.18 §8.3.4.1). Throws PacsUnreachable. */
  takesLists(signal: AbortSignal): Promise<boolean>;
};

/** Instances that the PACS is asked to keep; the UID is of this request alone, and nobody can guess it. */
export type CommitmentWish = {
  readonly transactionUID: string;
  readonly instances: readonly Pick<InstanceToStore, 'sopClassUID' | 'sopInstanceUID'>[];
};
/** The PACS said nothing of an instance that is in neither set. An instance that it named in both has failed. */
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
  /** For receipts and people: the DICOMweb root without credentials, or the name of the folder. */
  describe(): string;
  /**
   * Offers instances of one study in one request. Answers in the order given. Throws PacsUnreachable, and
   * InstanceUnreadable: then the PACS was given less than that instance, and perhaps those before it.
   */
  storeInstances(
    studyInstanceUID: string,
    instances: readonly InstanceToStore[],
    signal: AbortSignal,
  ): Promise<readonly StoreAnswer[]>;
  /**
   * SOP Instance UIDs that the PACS has in a study; may end early once it has seen all of `enough`, and names
   * no more than the PACS lists: "not in it" is not "not there". Throws PacsUnreachable.
   */
  findStudy(
    studyInstanceUID: string,
    signal: AbortSignal,
    enough?: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>>;
  /**
   * The places of these SOP Instance UIDs, in whichever study; where the protocol searches within a study only
   * (DIMSE), in the one to which they belong. One that is not among them is not there, as far as the PACS's search
   * knows: it may lag. Throws PacsUnreachable.
   */
  findInstances(
    sopInstanceUIDs: readonly string[],
    signal: AbortSignal,
    studyInstanceUID: string,
  ): Promise<readonly FoundInstance[]>;
  /**
   * Reads an instance of `bytes` back as it is stored; of a longer one only its first bytes, which are others then.
   * Null where the PACS does not give it: whatever its reason, that does not say that it is not there. Throws
   * PacsUnreachable. `promised`: what was promised under its UID. Over DIMSE only the Data Set travels, in an encoding
   * that the PACS chooses: the digest is the promised one if it is the same Data Set (canonical-data-set.ts), and
   * without `promised` nothing is given.
   */
  readBack(
    where: FoundInstance,
    bytes: number,
    signal: AbortSignal,
    promised?: PromisedFile,
  ): Promise<ReadBack | null>;
  /**
   * The bytes of an instance as it is stored, at most `maxBytes`; null where the PACS says that it is not
   * there. Throws PacsUnreachable.
   */
  fetchInstance(where: FoundInstance, maxBytes: number, signal: AbortSignal): Promise<FetchedInstance | null>;
  /**
   * Hands the bytes of an instance as it is stored to `read`, piece by piece, which may end early; null where the PACS
   * does not give it. Undefined where only the Data Set travels (DIMSE): such a file is never the one that was stored.
   * Throws PacsUnreachable.
   */
  readonly streamInstance?:
    | (<T>(
        where: FoundInstance,
        signal: AbortSignal,
        read: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
      ) => Promise<T | null>)
    | undefined;
  /**
   * The instances of a study, at most `limit` of them, in the order that the PACS gives. Throws
   * PacsUnreachable.
   */
  describeStudy(
    studyInstanceUID: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly DescribedInstance[]>;
  /**
   * The studies with exactly this key, or with these words in the name, at most `limit` of them; none where the PACS
   * has no such search. Throws PacsUnreachable.
   */
  searchStudies(key: StudyKey, limit: number, signal: AbortSignal): Promise<readonly DescribedStudy[]>;
  /**
   * MD5 (hexadecimal) of the bytes of these instances as the PACS stored them, by SOP Instance UID, from its own
   * books; those of which it has none are not among them. Null where it tells no digests. Throws
   * PacsUnreachable.
   */
  readonly digestsOf:
    | ((
        studyInstanceUID: string,
        sopInstanceUIDs: ReadonlySet<string>,
        signal: AbortSignal,
      ) => Promise<ReadonlyMap<string, string>>)
    | null;
  /**
   * How it proves what it stored where no setting says otherwise; undefined: by its digests where it tells them, else
   * by its list.
   */
  readonly usualProof?: 'read-back' | 'found' | undefined;
  /** QIDO-RS and WADO-RS of the PACS for callers of the gateway; undefined where it has none. */
  readonly web?: DicomWeb | undefined;
  /**
   * Asks whether it keeps instances that it was given (storage commitment, PS3.4 Annex J, PS3.18 §13). Null: it will
   * report in an association of its own, or answers `checkCommitment`. Undefined where that is not wanted. Throws
   * PacsUnreachable, also where the PACS does not take the question.
   */
  readonly askCommitment?:
    | ((wish: CommitmentWish, signal: AbortSignal) => Promise<CommitmentReport | null>)
    | undefined;
  /**
   * The report on a question that the PACS has taken; null: not yet. Undefined where the PACS reports unasked. Throws
   * PacsUnreachable.
   */
  readonly checkCommitment?:
    | ((transactionUID: string, signal: AbortSignal) => Promise<CommitmentReport | null>)
    | undefined;
  /** A second way for one that `storeInstances` refused; null where there is none. Throws the same. */
  readonly storeAnotherWay: ((instance: InstanceToStore, signal: AbortSignal) => Promise<StoreAnswer>) | null;
  /**
   * Deletes a study for ever, if `isOf` is true of the Patient ID of each patient in it; one that is not there is
   * removed already. Undefined where the PACS has no such request. Throws PacsUnreachable.
   */
  readonly removeStudy?: RemoveStudy | undefined;
  /**
   * Whether it gives back what it has: one of a few instances, of which only the first bytes are read. Null: it
   * names none to try. Throws PacsUnreachable.
   */
  givesInstances(signal: AbortSignal): Promise<boolean | null>;
  /** Resolves when the PACS answers and takes the credentials; throws PacsUnreachable. */
  probe(signal: AbortSignal): Promise<void>;
}

/**
 * No answer, or one that says nothing of the instances: connection, time-out, proxy, credentials. The
 * instances may or may not have been stored.
 */
export class PacsUnreachable extends Error {
  /** The status of HTTP or DIMSE, where there was an answer. */
  readonly status: number | null;
  /**
   * The system's or fetch's name for what happened to the connection (ECONNREFUSED, UND_ERR_SOCKET, …), where
   * there was none.
   */
  readonly connection: string | null;

  constructor(what: string, status: number | null, connection: string | null = null, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.name = 'PacsUnreachable';
    this.status = status;
    this.connection = connection;
  }
}

/** The names that fetch and the system give to a silence; `silent` is pacs-http's. */
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
 * The PACS, or a proxy before it, cannot answer now, or does not accept our credentials, or is elsewhere: this says
 * nothing about the instances.
 */
export const isTurnedAway = (status: number): boolean =>
  (status >= 300 && status < 400) || [401, 403, 407, 408, 429, 502, 503, 504].includes(status);

/** The `connection` of a request that was not made, because the PACS is silent on another one. */
export const NOT_ASKED = 'not-asked';
/** The `connection` of a request that was not made: the study has no PACS. */
export const NO_DESTINATION = 'no-destination';
/** The `connection` of a request that was not made: the secrets for it were sealed under another key. */
export const SECRETS_UNREADABLE = 'secrets-unreadable';
/** The `connection` of a request that was not made: the authorization server gave no access token for it. */
export const NO_TOKEN = 'no-access-token';
/** The `connection` of a request that was not made: the access token for it is none of RFC 6750. */
export const MALFORMED_TOKEN = 'access-token-malformed';
/** The `connection` of a folder that lies where none may lie: RELAY_FOLDER_ROOT does not allow it. */
export const FOLDERS_NOT_ALLOWED = 'folders-not-allowed';
/** The `connection` of an Orthanc that is none. */
export const NOT_ORTHANC = 'not-orthanc';

/** The `connection` of a folder in which a link, or another kind of file, has a name that the gateway needs. */
export const FOREIGN_ENTRY = 'foreign-entry';
/** The `connection` of a folder with more names than the gateway reads. */
export const FOLDER_OVERFULL = 'folder-overfull';

/** Somebody else has written into a folder. `place`: where, beneath RELAY_FOLDER_ROOT. */
export class FolderDisturbed extends PacsUnreachable {
  readonly place: string;

  constructor(code: typeof FOREIGN_ENTRY | typeof FOLDER_OVERFULL, place: string) {
    super(`the folder is disturbed at ${place}`, null, code);
    this.name = 'FolderDisturbed';
    this.place = place;
  }
}

/**
 * The bytes of an instance cannot be read, or are not those of its digest: the gateway's trouble, not the
 * PACS's. Nobody was given the whole of it.
 */
export class InstanceUnreadable extends Error {
  readonly sopInstanceUID: string;

  constructor(sopInstanceUID: string, cause: unknown) {
    super('the instance cannot be read from the spool', { cause });
    this.name = 'InstanceUnreadable';
    this.sopInstanceUID = sopInstanceUID;
  }
}

/** Other bytes, or another count of them, than the digest was made of. The cause of an InstanceUnreadable. */
export class DigestMismatch extends Error {}

/**
 * The PACS answers, and not with the result of a search (PS3.18 §10.6.3, C-FIND): nothing it stores could be
 * confirmed.
 */
export class PacsDoesNotSearch extends PacsUnreachable {
  constructor(status: number) {
    super(`the PACS answered a search with ${status}`, status);
    this.name = 'PacsDoesNotSearch';
  }
}

/**
 * The PACS does not take the question whether it keeps instances (storage commitment): nothing could be confirmed.
 */
export class PacsDoesNotCommit extends PacsUnreachable {
  constructor(status: number) {
    super(`the PACS answered a request for storage commitment with ${status}`, status);
    this.name = 'PacsDoesNotCommit';
  }
}
