/** The messages between the gateway and the thread that opens files. */
import type { RulesSettings } from '#shared/deid/rules.ts';
import type { ByteRange } from '#shared/dicom/data-set.ts';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { ManifestInstance } from '#shared/protocol/manifest.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { Described } from '#shared/protocol/rule.ts';
import type { VaultEntry, VaultTerms } from '#shared/protocol/vault.ts';
import type { EvaluationPair } from '#shared/transfer/oblivious-prf.ts';
import type { FileEntry, FileForm } from '../../pipeline/stores/sent-file.store.ts';

/** The policy, with everything needed to apply it. It stays in this process. */
export type OpeningPolicy =
  | { readonly kind: 'identified'; readonly strict?: boolean | undefined }
  | {
      readonly kind: 'deidentified';
      readonly options: readonly string[];
      readonly settings: RulesSettings;
      readonly pair: EvaluationPair;
      readonly tagKey: Uint8Array;
      /** Null if the policy does not feed a vault, or the site has none. */
      readonly vault: VaultTerms | null;
    };

/** An instance as the policy allows it to be sent. Its report is not part of a manifest yet. */
export type OpenedInstance = {
  readonly entry: number;
  readonly studyInstanceUID: string;
  readonly instance: Omit<ManifestInstance, 'report'>;
  readonly report: WireReport | null;
  readonly vault: VaultEntry | null;
  readonly described: Described;
  readonly showsFace: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** An instance that is sent unchanged from the file. */
export type PlacedInstance = Omit<OpenedInstance, 'bytes'> & { readonly place: ByteRange };

export type NotTaken = Exclude<FileEntry, { state: 'sent' }>;

/** Entries up to this size need no room, because waiting for the reply would cost more than their memory. */
export const ROOMLESS_BYTES = 640 * 1024;

export type OpenTalk = {
  readonly task: {
    readonly account: string;
    readonly size: number;
    readonly form: FileForm;
    readonly policy: OpeningPolicy;
    /** Entries that terminated a thread before, by position. */
    readonly fatal: readonly number[];
    /** The answer of the previous turn; null if this is the first one. */
    readonly from: Uint8Array<ArrayBuffer> | null;
  };
  readonly question: /** This entry is being read from now on. The reply comes once there is room for this many bytes. */
    | { readonly kind: 'begin'; readonly entry: number; readonly bytes: number }
    | { readonly kind: 'read'; readonly offset: number; readonly length: number }
    /**
     * Announces another patient before a pseudonym is made, because the account may have used up its patients for the
     * day.
     */
    | { readonly kind: 'patient'; readonly patient: string }
    | { readonly kind: 'take'; readonly opened: OpenedInstance | PlacedInstance }
    /** `of`: the instance that it would have been, if that can be determined. */
    | { readonly kind: 'leave'; readonly entry: NotTaken; readonly of?: BegunInstance | undefined };
  /** Bytes for `read`. For `begin` it is empty, or one byte if that entry is the last of this turn. */
  readonly reply: Uint8Array<ArrayBuffer>;
  /** The state with which the next turn continues, opaque to everybody else; null if all of the file is open. */
  readonly answer: Uint8Array<ArrayBuffer> | null;
};
