/** The tasks that the page gives to its workers, and their results. */
import type { ArchiveEntry } from '#shared/ingest/archive.ts';
import type { ChosenOrder } from '#shared/ingest/apply-order.ts';
import type { Box } from '#shared/dicom/boxes.ts';
import type { PictureRefusal } from '#shared/pixels/picture.ts';
import type { FramePicture, Wanted } from '#shared/pixels/thumbnail.ts';
import type { Looked } from '#shared/deid/deidentify-instance.ts';
import type { RulesSettings } from '#shared/deid/rules.ts';
import type { NamedValue } from '#shared/deid/text/named-value.ts';
import type { SealingKey } from '#shared/protocol/api.ts';
import type { VaultTerms } from '#shared/protocol/vault.ts';
import type { AskedPatient } from '#shared/transfer/patient-secrets.ts';
import type { Comparison } from '../../compare/comparison.ts';
import type { InstanceKey } from '../../queue/upload-queue.ts';
import type { FileRef } from '../choose/collect-files.ts';
import type { FolderHandle } from '../choose/folder-handle.ts';
import type { FileSummary, IndexSummary } from '#shared/ingest/ingest-file.ts';
import type { NotSent } from '#shared/ingest/refusing-unreadable.ts';
import type { Listing } from '../choose/picked-folder.ts';

/** The policy in the form sent to a worker. Keys of pseudonyms are CryptoKeys that cannot be exported. */
export interface DeidentifyingTask {
  readonly kind: 'deidentified';
  readonly options: readonly string[];
  readonly settings: RulesSettings;
  /** The keys of the policy; both are in base64url. */
  readonly publicKey: string;
  readonly tagKey: string;
  readonly secrets: /** The key of the policy. */
    | { readonly kind: 'held'; readonly key: CryptoKey }
    /** The secrets of the patients in the task's files, by patient key. They are added to those of earlier tasks. */
    | { readonly kind: 'given'; readonly of: ReadonlyMap<string, CryptoKey> };
  /** The vault that receives identities under this policy; null: none. */
  readonly vault: VaultTerms | null;
}
export type PolicyForTask =
  | {
      readonly kind: 'identified';
      readonly strict?: boolean | undefined;
      readonly order?: ChosenOrder | undefined;
    }
  | DeidentifyingTask;

export interface FileToQueue {
  readonly ref: FileRef;
  /** The file's position among the study's instances, in the order of the chosen files. */
  readonly position: number;
  readonly looked?: readonly Looked[];
  /** Drawn by a person over names in the pixels. */
  readonly boxes?: readonly Box[];
}

interface FileToSummarise {
  readonly ref: FileRef;
  readonly inFolder: boolean;
}

export interface Summarised {
  readonly said: FileSummary | IndexSummary | NotSent;
  readonly bytes: number;
}

export interface WantedPicture extends Wanted {
  /** Boxes that are blacked out in all frames of the picture. There is no picture if the instance cannot be covered. */
  readonly boxes?: readonly Box[];
}

/** A picture of a chosen file. */
export interface DevicePicture extends FramePicture {
  /** The Series Instance UID. One decision to show pictures applies to a whole series. */
  readonly of: string;
  /** True if the file's header does not rule out a name in the pixels. */
  readonly mayHoldName: boolean;
}

/** Why a chosen file has no picture. `unknown`: this device cannot tell why. */
export type NoPicture = PictureRefusal | 'file-unreadable' | 'took-too-long' | 'unknown';

export type Task =
  | { readonly kind: 'list'; readonly folder: FolderHandle; readonly path: readonly string[] }
  | { readonly kind: 'list-archive'; readonly archive: Blob }
  | {
      readonly kind: 'summarise';
      readonly files: readonly FileToSummarise[];
      readonly policy: PolicyForTask['kind'];
    }
  /** Asks whether two files are copies. */
  | { readonly kind: 'same-bytes'; readonly first: FileRef; readonly second: FileRef }
  | ({ readonly kind: 'thumbnail'; readonly ref: FileRef } & WantedPicture)
  /** Blinds patients for the request to the gateway, and opens its answer about them (transfer/patient-secrets.ts). */
  | { readonly kind: 'blind'; readonly patients: readonly string[] }
  | {
      readonly kind: 'open-secrets';
      readonly asked: readonly AskedPatient[];
      readonly evaluated: readonly string[];
      readonly proof: string;
      readonly publicKey: string;
    }
  /** Shows an instance before and after de-identification; nothing is stored. */
  | {
      readonly kind: 'compare';
      readonly ref: FileRef;
      readonly policy: PolicyForTask;
      readonly looked: readonly Looked[];
      readonly boxes: readonly Box[];
      /** The values that all instances of its study contain. */
      readonly companions: readonly NamedValue[];
    }
  /** Names the file as the policy would; nothing is stored. */
  | { readonly kind: 'recognise'; readonly file: FileToQueue; readonly policy: PolicyForTask }
  | {
      readonly kind: 'name';
      readonly studyId: string;
      readonly files: readonly FileToQueue[];
      readonly policy: PolicyForTask;
      /**
       * The values that all instances of the study contain. Every header was read before the first instance is named.
       */
      readonly companions: readonly NamedValue[];
    }
  | {
      readonly kind: 'pack';
      readonly studyId: string;
      readonly parcelId: string;
      readonly files: readonly FileToQueue[];
      readonly policy: PolicyForTask;
      readonly sealingKey: SealingKey;
      /** Skips instances that the gateway has, so that the parcels that it needs are packed first. */
      readonly onlyNeeded: boolean;
      /** How many workers pack in parallel. */
      readonly workers: number;
    };

/** A chosen file that is not sent. */
export interface NotQueued {
  readonly position: number;
  readonly because: NotSent;
}

/** How a file would be named. `originalDigest`: as in the rows of the queue. */
export interface RecognisedFile extends InstanceKey {
  readonly studyInstanceUID: string;
  readonly originalDigest: string | null;
}

export interface TaskResults {
  /** Null if the folder cannot be read. */
  readonly list: Listing | null;
  readonly 'list-archive': readonly ArchiveEntry[];
  /** In the order of the files. */
  readonly summarise: readonly Summarised[];
  /** Null if one of them cannot be read. */
  readonly 'same-bytes': boolean | null;
  readonly thumbnail: DevicePicture | NoPicture;
  readonly compare: Comparison;
  readonly blind: readonly AskedPatient[];
  /** By patient; null if the answer was not made with the published key. */
  readonly 'open-secrets': ReadonlyMap<string, CryptoKey> | null;
  /** Null if the file would not be sent. */
  readonly recognise: RecognisedFile | null;
  /** `duplicates`: files with the same bytes under the same UID as an earlier one. */
  readonly name: { readonly notQueued: readonly NotQueued[]; readonly duplicates: readonly number[] };
  /** `later`: positions of the instances that `onlyNeeded` skipped. */
  readonly pack: { readonly notQueued: readonly NotQueued[]; readonly later: readonly number[] };
}
export type ResultOf<T extends Task> = TaskResults[T['kind']];
