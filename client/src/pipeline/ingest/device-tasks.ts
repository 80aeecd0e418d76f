/** The tasks that the page gives to its workers, and their results. */
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { Policy, SealingKey } from '#shared/protocol/api.ts';
import type { Comparison } from '../deid/comparison.ts';
import type { FileRef } from './collect-files.ts';
import type { FolderHandle } from './folder-handle.ts';
import type { FileSummary } from './ingest-file.ts';
import type { NotSent } from './open-file.ts';
import type { Listing } from './picked-folder.ts';

/** The policy in the form sent to a worker. The project key is a CryptoKey that cannot be exported. */
export type PolicyForTask =
  | { readonly kind: 'identified' }
  | {
      readonly kind: 'deidentified';
      readonly options: readonly string[];
      readonly rules: Policy['rules'];
      readonly projectKey: CryptoKey;
    };

export interface FileToQueue {
  readonly ref: FileRef;
  /** Its place among the study's instances, in the order of the files chosen. */
  readonly position: number;
  /** A person looked at its pixels (`deidentifyInstance`). */
  readonly released?: boolean;
}

export interface FileToSummarise {
  readonly ref: FileRef;
  readonly inFolder: boolean;
}

export interface Summarised {
  readonly said: FileSummary | NotSent;
  readonly bytes: number;
}

export type Task =
  | { readonly kind: 'list'; readonly folder: FolderHandle; readonly path: readonly string[] }
  | {
      readonly kind: 'summarise';
      readonly files: readonly FileToSummarise[];
      readonly policy: PolicyForTask['kind'];
    }
  /** `frame`: counted from 0; without it the middle one. */
  | { readonly kind: 'thumbnail'; readonly ref: FileRef; readonly maxSide: number; readonly frame?: number }
  /** Before and after, for a person to look at; nothing is kept. */
  | {
      readonly kind: 'compare';
      readonly ref: FileRef;
      readonly policy: PolicyForTask;
      readonly released: boolean;
    }
  | {
      readonly kind: 'name';
      readonly studyId: string;
      readonly files: readonly FileToQueue[];
      readonly policy: PolicyForTask;
    }
  | {
      readonly kind: 'pack';
      readonly studyId: string;
      readonly parcelId: string;
      readonly files: readonly FileToQueue[];
      readonly policy: PolicyForTask;
      readonly sealingKey: SealingKey;
      /** Skips instances that the gateway has, so that the parcels it needs go first. */
      readonly onlyNeeded: boolean;
      /** How many of them pack side by side. */
      readonly workers: number;
    };

/** A chosen file that is not sent. */
export interface NotQueued {
  readonly position: number;
  readonly because: NotSent;
}

export interface TaskResults {
  /** Null where the folder cannot be read. */
  readonly list: Listing | null;
  /** In the order of the files. */
  readonly summarise: readonly Summarised[];
  readonly thumbnail: Thumbnail | null;
  readonly compare: Comparison;
  /** `duplicates`: the same bytes under the same UID as an earlier one. */
  readonly name: { readonly notQueued: readonly NotQueued[]; readonly duplicates: readonly number[] };
  /** `later`: positions of the instances that `onlyNeeded` skipped. */
  readonly pack: { readonly notQueued: readonly NotQueued[]; readonly later: readonly number[] };
}
export type ResultOf<T extends Task> = TaskResults[T['kind']];
